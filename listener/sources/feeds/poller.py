"""Polling feeds: each on its own clock, conditional, one site at a time, edits told from repetitions."""

import asyncio
import contextlib
import gzip
import logging
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from aiohttp import ClientSession
from msgspec import Meta, Struct

from listener.errors import UsageProblem
from listener.sources.feed import Origin
from listener.sources.feeds.fulltext import article_text, same_site
from listener.sources.feeds.lists import FeedSettings, from_opml, ready_list
from listener.sources.feeds.robots import Manners
from listener.sources.feeds.state import FeedState, compare
from listener.sources.kit.backoff import FullJitter
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import RateLimited, Refused, SourceFault
from listener.sources.kit.http import Answer, call, judge, open_session
from listener.sources.kit.output import Output
from listener.sources.records import Result
from listener.sources.rss import parse_feed
from models.article import ARTICLES_TOPIC, Article

_log = logging.getLogger("listener.sources.feeds")

_ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
)
_NOT_MODIFIED, _OK, _GONE = 304, 200, 410
_GZIP: Final = b"\x1f\x8b"
#: Pages read for one document: a feed that is new to us would otherwise keep its site busy for minutes.
_PAGES_AT_ONCE: Final = 30
_PAGE_BYTES: Final = 4 * 1024 * 1024
_FIRST_RETRY_S: Final = 60.0
_LONGEST_RETRY_S: Final = 3600.0

Seconds = Annotated[float, Meta(gt=0)]


class FeedsConfig(Struct, forbid_unknown_fields=True):
    """Feeds to poll; without `feeds`, `opml` and `catalogue` those of the ready list `persian`.

    `full_text: teaser` reads the page of an article of which the feed has fewer than `teaser_chars` characters.
    """

    feeds: list[str | FeedSettings] = []
    opml: str | None = None
    catalogue: Literal["persian"] | None = None
    interval_s: Seconds = 300.0
    full_text: Literal["never", "teaser"] = "teaser"
    teaser_chars: int = 300
    respect_robots: bool = True
    pause_s: Annotated[float, Meta(ge=0)] = 1.0
    concurrency: Annotated[int, Meta(ge=1, le=64)] = 8
    max_bytes: Annotated[int, Meta(ge=1024)] = 8 * 1024 * 1024
    once: bool = False

    def connector(self, context: Context) -> Connector:
        """The poller. Raises UsageProblem for addresses and zones that are none."""
        feeds = [FeedSettings(feed) if isinstance(feed, str) else feed for feed in self.feeds]
        if self.opml:
            feeds += from_opml(context.base / self.opml)
        if self.catalogue or not feeds:
            feeds += ready_list(self.catalogue or "persian")
        by_url = {feed.url: feed for feed in reversed(feeds)}
        return FeedPoller(self, [_checked(feed) for feed in reversed(by_url.values())], context)


def _checked(settings: FeedSettings) -> "Feed":
    parts = urlsplit(settings.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageProblem(f"feeds: {settings.url!r} is no web address (https://…).")
    try:
        zone = ZoneInfo(settings.zone) if settings.zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageProblem(f"feeds: {settings.url}: {settings.zone!r} is no time zone, as Asia/Tehran is.") from None
    return Feed(settings.url, Origin(settings.url, zone), settings.interval_s)


@dataclass
class Feed:
    """One feed and what is known of it."""

    url: str
    origin: Origin
    interval: float | None = None
    state: FeedState = field(default_factory=FeedState)


class FeedPoller:
    """All feeds of one source; its cursors are one for each feed, under its address."""

    topics = (ARTICLES_TOPIC,)

    def __init__(self, config: FeedsConfig, feeds: list[Feed], context: Context) -> None:
        self.feeds = feeds
        self._config = config
        self._context = context
        self._owners: dict[str, str] = {}

    async def run(self, output: Output) -> None:
        """Poll until cancelled (or once). Raises Refused when every feed refuses us."""
        for feed in self.feeds:
            feed.state = FeedState.read(output.cursors.get(feed.url))
            self._owners.update(dict.fromkeys(feed.state.seen, feed.url))
        async with open_session() as session:
            manners = Manners(session, pause=self._config.pause_s, obey=self._config.respect_robots)
            visit = _Visit(self._config, self._context, session, manners, output, self._owners)
            limit = asyncio.Semaphore(self._config.concurrency)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._follow(feed, visit, limit)) for feed in self.feeds]
        refusals = [refusal for task in tasks if (refusal := task.result()) is not None]
        if refusals and len(refusals) == len(self.feeds):
            raise Refused(f"every feed refuses us, the last one so: {refusals[-1]}")

    async def _follow(self, feed: Feed, visit: "_Visit", limit: asyncio.Semaphore) -> Refused | None:
        """One feed until it refuses us, is gone, or (polling once) was read."""
        jitter = FullJitter(self._context.random, _FIRST_RETRY_S, _LONGEST_RETRY_S)
        interval = feed.interval or self._config.interval_s
        while True:
            wait = interval
            try:
                async with limit:
                    if not await visit.poll(feed):
                        return None
                jitter.reset()
            except Refused as refusal:
                _log.error("%s", refusal)
                return refusal
            except SourceFault as fault:
                visit.output.stats.reconnects += 1
                visit.output.stats.rate_limited += isinstance(fault, RateLimited)
                wait = max(interval, jitter.next(), fault.retry_after or 0.0)
                _log.warning("%s; again in %.0f s", fault, wait)
            if self._config.once:
                return None
            await asyncio.sleep(wait)


