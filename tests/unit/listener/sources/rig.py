"""What the tests of connectors share: a sink in memory, patience that costs no time, servers that speak for others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from listener.sources.kit.backoff import FullJitter
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.output import Outgoing, Output
from listener.sources.kit.runner import run_connector
from listener.sources.kit.stats import Stats

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RANDOM = Random(1)  # noqa: S311 - a test repeats itself


@dataclass
class MemorySink:
    """Keeps what was acknowledged. ``on_send`` may raise: then nothing of that call is kept."""

    records: list[Outgoing] = field(default_factory=list)
    cursors: dict[str, Any] = field(default_factory=dict)
    on_send: Callable[[Sequence[Outgoing]], None] | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, records: Sequence[Outgoing]) -> None:
        if self.on_send:
            self.on_send(records)
        self.records += records
        async with self.changed:
            self.changed.notify_all()

    async def save(self, cursors: Mapping[str, Any]) -> None:
        # As a real one: what is saved must be JSON, and comes back as such.
        self.cursors.update(msgspec.json.decode(msgspec.json.encode(dict(cursors))))
        async with self.changed:
            self.changed.notify_all()

    async def until(self, is_so: Callable[["MemorySink"], bool]) -> None:
        async with asyncio.timeout(6), self.changed:
            await self.changed.wait_for(lambda: is_so(self))

    @property
    def values(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(record.value) for record in self.records]

    @property
    def keys(self) -> list[str]:
        return [record.key.decode() for record in self.records]


def context(base: Path = Path(), now: datetime = NOW) -> Context:
    return Context(base=base, clock=lambda: now, random=RANDOM)


def output(sink: MemorySink, name: str = "test") -> Output:
    return Output(sink, Stats(name), sink.cursors, save_every=0.0)


async def run_until(connector: Connector, out: Output, enough: Awaitable[object] | None) -> None:
    """Run as the program does, with hardly any wait between tries, until ``enough``; None: until it ends by itself."""
    stop = asyncio.Event()
    jitter = FullJitter(RANDOM, first=0.001, longest=0.002)
    running = asyncio.create_task(run_connector(connector, out, stop, RANDOM, jitter))
    if enough is not None:
        watching = asyncio.ensure_future(enough)
        await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not watching.done():
            watching.cancel()
        stop.set()
        async with asyncio.timeout(6):
            await running
        if not watching.cancelled():
            watching.result()
        return
    async with asyncio.timeout(6):
        await running


@asynccontextmanager
async def serve(routes: Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]) -> AsyncIterator[str]:
    """A server on this machine; gives its address without a slash at the end."""
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_route("*", path, handler)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()
