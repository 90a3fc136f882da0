"""What the HTTP endpoints of workers and boards have in common."""

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics

from listener.errors import UsageProblem
from listener.exposition import openmetrics_page, plain_page

_log = logging.getLogger("listener.http")

MAX_BODY_BYTES: Final = 64 * 1024
#: A page of metrics serves all scrapes of so many seconds.
PAGE_S: Final = 1.0
#: The cheapest: a page of labels that repeat comes to a tenth.
_GZIP_LEVEL: Final = 1
#: Longest that an answer may take, that an idle connection is kept, and that a stop waits for answers under way.
ANSWER_S: Final = 30.0
KEEP_ALIVE_S: Final = 30.0
STOP_S: Final = 2.0

#: What an error may say besides its text.
_KEPT_HEADERS: Final = ("Allow", "Retry-After", "WWW-Authenticate")
_LIMIT: Final = web.RequestKey("limit", asyncio.Timeout)
_OPENMETRICS: Final = "application/openmetrics-text"
_RENDER: Final[dict[str, Callable[[CollectorRegistry], bytes]]] = {
    CONTENT_TYPE_PLAIN_0_0_4: plain_page,
    openmetrics.CONTENT_TYPE_LATEST: openmetrics_page,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Health:
    """An answer to a probe; ``detail`` says what is missing."""

    ok: bool
    detail: Mapping[str, Any] = field(default_factory=dict)


def json_response(body: object, status: int = 200) -> web.Response:
    """JSON in UTF-8; Persian stays readable."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def problem(status: int, message: str) -> web.Response:
    """An error as JSON."""
    return json_response({"error": message}, status)


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as JSON; what went wrong inside is in the log only."""
    try:
        async with asyncio.timeout(ANSWER_S) as limit:
            request[_LIMIT] = limit
            return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is no error
            raise
        response = problem(error.status, error.text or error.reason)
        response.headers.update({name: error.headers[name] for name in _KEPT_HEADERS if name in error.headers})
        return response
    except TimeoutError:
        _log.warning("%s %s took over %.0f s", request.method, request.path, ANSWER_S)
        return problem(503, "this takes too long now")
    except Exception:  # noqa: BLE001 - a client must not see our traceback
        _log.exception("%s %s failed", request.method, request.path)
        return problem(500, "internal error; the log says more")


def take_your_time(request: web.Request) -> None:
    """This answer is a stream: it may go on for as long as the client listens."""
    limit = request.get(_LIMIT)
    if limit is not None:
        limit.reschedule(None)


@dataclass
class _Page:
    """A rendered page; ``packed``: the same in gzip, once someone asked for it."""

    made: float = float("-inf")
    plain: bytes = b""
    packed: bytes | None = None


class MetricsPage:
    """The metrics page, rendered in a thread and kept for a second: scrapes must not slow the counting down.

    So is the compressed page that Prometheus asks for: to send half a megabyte takes longer than to send a tenth of it.

    ``prepare`` runs on the event loop before a page is rendered: the place to take a snapshot.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        prepare: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._prepare = prepare
        self._now = now
        self._pages: dict[str, _Page] = {}
        self._lock = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.Response:
        """GET /metrics, as OpenMetrics for those who ask for it."""
        content_type = CONTENT_TYPE_PLAIN_0_0_4
        if _OPENMETRICS in request.headers.get("Accept", ""):
            content_type = openmetrics.CONTENT_TYPE_LATEST
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        packed = _takes_gzip(request.headers.get("Accept-Encoding", ""))
        body = await self._body(content_type, packed=packed)
        return web.Response(body=body, headers=headers | ({"Content-Encoding": "gzip"} if packed else {}))

    async def _body(self, content_type: str, *, packed: bool) -> bytes:
        async with self._lock:
            page = self._pages.get(content_type, _Page())
            if self._now() - page.made >= PAGE_S:
                page = _Page(self._now())
                self._prepare()
                page.plain = await asyncio.to_thread(_RENDER[content_type], self._registry)
                self._pages[content_type] = page
            if not packed:
                return page.plain
            if page.packed is None:
                page.packed = await asyncio.to_thread(gzip.compress, page.plain, _GZIP_LEVEL)
            return page.packed


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip without refusing it."""
    for one in accepted.split(","):
        name, _, quality = one.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def health_app(
    live: Callable[[], Health],
    ready: Callable[[], Health],
    registry: CollectorRegistry,
    prepare: Callable[[], None] = lambda: None,
) -> web.Application:
    """An application with ``/livez``, ``/readyz`` and ``/metrics``; more routes can be added.

    ``prepare`` runs on the event loop before the metrics are collected in a thread.
    """
    app = web.Application(middlewares=[json_errors], client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/livez", _probe(live))
    app.router.add_get("/readyz", _probe(ready))
    app.router.add_get("/metrics", MetricsPage(registry, prepare).handle)
    return app


def _probe(check: Callable[[], Health]) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        health = check()
        return json_response({"ok": health.ok, **health.detail}, status=200 if health.ok else 503)

    return handle


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve ``app``; gives the port (a free one for port 0). UsageProblem where it is taken."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEP_ALIVE_S, shutdown_timeout=STOP_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise UsageProblem(
                f"cannot listen on {host}:{port} ({error.strerror}): choose another --http-port"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
