"""YouTube: new videos from the Atom feeds of channels, which need no key; their counters from ``videos.list``.

Shapes: https://developers.google.com/youtube/v3/guides/push_notifications (the feed) and
https://developers.google.com/youtube/v3/docs/videos/list.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from aiohttp import ClientSession
from lxml import etree  # type: ignore[import-untyped]
from msgspec import Meta, Struct

from listener.errors import UsageProblem
from listener.sources.apis.polling import ListPoller, Query, counts_of
from listener.sources.dates import parse_instant
from listener.sources.engagement.apis import Looked
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import call_api, pause_of
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result, clamped
from models.post import POSTS_TOPIC, Author, Post

_EARLIEST: Final = datetime(2005, 1, 1, tzinfo=UTC)
_CHANNEL: Final = re.compile(r"UC[\w-]{22}")
_NAMES: Final = {
    "a": "http://www.w3.org/2005/Atom",
    "yt": "http://www.youtube.com/xml/schemas/2015",
    "m": "http://search.yahoo.com/mrss/",
}


class YoutubeConfig(Struct, forbid_unknown_fields=True):
    """`channels`: their ids (`UC…`). The feed of a channel has its last 15 videos."""

    channels: Annotated[list[str], Meta(min_length=1)]
    interval_s: Annotated[float, Meta(gt=0)] = 600.0
    pause_s: Annotated[float, Meta(ge=0)] = 1.0
    url: str = "https://www.youtube.com/feeds/videos.xml"
    once: bool = False

    def connector(self, context: Context) -> Connector:
        """The poller. Raises UsageProblem for what is no id of a channel."""
        for channel in self.channels:
            if not _CHANNEL.fullmatch(channel):
                raise UsageProblem(f"channels: {channel!r} is no id of a channel (UC and 22 signs; not its @name).")
        queries = [Query(channel, self.url, parse_feed, [("channel_id", channel)]) for channel in self.channels]
        return ListPoller(POSTS_TOPIC, queries, context, interval=self.interval_s, pause=self.pause_s, once=self.once)


def parse_feed(document: bytes, observed_at: datetime) -> list[Result]:
    """The videos of a channel's feed. Raises ValueError for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"broken XML: {error}") from error
    if root.tag != f"{{{_NAMES['a']}}}feed":
        raise ValueError(f"no feed of YouTube: it begins with {root.tag!r}")
    return [_video(entry, observed_at) for entry in root.iterfind("a:entry", _NAMES)]


def _video(entry: "etree._Element", observed_at: datetime) -> Result:
    def text(path: str) -> str:
        return (entry.findtext(path, "", _NAMES) or "").strip()

    number, channel = text("yt:videoId"), text("yt:channelId")
    if not number or not channel:
        return Problem("an entry without `yt:videoId` or `yt:channelId`")
    statistics = entry.find("m:group/m:community/m:statistics", _NAMES)
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="youtube",
        op="create",
        post_id=f"youtube:{number}",
        platform="youtube",
        created_at=clamped(parse_instant(text("a:published")), observed_at, _EARLIEST),
        text="\n\n".join(part for part in (text("a:title"), text("m:group/m:description")) if part),
        url=f"https://www.youtube.com/watch?v={number}",
        author=Author(channel, display_name=text("a:author/a:name") or None),
        visibility="public",
        counts=counts_of(views=statistics.get("views") if statistics is not None else None),
    )


class _Statistics(Struct, rename="camel"):
    view_count: str | int | None = None
    like_count: str | int | None = None
    comment_count: str | int | None = None


class _Snippet(Struct, rename="camel"):
    published_at: str | None = None


class _Item(Struct):
    id: str
    statistics: _Statistics
    snippet: _Snippet | None = None


class _Items(Struct):
    items: list[_Item] = []


class YoutubeCounts:
    """``videos.list?part=statistics``: 50 videos for one unit of the 10,000 that a key has each day."""

    platform = "youtube"
    batch = 50

    def __init__(self, session: ClientSession, url: str, key: str, context: Context) -> None:
        self._session = session
        self._url = url
        # In a header, not in the address: addresses get into logs.
        self._headers = {"X-Goog-Api-Key": key}
        self._context = context

    async def look(self, posts: Sequence[str]) -> Looked:
        """One call."""
        now = self._context.clock()
        params = [("part", "statistics,snippet"), ("id", ",".join(post.removeprefix("youtube:") for post in posts))]
        answer = await call_api(self._session, self._url, headers=self._headers, params=params, now=now.timestamp())
        try:
            items = msgspec.json.decode(answer.body, type=_Items).items
        except (ValueError, RecursionError) as error:
            raise SourceFault(f"{self._url}: {error}") from error
        return Looked([_engagement(item, now) for item in items], pause_of(answer.headers, now.timestamp()))


def _engagement(item: _Item, observed_at: datetime) -> Result:
    published = parse_instant(item.snippet.published_at) if item.snippet else None
    statistics = item.statistics
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="youtube",
        op="engagement",
        post_id=f"youtube:{item.id}",
        platform="youtube",
        created_at=clamped(published, observed_at, _EARLIEST),
        url=f"https://www.youtube.com/watch?v={item.id}",
        visibility="public",
        counts=counts_of(views=statistics.view_count, likes=statistics.like_count, comments=statistics.comment_count),
    )