@dataclass(frozen=True)
class _Visit:
    """What a poll needs."""

    config: FeedsConfig
    context: Context
    session: ClientSession
    manners: Manners
    output: Output
    owners: dict[str, str]

    async def poll(self, feed: Feed) -> bool:
        """Read one feed once and write its changes; False when it is not to be read again."""
        if not await self.manners.ask(feed.url):
            _log.warning("%s: its site's robots.txt does not allow it; it is left out", feed.url)
            return False
        answer = await call(self.session, feed.url, headers=_conditions(feed.state), max_bytes=self.config.max_bytes)
        if answer.status == _GONE:
            _log.warning("%s is gone (410); it is left out", feed.url)
            return False
        if answer.status == _NOT_MODIFIED:
            self.output.stats.answered()
            return True
        judge(answer.status, answer.headers, feed.url, self.context.clock().timestamp())
        if answer.status != _OK:
            raise SourceFault(f"{feed.url} answers {answer.status}")
        self.output.stats.answered()
        await self._take(feed, answer)
        return True

    async def _take(self, feed: Feed, answer: Answer) -> None:
        observed_at = self.context.clock()
        try:
            body = _plain(answer.body, self.config.max_bytes)
            results = await asyncio.to_thread(parse_feed, body, feed.origin, observed_at)
        except (ValueError, RecursionError) as error:
            self.output.complain(error, f"{feed.url}: ")
            raise SourceFault(f"{feed.url} cannot be read as a feed") from error
        changes = compare(results, feed.state, lambda key: self.owners.get(key, feed.url) != feed.url)
        self.owners.update(dict.fromkeys(changes.seen, feed.url))
        for key in feed.state.seen.keys() - changes.seen.keys():
            self.owners.pop(key, None)
        self.output.stats.results["unchanged"] += changes.unchanged
        complete = await self._completed(feed, changes.results)
        feed.state = FeedState(answer.headers.get("ETag"), answer.headers.get("Last-Modified"), changes.seen)
        await self.output.write(complete, {feed.url: feed.state.cursor()}, f"{feed.url}: ")
        await self.output.save()

    async def _completed(self, feed: Feed, results: list[Result]) -> list[Result]:
        """The results with the text of their pages, where the feed has only a teaser."""
        if self.config.full_text == "never":
            return results
        pages = 0
        complete: list[Result] = []
        for result in results:
            if isinstance(result, Article) and pages < _PAGES_AT_ONCE and self._is_teaser(feed, result):
                pages += 1
                complete.append(await self._with_page(result))
            else:
                complete.append(result)
        return complete

    def _is_teaser(self, feed: Feed, article: Article) -> bool:
        text = len(article.body or "") + len(article.summary or "")
        return text < self.config.teaser_chars and "#" not in article.canonical_url and same_site(article.url, feed.url)

    async def _with_page(self, article: Article) -> Article:
        """The article with the text of its page; as it is when the page cannot be had."""
        with contextlib.suppress(SourceFault):
            if await self.manners.ask(article.url):
                answer = await call(self.session, article.url, max_bytes=_PAGE_BYTES)
                if answer.status == _OK and same_site(answer.url, article.url):
                    text = await asyncio.to_thread(article_text, answer.body, article.url)
                    if text and len(text) > len(article.summary or ""):
                        return msgspec.structs.replace(article, body=text)
        return article


def _conditions(state: FeedState) -> dict[str, str]:
    conditions = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {"Accept": _ACCEPT} | {name: value for name, value in conditions.items() if value}


def _plain(body: bytes, max_bytes: int) -> bytes:
    """The document of a ``.gz`` file; raises ValueError when it is broken or unpacks to too much."""
    if not body.startswith(_GZIP):
        return body
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as file:
            plain = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"broken gzip: {error}") from error
    if len(plain) > max_bytes:
        raise ValueError(f"unpacks to more than {max_bytes} bytes")
    return plain
