"""Counters of many posts in one call, platform by platform."""

import re
from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientSession
from msgspec import Struct

from listener.sources.bluesky import BlueskyParser
from listener.sources.kit.connector import Context
from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import call_api, pause_of
from listener.sources.mastodon import MastodonParser
from listener.sources.records import Problem, Result
from models.post import Post

_NATIVE_ID: Final = re.compile(r"\d{1,24}")


class Looked(Struct):
    """An answer: engagement records (and what was wrong), seconds that the platform asks us to pause, calls made."""

    results: list[Result] = []
    pause: float = 0.0
    calls: int = 1


class CountsApi(Protocol):
    """One platform. ``batch``: most posts of a call."""

    platform: str
    batch: int

    async def look(self, posts: Sequence[str]) -> Looked:
        """Counters of posts by their ids on the topic (``platform:native``); those that are gone are left out.

        Raises SourceFault, RateLimited and Refused as calls do.
        """


class BlueskyCounts:
    """``app.bsky.feed.getPosts``, 25 posts a call, no account needed."""

    platform = "bluesky"
    batch = 25

    def __init__(self, session: ClientSession, url: str, context: Context) -> None:
        self._session = session
        self._url = f"{url.rstrip('/')}/xrpc/app.bsky.feed.getPosts"
        self._context = context

    async def look(self, posts: Sequence[str]) -> Looked:
        """One call."""
        now = self._context.clock()
        params = [("uris", post.removeprefix("bluesky:")) for post in posts]
        answer = await call_api(self._session, self._url, params=params, now=now.timestamp())
        try:
            results = BlueskyParser().parse(answer.body, now)
        except (ValueError, RecursionError) as error:
            raise SourceFault(f"{self._url}: {error}") from error
        return Looked(results, pause_of(answer.headers, now.timestamp()))


class _Status(Struct):
    id: str
    uri: str


class _Found(Struct):
    statuses: list[_Status] = []


class MastodonCounts:
    """``GET /api/v1/statuses?id[]=``, 20 posts a call, as one instance sees them.

    A post is known everywhere by its ``uri``, here by a number of this instance: for posts of the instance it is at the
    end of the ``uri``, for all others one search call finds it, once.
    """

    platform = "mastodon"
    batch = 20

    def __init__(self, session: ClientSession, url: str, token: str, context: Context) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._context = context
        self._ids: dict[str, str] = {}

    async def look(self, posts: Sequence[str]) -> Looked:
        """One call, and one more for each post of another instance that is new to us."""
        pause, known = 0.0, len(self._ids)
        numbers: list[tuple[str, str]] = []
        for post in posts:
            number, asked = await self._number(post.removeprefix("mastodon:"))
            pause = max(pause, asked)
            if number:
                numbers.append(("id[]", number))
        if not numbers:
            return Looked([], pause, len(self._ids) - known)
        now = self._context.clock()
        answer = await call_api(
            self._session, f"{self._url}/api/v1/statuses", headers=self._headers, params=numbers, now=now.timestamp()
        )
        try:
            results = MastodonParser().parse(answer.body, now)
        except (ValueError, RecursionError) as error:
            raise SourceFault(f"{self._url}: {error}") from error
        pause = max(pause, pause_of(answer.headers, now.timestamp()))
        return Looked([_as_engagement(one) for one in results], pause, 1 + len(self._ids) - known)

    async def _number(self, uri: str) -> tuple[str | None, float]:
        if uri in self._ids:
            return self._ids[uri], 0.0
        last = uri.rstrip("/").rpartition("/")[2]
        if urlsplit(uri).hostname == urlsplit(self._url).hostname and _NATIVE_ID.fullmatch(last):
            return last, 0.0
        now = self._context.clock().timestamp()
        params = [("q", uri), ("type", "statuses"), ("resolve", "false"), ("limit", "1")]
        answer = await call_api(
            self._session, f"{self._url}/api/v2/search", headers=self._headers, params=params, now=now
        )
        try:
            found = msgspec.json.decode(answer.body, type=_Found).statuses
        except (ValueError, RecursionError) as error:
            raise SourceFault(f"{self._url}: {error}") from error
        number = next((status.id for status in found if status.uri == uri), None)
        if number is not None:
            self._ids[uri] = number
        return number, pause_of(answer.headers, now)


def _as_engagement(result: Result) -> Result:
    """A status as counters only: its text is the stream's business."""
    if not isinstance(result, Post):
        return result
    if result.repost_of is not None:
        return Problem("a boost: it has the counters of its original", ignored=True)
    return Post(
        event_id=result.event_id,
        schema_version=result.schema_version,
        observed_at=result.observed_at,
        source=result.source,
        op="engagement",
        post_id=result.post_id,
        platform=result.platform,
        created_at=result.created_at,
        url=result.url,
        author=result.author,
        visibility=result.visibility,
        counts=result.counts,
    )
