"""The feed poller against a server that answers as sites do: conditional, late, broken, refusing, with robots.txt."""

import asyncio
import gzip
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from listener.errors import UsageProblem
from listener.sources.feeds.lists import ready_list
from listener.sources.feeds.poller import FeedsConfig
from listener.sources.kit.errors import Refused
from models.article import Article
from tests.unit.listener.sources.rig import NOW, MemorySink, context, output, run_until, serve

HEAD = "<title>T</title><language>fa</language>"


def rss(*items: str) -> str:
    return f'<rss version="2.0"><channel>{HEAD}{"".join(f"<item>{item}</item>" for item in items)}</channel></rss>'


def item(number: int, title: str = "تیتر", date: str = "1405/09/02 10:15") -> str:
    return f"<title>{title} {number}</title><link>/news/{number}</link><pubDate>{date}</pubDate>"


@dataclass
class Site:
    """A news site. ``answers`` are given one after the other, the last one again and again."""

    answers: list[tuple[int, bytes, dict[str, str]]]
    robots: tuple[int, str] = (404, "")
    page: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    conditions: list[tuple[str | None, str | None]] = field(default_factory=list)

    def routes(self) -> dict[str, object]:
        return {"/rss": self.feed, "/robots.txt": self.rules, "/news/{n}": self.article}

    async def feed(self, request: web.Request) -> web.Response:
        self.calls["feed"] += 1
        self.conditions.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if headers.get("ETag") and headers["ETag"] == request.headers.get("If-None-Match"):
            return web.Response(status=304)
        return web.Response(status=status, body=body, headers=headers)

    async def rules(self, request: web.Request) -> web.Response:
        self.calls["robots"] += 1
        return web.Response(status=self.robots[0], text=self.robots[1])

    async def article(self, request: web.Request) -> web.Response:
        self.calls["page"] += 1
        return web.Response(text=self.page, content_type="text/html")


def ok(document: str | bytes, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    return 200, document if isinstance(document, bytes) else document.encode(), headers


def config(base: str, **more: object) -> FeedsConfig:
    settings = {"feeds": [f"{base}/rss"], "pause_s": 0, "once": True, "full_text": "never", **more}
    return msgspec.convert(settings, type=FeedsConfig)


async def poll(sink: MemorySink, base: str, times: int = 1, **more: object) -> MemorySink:
    """Each time with a new process: all that is remembered is in the cursors."""
    for _ in range(times):
        out = output(sink)
        await run_until(config(base, **more).connector(context()), out, None)
    return sink


def test_new_articles_are_produced_once_and_edits_are_updates() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1), item(2))), ok(rss(item(3), item(1), item(2, "نو")))])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base, times=3)
        assert [(one["op"], one["title"]) for one in sink.values] == [
            ("create", "تیتر 1"),
            ("create", "تیتر 2"),
            ("create", "تیتر 3"),
            ("update", "نو 2"),
        ]
        assert {record.topic for record in sink.records} == {"press.articles.v1"}
        assert sink.keys == [msgspec.json.decode(record.value, type=Article).article_id for record in sink.records]

    asyncio.run(scenario())


def test_a_feed_that_has_not_changed_is_not_sent_again() -> None:
    async def scenario() -> None:
        sink, stamp = MemorySink(), "Mon, 23 Nov 2026 10:00:00 GMT"
        site = Site([ok(rss(item(1)), **{"ETag": '"a"', "Last-Modified": stamp})])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base, times=2)
        assert site.conditions == [(None, None), ('"a"', stamp)]
        assert len(sink.records) == 1

    asyncio.run(scenario())


def test_without_a_date_the_first_sight_stays_through_edits() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1, date=""))), ok(rss(item(1, "نو", date="")))])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base)
            later = context(now=NOW.replace(hour=5))
            await run_until(config(base).connector(later), output(sink), None)
        first, edit = sink.values
        assert (edit["op"], edit["published_at"], edit["published_at_estimated"]) == (
            "update",
            "2026-11-24T00:00:00Z",
            True,
        )
        assert edit["observed_at"] > first["observed_at"]

    asyncio.run(scenario())


def test_a_crash_between_records_and_cursor_sends_them_again_under_the_same_keys() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1), item(2)))])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base)
            sink.cursors.clear()
            await poll(sink, base)
        assert sink.keys[:2] == sink.keys[2:]
        assert [one["event_id"] for one in sink.values[:2]] == [one["event_id"] for one in sink.values[2:]]

    asyncio.run(scenario())


def test_an_article_in_two_feeds_of_a_source_is_one() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1)))])
        async with serve({**site.routes(), "/other": site.feed}) as base:  # type: ignore[dict-item]
            await poll(sink, base, times=2, feeds=[f"{base}/rss", f"{base}/other"], concurrency=1)
        assert len(sink.records) == 1

    asyncio.run(scenario())


def test_servers_in_trouble_are_asked_again_and_then_read() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([(500, b"", {}), (429, b"", {"Retry-After": "0"}), ok(b"<html>"), ok(rss(item(1)))])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            out = output(sink)
            poller = config(base, once=False, interval_s=0.001).connector(context())
            # The waits of a feed are minutes; the test lets its clock jump.
            real, asyncio.sleep = asyncio.sleep, lambda _s: real(0)  # type: ignore[assignment]
            try:
                await run_until(poller, out, sink.until(lambda it: len(it.records) == 1))
            finally:
                asyncio.sleep = real  # type: ignore[assignment]
        assert (out.stats.reconnects, out.stats.rate_limited, out.stats.results["invalid"]) == (3, 1, 1)

    asyncio.run(scenario())


