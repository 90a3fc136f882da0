"""``POST /ingest/{topic}``: records by HTTP, answered line by line, and only when Kafka has them."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from listener.errors import Halt
from listener.http import json_errors, json_response, problem, serve
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.output import Outgoing, Output
from listener.sources.push.shapes import SHAPES, Filler
from listener.sources.push.tokens import Tokens

_log = logging.getLogger("listener.sources.webhook")

_BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND, _TOO_LARGE, _UNPROCESSABLE, _UNAVAILABLE = 400, 401, 404, 413, 422, 503
_RETRY_S: Final = "2"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class WebhookConfig(Struct, forbid_unknown_fields=True):
    """`tokens`: file of `sha256:HEX NAME` lines. `topics`: those that may be written to, all by default."""

    tokens: str
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8090
    topics: tuple[str, ...] = tuple(SHAPES)
    max_bytes: Annotated[int, Meta(ge=1024)] = 8 * 1024 * 1024
    max_lines: Annotated[int, Meta(ge=1)] = 10_000
    max_requests: Annotated[int, Meta(ge=1)] = 16

    def connector(self, context: Context) -> Connector:
        """The server. Raises UsageProblem for a token file that cannot be read."""
        return Webhook(self, Tokens.read(context.base / self.tokens), context)


class _Line(NamedTuple):
    number: int
    record: Outgoing | None
    reason: str | None


class Webhook:
    """An HTTP server. ``port`` is the one that it got, once it listens."""

    def __init__(self, config: WebhookConfig, tokens: Tokens, context: Context) -> None:
        self.port: int | None = None
        self.topics = tuple(topic for topic in config.topics if topic in SHAPES)
        self._config = config
        self._tokens = tokens
        self._context = context
        self._working = 0
        self._failed: asyncio.Future[None] | None = None

    async def run(self, output: Output) -> None:
        """Serve until cancelled. Raises Halt when Kafka takes no records."""
        self._failed = asyncio.get_running_loop().create_future()
        app = web.Application(middlewares=[json_errors], client_max_size=self._config.max_bytes)

        async def ingest(request: web.Request) -> web.Response:
            return await self._ingest(request, output)

        app.router.add_post("/ingest/{topic}", ingest)
        async with serve(app, self._config.host, self._config.port) as port:
            self.port = port
            _log.info("%s: POST http://%s:%d/ingest/{topic}", output.stats.name, self._config.host, port)
            output.stats.answered()
            await self._failed

    async def _ingest(self, request: web.Request, output: Output) -> web.Response:
        holder = self._tokens.holder(request.headers.get("Authorization"))
        if holder is None:
            refused = problem(_UNAUTHORIZED, "give `Authorization: Bearer TOKEN` with a token that is known here")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        topic = request.match_info["topic"]
        if topic not in self.topics:
            return problem(_NOT_FOUND, f"no topic {topic[:80]!r}; there are: {', '.join(self.topics)}")
        if self._working >= self._config.max_requests:
            busy = problem(_UNAVAILABLE, "busy; nothing was taken, send it again")
            busy.headers["Retry-After"] = _RETRY_S
            return busy
        self._working += 1
        try:
            return await self._taken(request, Filler(SHAPES[topic], holder, self._context.clock(), {}), output)
        finally:
            self._working -= 1

    async def _taken(self, request: web.Request, filler: Filler, output: Output) -> web.Response:
        body = await request.read()
        try:
            rows = list(_rows(body, self._config.max_lines))
        except _TooManyLinesError:
            return problem(_TOO_LARGE, f"more than {self._config.max_lines} records in one request; send fewer")
        except ValueError as error:
            return problem(_BAD_REQUEST, str(error))
        lines = [_judged(number, row, filler) for number, row in rows]
        try:
            await output.write([line.record for line in lines if line.record is not None])
        except Halt as halt:
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(halt)
            return problem(_UNAVAILABLE, "Kafka does not take records now; nothing is promised, send it again")
        for line in lines:
            if line.reason is not None:
                output.complain(line.reason, f"{filler.source}: line {line.number}: ")
        return _answer(lines)


def _answer(lines: list[_Line]) -> web.Response:
    """200 when every record was taken, 207 when some were, 422 when none was; the rejected ones with their reasons."""
    rejected = [{"line": line.number, "reason": line.reason} for line in lines if line.reason is not None]
    accepted = len(lines) - len(rejected)
    status = 200 if not rejected else 207 if accepted else _UNPROCESSABLE
    results = [
        {"line": line.number, "accepted": line.reason is None, **({"reason": line.reason} if line.reason else {})}
        for line in lines
    ]
    return json_response({"accepted": accepted, "rejected": len(rejected), "results": results}, status)


class _TooManyLinesError(Exception):
    """More than the configuration allows."""


def _rows(body: bytes, most: int) -> Iterator[tuple[int, Any]]:
    """Records of a body, with their numbers from 1: NDJSON, one JSON object, or an array of them.

    What is no JSON comes as the ValueError that says so. Raises ValueError for an empty body.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        raise ValueError("the body is empty: send NDJSON, a JSON object, or an array of them")
    if text.startswith(b"["):
        try:
            parts = msgspec.json.decode(text, type=list[msgspec.Raw])
        except (ValueError, RecursionError) as error:
            raise ValueError(f"no JSON array: {error}") from error
        raws = [(number, bytes(part)) for number, part in enumerate(parts, 1)]
    else:
        # One object over several lines is one record; otherwise every line is one.
        single = _decoded(text)
        lines = [text] if isinstance(single, dict) else body.removeprefix(_BYTE_ORDER_MARK).split(b"\n")
        raws = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(raws) > most:
        raise _TooManyLinesError
    for number, raw in raws:
        yield number, _decoded(raw)


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        return ValueError(f"no JSON: {error}")


def _judged(number: int, row: Any, filler: Filler) -> _Line:
    if isinstance(row, ValueError):
        return _Line(number, None, str(row))
    if not isinstance(row, dict):
        return _Line(number, None, "a record is a JSON object")
    try:
        return _Line(number, filler.make(row), None)
    except (ValueError, RecursionError) as error:
        return _Line(number, None, str(error))
