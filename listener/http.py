"""What the HTTP endpoints of workers and boards have in common."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from listener.errors import UsageProblem

_log = logging.getLogger("listener.http")

MAX_BODY_BYTES: Final = 1024 * 1024
#: A page of metrics serves all scrapes of so many seconds.
PAGE_S: Final = 1.0

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
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is no error
            raise
        return problem(error.status, error.text or error.reason)
    except Exception:  # noqa: BLE001 - a client must not see our traceback
        _log.exception("%s %s failed", request.method, request.path)
        return problem(500, "internal error; the log says more")


class MetricsPage:
    """The metrics page, rendered in a thread and kept for a second: scrapes must not slow the counting down."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._now = now
        self._page = b""
        self._made = float("-inf")
        self._lock = asyncio.Lock()

    async def handle(self, _request: web.Request) -> web.Response:
        """GET /metrics."""
        async with self._lock:
            if self._now() - self._made >= PAGE_S:
                self._page = await asyncio.to_thread(generate_latest, self._registry)
                self._made = self._now()
        return web.Response(body=self._page, headers={"Content-Type": CONTENT_TYPE_LATEST})


def health_app(live: Callable[[], Health], ready: Callable[[], Health], registry: CollectorRegistry) -> web.Application:
    """An application with ``/livez``, ``/readyz`` and ``/metrics``; more routes can be added."""
    app = web.Application(middlewares=[json_errors], client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/livez", _probe(live))
    app.router.add_get("/readyz", _probe(ready))
    app.router.add_get("/metrics", MetricsPage(registry).handle)
    return app


def _probe(check: Callable[[], Health]) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        health = check()
        body = json.dumps({"ok": health.ok, **health.detail}, default=str)
        return web.Response(text=body, status=200 if health.ok else 503, content_type="application/json")

    return handle


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve ``app``; gives the port (a free one for port 0). UsageProblem where it is taken."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=30, shutdown_timeout=2)
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