def test_a_refusing_feed_stops_alone_and_the_source_when_all_refuse() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        good, bad = Site([ok(rss(item(1)))]), Site([(403, b"", {})])
        async with serve({**good.routes(), "/bad": bad.feed}) as base:  # type: ignore[dict-item]
            await poll(sink, base, feeds=[f"{base}/bad", f"{base}/rss"])
            assert len(sink.records) == 1
            with pytest.raises(Refused, match="every feed refuses us"):
                await poll(sink, base, feeds=[f"{base}/bad"])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ((200, "User-agent: *\nDisallow: /rss"), False),
        ((200, "User-agent: *\nDisallow: /\n\nUser-agent: listener\nAllow: /"), True),
        ((404, ""), True),
        ((200, "User-agent: *\nDisallow: /rss\n" + "# much\n" * 100_000), False),
    ],
)
def test_robots_txt_is_obeyed(robots: tuple[int, str], *, allowed: bool) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1)))], robots)
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base)
            assert (len(sink.records), site.calls["feed"]) == ((1, 1) if allowed else (0, 0))
            await poll(sink, base, respect_robots=False)
            assert site.calls["feed"] == (2 if allowed else 1)

    asyncio.run(scenario())


PAGE = f"""<html><head><title>x</title></head><body><nav>خانه | سیاست | اقتصاد</nav><article><h1>تیتر 1</h1>
{"".join(f"<p>پاراگراف شماره {n} از متن کامل خبر که در فید نیامده است و نام شرکت نمونه را دارد.</p>" for n in range(8))}
</article><footer>همه حقوق محفوظ است</footer></body></html>"""


def test_where_the_feed_has_a_teaser_the_page_is_read() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        full = "<title>بلند</title><link>/news/2</link><description>" + "متن کامل " * 60 + "</description>"
        elsewhere = "<title>دیگری</title><link>http://elsewhere.example/news/3</link>"
        site = Site([ok(rss(item(1), full, elsewhere))], page=PAGE)
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base, times=2, full_text="teaser")
        teaser, long, foreign = sink.values
        assert "پاراگراف شماره 7" in teaser["body"]
        assert "حقوق محفوظ" not in teaser["body"]
        assert (long["body"], foreign["body"], site.calls["page"]) == (None, None, 1)

    asyncio.run(scenario())


def test_robots_keep_us_from_pages_too() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        site = Site([ok(rss(item(1)))], (200, "User-agent: *\nDisallow: /news"), PAGE)
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base, full_text="teaser")
        assert (sink.values[0]["body"], site.calls["page"]) == (None, 0)

    asyncio.run(scenario())


def test_size_caps_hold_before_and_after_unpacking() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        bomb, good = gzip.compress(b" " * 10_000_000), gzip.compress(rss(item(1)).encode())
        for body in (b"x" * 100_000, bomb, gzip.compress(b"x" * 3000)[:-9]):
            site = Site([ok(body)])
            async with serve(site.routes()) as base:  # type: ignore[arg-type]
                await poll(sink, base, max_bytes=50_000)
            assert sink.records == []
        async with serve(Site([ok(good)]).routes()) as base:  # type: ignore[arg-type]
            await poll(sink, base, max_bytes=50_000)
        assert len(sink.records) == 1

    asyncio.run(scenario())


def test_feeds_from_an_opml_file(tmp_path: Path) -> None:
    (tmp_path / "feeds.opml").write_text(
        '<opml version="2.0"><body><outline text="سیاست"><outline type="rss" text="A" xmlUrl="https://a.example/rss"/>'
        '<outline text="B" xmlUrl="https://a.example/rss"/></outline>'
        '<outline xmlUrl=" https://b.example/rss "/></body></opml>'
    )
    poller = FeedsConfig(feeds=["https://c.example/"], opml="feeds.opml").connector(context(tmp_path))
    assert [feed.url for feed in poller.feeds] == [  # type: ignore[attr-defined]
        "https://c.example/",
        "https://a.example/rss",
        "https://b.example/rss",
    ]
    (tmp_path / "feeds.opml").write_text("<opml><body/></opml>")
    with pytest.raises(UsageProblem, match="names no feeds"):
        FeedsConfig(opml="feeds.opml").connector(context(tmp_path))


def test_the_ready_list_is_sound() -> None:
    feeds = ready_list("persian")
    assert len(feeds) >= 30
    assert len({feed.url for feed in feeds}) == len(feeds)
    assert len(FeedsConfig().connector(context()).feeds) == len(feeds)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("feed", "what"), [({"url": "ftp://x"}, "no web address"), ({"url": "https://x", "zone": "Mars"}, "no time zone")]
)
def test_wrong_feeds_are_named(feed: dict[str, str], what: str) -> None:
    with pytest.raises(UsageProblem, match=what):
        msgspec.convert({"feeds": [feed]}, type=FeedsConfig).connector(context())
