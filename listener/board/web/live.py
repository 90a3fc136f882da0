"""News for open pages: small JSON when something has changed, as server-sent events or on request."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from listener.board.access import sees
from listener.board.board import Board
from listener.board.web.figures import MINUTE_S, Closed
from listener.board.web.overview import all_ids, pipeline
from listener.http import json_response, take_your_time
from models.cells import MENTIONS

#: The board is looked at so often; a silent connection gets a sign of life so often (seconds).
LOOK_S: Final = 2.0
ALIVE_S: Final = 15.0
#: Pages that may listen at once; more are told to ask again and again instead.
MOST: Final = 500
#: A browser that lost the connection comes back after so many milliseconds.
_RETRY_MS: Final = 3000


class Live:
    """``/events`` streams, ``/api/live`` answers once; both show only what the one who asks may see."""

    def __init__(
        self, board: Board, closed: Closed, complete: Callable[[], bool], look_s: float = LOOK_S, most: int = MOST
    ) -> None:
        self._board = board
        self._closed = closed
        self._complete = complete
        self._look_s = look_s
        self._most = most
        self.listening = 0
        self._made = float("-inf")
        self._kept: dict[str, Any] = {}

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/events", self.stream)
        app.router.add_get("/api/live", self.once)

    async def once(self, request: web.Request) -> web.StreamResponse:
        """The news as they are now."""
        return json_response(self.news(request))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events until the client goes."""
        if self.listening >= self._most:
            raise web.HTTPServiceUnavailable(
                text="too many pages listen: ask /api/live instead", headers={"Retry-After": "30"}
            )
        take_your_time(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        self.listening += 1
        try:
            with contextlib.suppress(ConnectionError):
                await self._send(request, response)
        finally:
            self.listening -= 1
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b"retry: %d\n\n" % _RETRY_MS)
        said, silent_s = b"", 0.0
        while True:
            news = msgspec.json.encode(self.news(request))
            if news != said:
                await response.write(b"data: %b\n\n" % news)
                said, silent_s = news, 0.0
            elif silent_s >= ALIVE_S:
                await response.write(b": still here\n\n")
                silent_s = 0.0
            await asyncio.sleep(self._look_s)
            silent_s += self._look_s

    def news(self, request: web.Request) -> dict[str, Any]:
        """Totals and last closed minute of every campaign in sight, and how the pipeline is."""
        facts = self._facts()
        return {**facts, "campaigns": [one for one in facts["campaigns"] if sees(request, one["id"])]}

    def _facts(self) -> dict[str, Any]:
        """The news of all campaigns, made once for all who look at about the same time."""
        now = asyncio.get_running_loop().time()
        if now - self._made >= self._look_s / 2:
            self._made = now
            state = pipeline(self._board)
            self._kept = {
                "campaigns": [self._fact(name) for name in all_ids(self._board)],
                "pipeline": {"read": state.read, "unread": state.unread, "silent": state.silent},
                "complete": self._complete(),
            }
        return self._kept

    def _fact(self, name: str) -> dict[str, Any]:
        latest = self._closed.latest(name)
        until = None if latest is None else latest.minute + MINUTE_S
        return {"id": name, "mentions": self._board.state.lifetime(name)[MENTIONS], "until": until}
