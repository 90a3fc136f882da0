"""YouTube, Aparat and GDELT against servers that answer as their documentation says (shapes rebuilt, not recorded)."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from listener.errors import UsageProblem
from listener.sources.apis.aparat import AparatConfig, instant_of
from listener.sources.apis.gdelt import GdeltConfig, parse_articles
from listener.sources.apis.polling import counts_of
from listener.sources.apis.youtube import YoutubeConfig, YoutubeCounts, parse_feed
from listener.sources.kit.errors import Refused
from listener.sources.kit.http import open_session
from models.post import Counts
from tests.unit.listener.sources.rig import NOW, MemorySink, context, output, run_until, serve

CHANNEL = "UC" + "a" * 22


@dataclass
class Server:
    """Gives its answers one after the other, the last one again and again."""

    answers: list[str | int]
    queries: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.queries.append(dict(request.query))
        self.paths.append(request.path)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer) if isinstance(answer, int) else web.Response(text=answer)


def read(server: Server, make: Callable[[str], Any], times: int = 1) -> MemorySink:
    """Each time with a new process: all that is remembered is in the cursors."""

    async def scenario() -> MemorySink:
        sink = MemorySink()
        async with serve({"/{path:.*}": server.handle}) as base:
            for _ in range(times):
                await run_until(make(base).connector(context()), output(sink), None)
        return sink

    return asyncio.run(scenario())


def youtube_feed(title: str = "ویدیو", views: str = "12", entries: int = 1) -> str:
    entry = (
        f"<entry><id>yt:video:v{{0}}</id><yt:videoId>v{{0}}</yt:videoId><yt:channelId>{CHANNEL}</yt:channelId>"
        f"<title>{title} {{0}}</title><author><name>کانال</name></author>"
        "<published>2026-11-23T10:00:00+00:00</published>"
        "<media:group><media:title>no</media:title><media:description>شرح</media:description><media:community>"
        f'<media:statistics views="{views}"/></media:community></media:group></entry>'
    )
    body = "".join(entry.format(number) for number in range(entries))
    names = 'xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/"'
    return f'<feed {names} xmlns="http://www.w3.org/2005/Atom"><title>کانال</title>{body}<entry/></feed>'


def test_videos_of_a_channel_their_edits_and_views() -> None:
    feeds: list[str | int] = [youtube_feed(), youtube_feed(), youtube_feed(views="20"), youtube_feed("نو", "20", 2)]
    server = Server(feeds)
    sink = read(server, lambda base: YoutubeConfig([CHANNEL], url=f"{base}/feed", pause_s=0, once=True), times=4)
    assert [(one["op"], one["post_id"], one["counts"]["views"]) for one in sink.values] == [
        ("create", "youtube:v0", 12),
        ("engagement", "youtube:v0", 20),
        ("update", "youtube:v0", 20),
        ("create", "youtube:v1", 20),
    ]
    first = sink.values[0]
    assert (first["text"], first["author"]["id"]) == ("ویدیو 0\n\nشرح", CHANNEL)
    assert first["url"] == "https://www.youtube.com/watch?v=v0"
    assert server.queries[0] == {"channel_id": CHANNEL}


@pytest.mark.parametrize("document", [b"", b"<html/>", b"<feed>"])
def test_what_is_no_feed_of_youtube(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"XML|no feed of YouTube"):
        parse_feed(document, NOW)


def test_counters_of_youtube_are_numbers_in_texts_and_the_key_is_in_no_address() -> None:
    async def scenario() -> None:
        seen: list[web.Request] = []

        async def videos(request: web.Request) -> web.Response:
            seen.append(request)
            statistics = {"viewCount": "1200", "likeCount": "7", "favoriteCount": "0"}
            return web.json_response({"items": [{"id": "v0", "statistics": statistics}]})

        async with serve({"/videos": videos}) as base, open_session() as session:
            api = YoutubeCounts(session, f"{base}/videos", "secret-key", context())
            looked = await api.look(["youtube:v0", "youtube:v1"])
        (found,) = looked.results
        assert found.counts == Counts(views=1200, likes=7)  # type: ignore[union-attr]
        assert seen[0].query["id"] == "v0,v1"
        assert "secret-key" not in str(seen[0].url)
        assert seen[0].headers["X-Goog-Api-Key"] == "secret-key"

    asyncio.run(scenario())


def aparat(*videos: dict[str, Any]) -> str:
    return json.dumps({"videobyuser": [{"uid": "abc", "title": "تیتر", "username": "ali", **one} for one in videos]})


def test_videos_of_aparat() -> None:
    server = Server(
        [aparat({"sdate": "۲ آذر ۱۴۰۵", "visit_cnt": "1,200"}, {"uid": "d", "sdate": "3 روز پیش"}, {"uid": 5})]
    )
    settings = {"users": ["ali"], "searches": ["اسنپ فود"], "pause_s": 0, "once": True}
    sink = read(server, lambda base: msgspec.convert({**settings, "url": base}, type=AparatConfig))
    first, second, *_ = sink.values
    assert (first["post_id"], first["created_at"], first["counts"]["views"]) == (
        "aparat:abc",
        "2026-11-22T20:30:00Z",
        1200,
    )
    assert second["created_at"] == "2026-11-21T00:00:00Z"
    assert server.paths == [
        "/videoByUser/username/ali/perpage/40",
        "/videoBySearch/text/اسنپ فود/perpage/40",
    ]


@pytest.mark.parametrize(
    ("words", "ago"),
    [
        ("۳ روز پیش", timedelta(days=3)),
        ("یک هفته پیش", timedelta(days=7)),
        ("2 ساعت قبل", timedelta(hours=2)),
        ("۱ سال و ۲ ماه پیش", timedelta(days=365)),
        ("ديروز", None),
        ("", None),
    ],
)
def test_dates_in_words(words: str, ago: timedelta | None) -> None:
    assert instant_of(words, NOW) == (None if ago is None else NOW - ago)


def test_articles_of_gdelt() -> None:
    article = {
        "url": "https://www.paper.ir/1?utm_source=g",
        "title": "تیتر &amp; خبر",
        "seendate": "20261123T101500Z",
        "domain": "paper.ir",
        "language": "Persian",
        "sourcecountry": "Iran",
    }
    server = Server([json.dumps({"articles": [article, {"url": "no", "title": "x"}, {"url": 5}]})])
    sink = read(server, lambda base: GdeltConfig(["iran"], url=f"{base}/doc", pause_s=0, once=True), times=2)
    (found,) = sink.values
    assert (found["title"], found["lang"], found["published_at"]) == ("تیتر & خبر", "fa", "2026-11-23T10:15:00Z")
    assert (found["canonical_url"], found["published_at_estimated"]) == ("https://www.paper.ir/1", True)
    assert server.queries[0]["maxrecords"] == "250"


def test_gdelts_own_words_are_passed_on() -> None:
    with pytest.raises(ValueError, match="GDELT says: Your query was too short"):
        parse_articles(b"Your query was too short.\n", NOW)
    with pytest.raises(ValueError, match="no JSON"):
        parse_articles(b"{", NOW)
    assert parse_articles(b"{}", NOW) == []


def test_an_answer_that_is_none_is_asked_for_again_and_a_refusal_ends_it() -> None:
    server = Server(["<html>", 500, json.dumps({"articles": []})])
    assert read(server, lambda base: GdeltConfig(["iran"], url=base + "/doc", pause_s=0, once=True)).records == []
    assert len(server.paths) == 3
    with pytest.raises(Refused, match="403"):
        read(Server([403]), lambda base: GdeltConfig(["iran"], url=base + "/doc", pause_s=0, once=True))


def test_counters_that_are_none_are_unknown() -> None:
    assert counts_of(views="12", likes=None, shares="many", comments=-1, quotes=True) == Counts(views=12)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageProblem, match="'@someone' is no id of a channel"):
        YoutubeConfig(["@someone"]).connector(context())
    with pytest.raises(UsageProblem, match="give `users` or `searches`"):
        AparatConfig().connector(context())
