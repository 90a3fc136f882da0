"""The mentions over HTTP."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.board.mentions_json import COLUMNS, safe_cell
from listener.board.mentions_query import CSV, PAGE
from listener.board.store import store as store_module
from models.feedback import Marked
from models.post import Counts
from tests.boarding import ask, site
from tests.mentioning import NOON, Change, counted, put, said

BASE = "/api/campaigns/berimo/mentions"
SOME = put(
    said("twitter:1", 1, author="aa", story="s1", sentiment="negative", relevant=True, counts=Counts(likes=3)),
    said(
        "eitaa:2",
        2,
        minutes=1,
        platform="eitaa",
        author="bb",
        story="s1",
        sentiment="positive",
        text="بریمو عالي بود ۱۲",
        counts=Counts(likes=9, views=1000),
    ),
    said("telegram:c/3", 3, minutes=2, platform="telegram", author="aa", relevant=False, counts=Counts(comments=20)),
    said(
        "a" * 64,
        4,
        minutes=-60,
        kind="article",
        platform="news",
        publisher="khabar.example",
        title="تیتر",
        text="تیتر\nبریمو در خبر",
        story="s2",
    ),
    said("twitter:9", 5, campaign="toofan", text="طوفان"),
)


def entities(body: Any) -> list[str]:
    return [one["entity"][:12] for one in body["mentions"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["telegram:c/3", "eitaa:2", "twitter:1", "aaaaaaaaaaaa"]),
        ("platform=eitaa,telegram", ["telegram:c/3", "eitaa:2"]),
        ("platform=eitaa&platform=news", ["eitaa:2", "aaaaaaaaaaaa"]),
        ("sentiment=negative", ["twitter:1"]),
        ("relevant=false", ["telegram:c/3"]),
        ("relevant=true", ["twitter:1"]),
        ("kind=article", ["aaaaaaaaaaaa"]),
        ("publisher=khabar.example", ["aaaaaaaaaaaa"]),
        ("author=aa", ["telegram:c/3", "twitter:1"]),
        ("story=s1", ["eitaa:2", "twitter:1"]),
        ("from=2026-11-20T12:01:00Z", ["telegram:c/3", "eitaa:2"]),
        ("to=2026-11-20T15:30:00%2B03:30", ["aaaaaaaaaaaa"]),
        ("q=" + quote("عالی 12"), ["eitaa:2"]),
        ("q=" + quote("!!"), []),
        ("q=&platform=&sort=", ["telegram:c/3", "eitaa:2", "twitter:1", "aaaaaaaaaaaa"]),
        ("sort=likes", ["eitaa:2", "twitter:1", "telegram:c/3", "aaaaaaaaaaaa"]),
        ("sort=engagement", ["telegram:c/3", "eitaa:2", "twitter:1", "aaaaaaaaaaaa"]),
    ],
)
def test_filters_and_order(tmp_path: Path, query: str, expected: list[str]) -> None:
    status, body = ask(tmp_path, f"{BASE}?{query}", SOME)
    assert (status, entities(body), body["next"], body["complete"]) == (200, expected, None, True)


def test_a_mention_says_why_it_matches(tmp_path: Path) -> None:
    body = ask(tmp_path, f"{BASE}?author=aa&sentiment=negative", SOME)[1]
    (one,) = body["mentions"]
    assert one["reasons"] == [{"keyword": "بریمو", "rule": "exact", "start": 12, "end": 17, "found": "بریمو"}]
    assert one["counts"] == {"likes": 3} | dict.fromkeys(("shares", "comments", "views", "quotes", "saves"))
    assert (one["event_time"], one["author"], one["marked"]) == ("2026-11-20T12:00:00Z", "aa", None)


@pytest.mark.parametrize("sort", ["time", "likes", "engagement"])
def test_pages_hold_every_mention_once_also_among_equals(tmp_path: Path, sort: str) -> None:
    many = put(*(said(f"twitter:{n}", n, minutes=n // 7, counts=Counts(likes=n % 3)) for n in range(50)))

    async def scenario() -> None:
        async with site(tmp_path, many) as served:
            found: list[str] = []
            cursor = ""
            while True:
                _, body = await served.get(f"{BASE}?sort={sort}&limit=8&cursor={cursor}")
                found += [one["entity"] for one in body["mentions"]]
                if body["next"] is None:
                    break
                cursor = body["next"]
            assert len(found) == 50
            assert set(found) == {f"twitter:{n}" for n in range(50)}

    asyncio.run(scenario())


def test_new_mentions_do_not_move_the_pages(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with site(tmp_path, put(*(said(f"twitter:{n}", n, minutes=n) for n in range(4)))) as served:
            _, first = await served.get(f"{BASE}?limit=2")
            newer = put(said("twitter:7", 7, minutes=7))
            await served.store.mentions("t", 0, [(9, *change) for change in newer], 10)
            _, second = await served.get(f"{BASE}?limit=2&cursor={first['next']}")
            assert entities(first) + entities(second) == [f"twitter:{n}" for n in (3, 2, 1, 0)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "`limit`"),
        ("limit=201", "`limit`"),
        ("limit=x", "`limit`"),
        ("limit=1&limit=2", "`limit`"),
        ("sort=up", "`sort`"),
        ("platform=fax", "`platform`"),
        ("sentiment=sad", "`sentiment`"),
        ("relevant=1", "`relevant`"),
        ("kind=video", "`kind`"),
        ("from=yesterday", "`from`"),
        ("to=2026-11-20", "`to`"),
        ("cursor=zzz", "`cursor`"),
        ("cursor=WyJsaWtlcyIsMSwiYSJd", "`cursor`"),
        ("author=" + "x" * 600, "`author`"),
        ("q=" + "x" * 201, "`q`"),
        ("page=2", "`page`"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, query: str, named: str) -> None:
    status, body = ask(tmp_path, f"{BASE}?{query}", SOME)
    assert (status, named in body["error"]) == (400, True)


def test_unknown_campaigns(tmp_path: Path) -> None:
    assert ask(tmp_path, "/api/campaigns/nobody/mentions")[0] == 404
    assert ask(tmp_path, "/api/campaigns/toofan/mentions", SOME)[1]["mentions"][0]["text"] == "طوفان"


def test_the_top(tmp_path: Path) -> None:
    status, body = ask(tmp_path, "/api/campaigns/berimo/top?limit=2", SOME)
    assert (status, body["mentions"], body["authors"], body["stories"]) == (200, 4, 2, 2)
    assert [one["entity"] for one in body["top"]] == ["telegram:c/3", "eitaa:2"]
    assert body["publishers"] == [{"name": "khabar.example", "mentions": 1, "engagement": 0}]
    assert [(one["name"], one["mentions"]) for one in body["platforms"]] == [("telegram", 1), ("eitaa", 1)]
    assert body["top_authors"] == [
        {"name": "aa", "mentions": 2, "engagement": 23},
        {"name": "bb", "mentions": 1, "engagement": 9},
    ]


def test_ndjson_has_everything_past_any_limit(tmp_path: Path) -> None:
    many = put(*(said(f"twitter:{n}", n, minutes=n) for n in range(1203)))
    status, body = ask(tmp_path, f"{BASE}.ndjson", many)
    lines = [json.loads(line) for line in body.splitlines()]
    assert status == 200
    assert [one["entity"] for one in lines] == [f"twitter:{n}" for n in reversed(range(1203))]


def test_csv_is_a_table_of_the_same(tmp_path: Path) -> None:
    status, body = ask(tmp_path, f"{BASE}.csv?kind=article", SOME)
    header, row = csv.reader(io.StringIO(body))
    assert status == 200
    assert header == list(COLUMNS)
    cells = dict(zip(header, row, strict=True))
    assert (cells["time"], cells["time_utc"]) == ("2026-11-20 14:30:00", "2026-11-20T11:00:00Z")
    assert (cells["text"], cells["keywords"], cells["likes"]) == ("تیتر\nبریمو در خبر", "بریمو", "")


def test_excel_gets_its_mark_and_no_formulas(tmp_path: Path) -> None:
    evil = put(said(text='=HYPERLINK("http://evil.example","بریمو")', title="@SUM(1)", url="-1+2"))

    async def scenario() -> tuple[bytes, Any]:
        async with site(tmp_path, evil) as served, served.client.get(f"{BASE}.csv?bom=true") as answer:
            return await answer.read(), answer.headers

    body, headers = asyncio.run(scenario())
    assert body.startswith(b"\xef\xbb\xbftime,")
    assert headers["Content-Disposition"] == 'attachment; filename="mentions-berimo.csv"'
    row = next(iter(csv.DictReader(io.StringIO(body.decode("utf-8-sig")))))
    assert (row["text"][:2], row["title"][:2], row["url"][:2]) == ("'=", "'@", "'-")


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert safe_cell(text)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert safe_cell(text).endswith(text)


def test_a_broken_export_does_not_look_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = put(*(said(f"twitter:{n}", n, minutes=n) for n in range(600)))

    async def scenario() -> None:
        async with site(tmp_path, many) as served:
            whole = served.store.page

            async def once(query: Any) -> Any:
                monkeypatch.setattr(served.store, "page", None)
                return await whole(query)

            monkeypatch.setattr(served.store, "page", once)
            async with served.client.get(f"{BASE}.ndjson") as answer:
                with pytest.raises(Exception, match=r"(?i)payload|closed|reset"):
                    await answer.read()

    asyncio.run(scenario())


def test_a_question_that_takes_too_long_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "QUESTION_S", -1.0)
    monkeypatch.setattr(store_module, "_STEPS_BETWEEN_LOOKS", 1)
    status, body = ask(tmp_path, BASE, SOME)
    assert (status, "too long" in body["error"]) == (503, True)


@pytest.mark.parametrize("entity", ["twitter:1", "telegram:c/3", "telegram:c%2F3"])
def test_people_say_what_is_relevant(tmp_path: Path, entity: str) -> None:
    async def scenario() -> tuple[int, list[Any]]:
        async with site(tmp_path, SOME) as served:
            headers = {"Sec-Fetch-Site": "same-origin"}
            path = f"{BASE}/{entity}/relevance"
            status, _ = await served.send("POST", path, json={"relevant": False}, headers=headers)
            return status, served.mentions.said

    status, (mark,) = asyncio.run(scenario())
    assert status == 200
    assert mark == Marked("berimo", entity.replace("%2F", "/"), relevant=False, text=mark.text, at=NOON)


@pytest.mark.parametrize(
    ("entity", "body", "status"),
    [
        ("twitter:1", b"{}", 400),
        ("twitter:1", b'{"relevant": "yes"}', 400),
        ("twitter:1", b'{"relevant": true, "by": "admin"}', 400),
        ("twitter:1", b"\xff", 400),
        ("twitter:404", b'{"relevant": true}', 404),
        ("twitter:9", b'{"relevant": true}', 404),
        ("twitter:1", b" " * 70_000, 413),
    ],
)
def test_marks_that_are_refused(tmp_path: Path, entity: str, body: bytes, status: int) -> None:
    async def scenario() -> tuple[int, list[Any]]:
        async with site(tmp_path, SOME) as served:
            headers = {"Sec-Fetch-Site": "same-origin"}
            return (await served.send("POST", f"{BASE}/{entity}/relevance", data=body, headers=headers))[0], (
                served.mentions.said
            )

    assert asyncio.run(scenario()) == (status, [])


def test_while_the_store_reads_pages_say_so(tmp_path: Path) -> None:
    async def scenario() -> Any:
        async with site(tmp_path, SOME) as served:
            served.mentions.complete = False
            return (await served.get(BASE))[1]["complete"]

    assert asyncio.run(scenario()) is False


NAMES = sorted({parameter.name for parameter in (*PAGE, *CSV)} | {"x"})
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["true", "1", "2026-11-20T10:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
    st.integers().map(str),
    st.binary(max_size=12).map(lambda raw: raw.decode("latin-1")),
)


def test_no_query_makes_the_board_fail(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with site(tmp_path, SOME + put(counted("twitter:1", 9, likes=4))) as served:
            loop = asyncio.get_running_loop()

            @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
            @given(
                st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4),
                st.sampled_from(["mentions", "mentions.ndjson", "mentions.csv", "top"]),
                st.booleans(),
            )
            def fuzz(parameters: list[tuple[str, str]], what: str, raw: object) -> None:
                encode = (lambda text: quote(text, safe="%")) if raw else (lambda text: quote(text, safe=""))
                query = "&".join(f"{name}={encode(value)}" for name, value in parameters)
                path = f"/api/campaigns/berimo/{what}?{query}"
                status, _ = asyncio.run_coroutine_threadsafe(served.get(path), loop).result(30)
                assert status in {200, 400}, path

            await asyncio.to_thread(fuzz)

    asyncio.run(scenario())


def test_changes_are_changes() -> None:
    some: list[Change] = SOME
    assert len(some) == 5
