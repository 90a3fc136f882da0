"""``listener source run``: one source from start to stop, with its endpoints."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import click
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from listener.http import Health, health_app, serve
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.output import Output
from listener.sources.kit.runner import run_connector
from listener.sources.kit.sinks import StdoutSink, kafka_sink, load_cursors
from listener.sources.kit.stats import SourceCollector, Stats

_log = logging.getLogger("listener.sources")


@dataclass(frozen=True)
class Endpoint:
    """Where ``/livez``, ``/readyz`` and ``/metrics`` answer."""

    host: str
    port: int


async def run(
    name: str, connector: Connector, context: Context, endpoint: Endpoint | None, stop_signals: Iterable[int]
) -> None:
    """Run the source until it is over or a stop signal comes; it writes to standard output where there is no Kafka.

    Raises UsageProblem for what the user can mend, Halt when Kafka takes no records.
    """
    stop = asyncio.Event()
    for number in stop_signals:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stats = Stats(name)
    async with output_of(name, connector, context, stats) as output, _status(stats, endpoint):
        await run_connector(connector, output, stop, context.random)
    _log.info("%s: ended; %s", name, ", ".join(f"{number} {result}" for result, number in stats.results.items()))


@contextlib.asynccontextmanager
async def output_of(name: str, connector: Connector, context: Context, stats: Stats) -> AsyncIterator[Output]:
    """The output of a source with its saved cursors: on Kafka, or on standard output when there is no Kafka."""
    if context.kafka is None:
        yield Output(StdoutSink(), stats)
        return
    async with kafka_sink(context.kafka, context.namespace, name, connector.topics) as sink:
        cursors = await load_cursors(context.kafka, context.namespace, name)
        yield Output(sink, stats, cursors)


@contextlib.asynccontextmanager
async def _status(stats: Stats, endpoint: Endpoint | None) -> AsyncIterator[None]:
    if endpoint is None:
        yield
        return
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(SourceCollector(stats))

    def ready() -> Health:
        return Health(stats.connected, {"source": stats.name, "reconnects": stats.reconnects})

    app = health_app(lambda: Health(ok=True), ready, registry)
    async with serve(app, endpoint.host, endpoint.port) as port:
        click.echo(f"source {stats.name}: http://{endpoint.host}:{port}/metrics", err=True)
        yield
