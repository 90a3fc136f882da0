"""The routes of the mentions: pages, export without a limit, the top, and people's word on relevance."""

import csv
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from listener.board.access import identity_of
from listener.board.board import Board
from listener.board.mentions_json import COLUMNS, MentionOut, MentionPage, outward, table_row
from listener.board.mentions_query import CSV, EXPORT, PAGE, TOP, Asked, boolean
from listener.board.store import MentionQuery, MentionStore, NotNowError, Source
from listener.http import Handler, json_response, take_your_time
from models.campaign import DEFAULT_TIMEZONE
from models.feedback import Feedback, Marked

_log = logging.getLogger("listener.board.mentions")

_BOM: Final = b"\xef\xbb\xbf"
_DEFAULT_TOP: Final = 10


#: Writes feedback; returns when it is durable. Raises HTTPServiceUnavailable when it cannot be.
Say = Callable[[Feedback], Awaitable[None]]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a relevance mark."""

    relevant: bool


class Top(msgspec.Struct, frozen=True):
    """What had most engagement, who said most, and how many they were."""

    campaign: str
    mentions: int
    authors: int
    stories: int
    top: list[MentionOut]
    publishers: list[dict[str, str | int]]
    top_authors: list[dict[str, str | int]]
    complete: bool
    platforms: list[dict[str, str | int]] = []


class MentionRoutes:
    """Handlers over a board and its store. ``complete``: whether the store has read all there was."""

    def __init__(
        self,
        board: Board,
        store: MentionStore,
        say: Say,
        complete: Callable[[], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._store = store
        self._say = say
        self._complete = complete
        self._now = now

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        base = "/api/campaigns/{id}"
        app.router.add_get(f"{base}/mentions", _or_later(self.page))
        app.router.add_get(f"{base}/mentions.ndjson", self.ndjson)
        app.router.add_get(f"{base}/mentions.csv", self.csv)
        app.router.add_get(f"{base}/top", _or_later(self.top))
        app.router.add_post(f"{base}/mentions/{{entity:.+}}/relevance", _or_later(self.mark))

    async def page(self, request: web.Request) -> web.StreamResponse:
        """A page of mentions."""
        query = Asked(request.query, PAGE).query(self._campaign(request))
        found = await self._store.page(query)
        following = found.following.text() if found.following else None
        mentions = [outward(one) for one in found.mentions]
        return json_response(MentionPage(query.campaign, mentions, following, self._complete()))

    async def top(self, request: web.Request) -> web.StreamResponse:
        """The top of a campaign."""
        asked = Asked(request.query, TOP)
        query = replace(asked.query(self._campaign(request)), sort="engagement")
        if "limit" not in request.query:
            query = replace(query, limit=_DEFAULT_TOP)
        return json_response(await self.top_of(query))

    async def top_of(self, query: MentionQuery) -> Top:
        """The top of what is asked for."""
        page = await self._store.page(query)
        distinct = await self._store.distinct(query)
        return Top(
            campaign=query.campaign,
            mentions=await self._store.count(query),
            authors=distinct.authors,
            stories=distinct.stories,
            top=[outward(one) for one in page.mentions],
            publishers=_named(await self._store.top_sources(query, "publisher")),
            top_authors=_named(await self._store.top_sources(query, "author")),
            complete=self._complete(),
            platforms=_named(await self._store.top_sources(query, "platform")),
        )

    async def ndjson(self, request: web.Request) -> web.StreamResponse:
        """All mentions that are asked for, one JSON object a line."""
        query = Asked(request.query, EXPORT).query(self._campaign(request))

        async def lines() -> AsyncIterator[bytes]:
            encoder = msgspec.json.Encoder()
            async for page in self._store.pages(query):
                yield encoder.encode_lines([outward(one) for one in page.mentions])

        return await _download(request, "application/x-ndjson", f"mentions-{query.campaign}.ndjson", lines())

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All mentions that are asked for, as a table."""
        asked = Asked(request.query, CSV)
        query = asked.query(self._campaign(request))
        bom = asked.one("bom", boolean)
        zone = ZoneInfo(self._zone(query.campaign))

        async def rows() -> AsyncIterator[bytes]:
            yield (_BOM if bom else b"") + _table([COLUMNS])
            async for page in self._store.pages(query):
                yield _table([table_row(outward(one), zone) for one in page.mentions])

        return await _download(request, "text/csv; charset=utf-8", f"mentions-{query.campaign}.csv", rows())

    async def mark(self, request: web.Request) -> web.StreamResponse:
        """Somebody says whether a mention is about the campaign."""
        campaign, entity = self._campaign(request), request.match_info["entity"]
        try:
            verdict = msgspec.json.decode(await request.read(), type=Verdict)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise web.HTTPBadRequest(text=f'the body must be {{"relevant": true or false}}: {error}') from error
        stored = await self._store.one(campaign, entity.encode(errors="replace").decode())
        if stored is None:
            raise web.HTTPNotFound(text=f"{campaign} has no mention {entity!r}")
        by = identity_of(request).name
        await self._say(Marked(campaign, entity, verdict.relevant, stored.mention.text, self._now(), by))
        return json_response({"campaign": campaign, "entity": entity, "relevant": verdict.relevant})

    def _campaign(self, request: web.Request) -> str:
        name = request.match_info["id"]
        if name not in self._board.known and name not in self._board.state.campaigns():
            raise web.HTTPNotFound(text=f"there is no campaign {name!r}")
        return name

    def _zone(self, name: str) -> str:
        campaign = self._board.known.get(name)
        return DEFAULT_TIMEZONE if campaign is None else campaign.timezone


def _or_later(answer: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(request)
        except NotNowError as error:
            raise web.HTTPServiceUnavailable(text=str(error), headers={"Retry-After": "5"}) from error

    return handle


async def _download(
    request: web.Request, content_type: str, name: str, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """A stream to a file. Where it breaks off the connection does too: half a file must not look like a whole one."""
    take_your_time(request)
    response = web.StreamResponse(
        headers={"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}
    )
    await response.prepare(request)
    try:
        async for chunk in chunks:
            await response.write(chunk)
    except ConnectionError:
        raise  # the client has gone
    except Exception:
        _log.exception("%s broke off", name)
        if request.transport is not None:
            request.transport.abort()
        raise
    await response.write_eof()
    return response


def _table(rows: list[list[str | int]] | list[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _named(sources: list[Source]) -> list[dict[str, str | int]]:
    return [source._asdict() for source in sources]
