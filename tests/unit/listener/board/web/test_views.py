"""Pages and news over HTTP, as somebody without a browser sees them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.board.access import LOCAL, AccessSettings
from listener.board.board import Board
from listener.board.web.part import PagePart
from listener.board.web.views import safe_url
from listener.kpis.part import KpiPart
from models.post import Counts
from models.series import ClosedMinute, pack_minute
from tests.boarding import NAMESPACE, Mentions, Site, board_of, site
from tests.mentioning import NOON, TOPIC, put, said

HTML = {"Accept": "text/html", "Accept-Language": "en"}
MENTIONS = put(
    said("twitter:1", 1, text="بریمو <b>خوب</b>", matches=()),
    said("twitter:2", 2, campaign="toofan", text="طوفان برد"),
)


@asynccontextmanager
async def pages(directory: Path, access: AccessSettings = LOCAL, board: Board | None = None) -> AsyncIterator[Site]:
    """A site with pages."""
    made = board or board_of()
    for at, campaign in enumerate(("berimo", "toofan")):
        close(made, campaign, 60 * at)

    class Late(PagePart):
        def __init__(self) -> None:
            pass

        def install(self, app: Any) -> None:
            kpis = KpiPart(made)
            mentions = holder[0]
            PagePart.__init__(self, made, mentions.store, mentions.routes, made.closed, lambda: mentions.complete, kpis)
            self.live._look_s = 0.01
            PagePart.install(self, app)

    holder: list[Mentions] = []
    original = Mentions.install

    def install(self: Mentions, app: Any) -> None:
        holder.append(self)
        original(self, app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mentions, "install", install)
        async with site(directory, MENTIONS, access, made, [Late()]) as served:
            yield served


def close(board: Board, campaign: str, minute: int, **counts: int) -> None:
    row = ClosedMinute(campaign, int(NOON.timestamp()) + minute, {"twitter": counts} if counts else {})
    board.take(TopicPartition(NAMESPACE.series, 0), [(0, row.key, pack_minute(row))])


def get(tmp_path: Path, path: str, access: AccessSettings = LOCAL, **headers: str) -> tuple[int, Any]:
    async def scenario() -> tuple[int, Any]:
        async with pages(tmp_path, access) as served:
            return await served.get(path, headers=HTML | {name.replace("_", "-"): v for name, v in headers.items()})

    return asyncio.run(scenario())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_pages_are_there_and_hold_no_inline_code(tmp_path: Path) -> None:
    for path in ("/", "/campaigns/berimo", "/campaigns/berimo?q=x&platform=news"):
        status, body = get(tmp_path, path)
        assert status == 200
        parser = _Text()
        parser.feed(body)
        for tag, attributes in parser.tags:
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "script" or "src" in attributes
            for name in ("src", "href"):
                assert not (attributes.get(name) or "").startswith(("http:", "https:", "//"))
        assert len([1 for tag, _ in parser.tags if tag == "h1"]) == 1


def test_texts_are_escaped(tmp_path: Path) -> None:
    body = get(tmp_path, "/campaigns/berimo?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")[1]
    assert "<script>alert" not in body
    body = get(tmp_path, "/campaigns/berimo")[1]
    assert "&lt;b&gt;خوب&lt;/b&gt;" in body


@pytest.mark.parametrize("url", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//evil", None, ""])
def test_only_addresses_of_the_web_become_links(url: str | None) -> None:
    assert safe_url(url) == ""
    assert safe_url("HTTPS://example.com/") == "HTTPS://example.com/"


def test_a_panel_alone_and_one_that_there_is_not(tmp_path: Path) -> None:
    status, body = get(tmp_path, "/campaigns/berimo/panels/now")
    assert (status, "<html" in body, 'id="now-heading"' in body) == (200, False, True)
    assert get(tmp_path, "/campaigns/berimo/panels/nothing")[0] == 404


def test_mistakes_are_pages_for_people_and_json_for_programs(tmp_path: Path) -> None:
    status, body = get(tmp_path, "/campaigns/nobody")
    assert (status, "<h1>Not found</h1>" in body) == (404, True)
    assert get(tmp_path, "/campaigns/berimo?limit=x")[0] == 400
    assert get(tmp_path, "/campaigns/nobody", Accept="application/json")[1] == {
        "error": "there is no campaign 'nobody'"
    }
    assert get(tmp_path, "/api/campaigns/nobody/mentions")[1] == {"error": "there is no campaign 'nobody'"}
    assert get(tmp_path, "/", AccessSettings("proxy"))[0] == 401


def test_a_board_that_reads_asks_to_come_back(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, Any]:
        board = board_of()
        board.reading.caught_up = False
        async with pages(tmp_path, LOCAL, board) as served:
            return await served.get("/", headers=HTML)

    status, body = asyncio.run(scenario())
    assert (status, 'http-equiv="refresh"' in body) == (503, True)


def test_teams_see_their_campaigns_on_pages_and_in_the_news(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    file.write_text("leila: [آنلاین]\n", encoding="utf-8")
    access = AccessSettings("proxy", teams_file=file)
    who = {"X_Forwarded_User": "leila"}
    overview = get(tmp_path / "a", "/", access, **who)[1]
    assert "/campaigns/berimo" in overview
    assert "/campaigns/toofan" not in overview
    assert get(tmp_path / "b", "/campaigns/toofan", access, **who)[0] == 404
    assert get(tmp_path / "c", "/campaigns/toofan/panels/latest", access, **who)[0] == 404
    news = get(tmp_path / "d", "/api/live", access, **who)[1]
    assert [one["id"] for one in news["campaigns"]] == ["berimo"]
    assert get(tmp_path / "e", "/api/live", access)[0] == 401


def test_a_language_is_remembered_only_when_it_is_chosen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pages(tmp_path) as served:
            async with served.client.get("/", headers=HTML) as answer:
                assert answer.headers["Content-Language"] == "en"
                assert "Set-Cookie" not in answer.headers
            async with served.client.get("/?lang=fa", headers=HTML) as answer:
                assert answer.headers["Content-Language"] == "fa"
                assert "SameSite=Lax" in answer.headers["Set-Cookie"]
            async with served.client.get("/static/page.css") as answer:
                assert answer.headers["Cache-Control"].startswith("public")
            async with served.client.get("/static/../part.py") as answer:
                assert answer.status == 404

    asyncio.run(scenario())


def test_news_come_when_something_changes_and_only_then(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        async with pages(tmp_path) as served, served.client.get("/events") as answer:
            assert answer.content_type == "text/event-stream"
            lines = []
            while len(lines) < 2:
                line = (await answer.content.readline()).decode()
                if line.startswith("data: "):
                    lines.append(json.loads(line[6:]))
                    if len(lines) == 1:
                        await asyncio.sleep(0.1)  # many looks, and nothing new
                        close(served.board, "berimo", 600, mentions=3)
            return lines

    first, second = asyncio.run(scenario())
    until = {one["id"]: one["until"] for one in first["campaigns"]}
    assert until["berimo"] == int(NOON.timestamp()) + 60
    assert until["loose"] is None
    assert {one["id"]: one["until"] for one in second["campaigns"]}["berimo"] == int(NOON.timestamp()) + 660


def test_too_many_listeners_are_told_to_ask(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, Any]:
        async with pages(tmp_path) as served:
            live = next(route for route in served.client.app.router.routes() if route.resource.canonical == "/events")
            live.handler.__self__._most = 0
            return await served.get("/events")

    status, body = asyncio.run(scenario())
    assert (status, "/api/live" in body["error"]) == (503, True)


def test_no_query_makes_a_page_fail(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pages(tmp_path) as served:
            loop = asyncio.get_running_loop()

            @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
            @given(
                st.lists(
                    st.tuples(
                        st.sampled_from(
                            ["q", "platform", "sentiment", "cursor", "sort", "lang", "part", "from", "x", "period"]
                        ),
                        st.text(max_size=20),
                    ),
                    max_size=3,
                )
            )
            def fuzz(parameters: list[tuple[str, str]]) -> None:
                clean = [(name, value.encode(errors="replace").decode()) for name, value in parameters]
                task = served.get("/campaigns/berimo", params=clean, headers=HTML)
                status, _ = asyncio.run_coroutine_threadsafe(task, loop).result(30)
                assert status in {200, 400}

            await asyncio.to_thread(fuzz)

    asyncio.run(scenario())


def test_the_top_has_each_story_once(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        async with pages(tmp_path) as served:
            close(served.board, "berimo", 1200)
            log = [
                said(f"twitter:t{n}", 50 + n, story=f"s{n // 3}", counts=Counts(likes=n), text=f"متن {n}")
                for n in range(1, 7)
            ]
            await served.store.mentions(TOPIC, 0, [(90 + at, *one) for at, one in enumerate(put(*log))], 99)
            _, body = await served.get("/campaigns/berimo/panels/top", headers=HTML)
            parser = _Text()
            parser.feed(body)
            return [str(attributes["data-entity"]) for tag, attributes in parser.tags if tag == "article"]

    assert asyncio.run(scenario()) == ["twitter:t6", "twitter:t5", "twitter:t2"]
