"""A worker's endpoints: is it alive, is it ready, the metrics of the pipeline, and what its tables hold."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import blake2b

import click
from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric

from listener.engine.app import CountingApp
from listener.http import Health, health_app, json_response, serve
from listener.metrics import Described, family, histogram
from listener.worker.campaigns import CampaignWatch
from listener.worker.counting import Counting, Owned, wall_clock
from listener.worker.places import Place
from listener.worker.settings import WorkerSettings
from processors.windows import to_ms

#: The counting loop runs every 50 ms; a chunk may keep it waiting for a moment, not for so many seconds.
STALLED_S = 15.0


class WorkerCollector(Described):
    """The worker's metrics, from plain attributes: safe to read from the thread that renders the page."""

    def __init__(self, counting: Counting, watch: CampaignWatch, clock: Callable[[], datetime] = wall_clock) -> None:
        self._counting = counting
        self._clock = clock
        self._watch = watch

    def collect(self) -> Iterable[Metric]:
        """All families."""
        counting = self._counting
        owned = dict(counting.owned)
        yield family("listener_worker_partitions", [((), len(owned))])
        yield family(
            "listener_worker_unflushed_records",
            [(_labels(place), one.plane.unflushed) for place, one in owned.items()],
        )
        yield family("listener_worker_lag_records", [(_labels(place), counting.lag(place) or 0) for place in owned])
        yield family(
            "listener_worker_lag_seconds", [(_labels(place), self._lag_s(place, one)) for place, one in owned.items()]
        )
        yield family("listener_worker_rebalances", [((), counting.rebalances)])
        for name, times in (
            ("listener_worker_flush_duration_seconds", counting.flush_times),
            ("listener_changelog_durable_seconds", counting.durable_times),
        ):
            yield histogram(name, times.bounds, tuple(times.counts), times.total)
        yield family("listener_worker_flushes", [((), counting.flushes)])
        yield family("listener_worker_flush_seconds", [((), counting.flush_seconds)])
        yield family("listener_changelog_regressions", [((), counting.regressions)])
        yield family("listener_campaigns_valid", [((), int(self._watch.valid))])
        enricher = self._watch.sets.enricher
        if enricher is not None:
            judging = [((model,), 0) for model in enricher.missing] + [((model,), 1) for model in enricher.versions]
            yield family("listener_models_loaded", judging)
        yield family("listener_campaigns_failures", [((), self._watch.failures)])
        yield family("listener_campaigns_changes", [((), self._watch.changes)])
        yield family("listener_worker_loop_age_seconds", [((), counting.guard.age)])
        started = counting.recovery.started
        yield family(
            "listener_worker_recovery_started_timestamp_seconds", [((), started.timestamp() if started else 0.0)]
        )
        yield family("listener_worker_recovery_left_records", [((), counting.recovery.left)])
        if counting.recovery.seconds is not None:
            yield family("listener_worker_recovery_seconds", [((), counting.recovery.seconds)])
            yield family("listener_worker_recovery_records", [((), counting.recovery.records)])

    def _lag_s(self, place: Place, one: Owned) -> float:
        """How far what is counted is behind the wall clock; 0 while nothing is left to read."""
        time = one.plane.tally.record_time
        if time is None or not self._counting.lag(place):
            return 0.0
        return max(0.0, (to_ms(self._clock()) - time) / 1000)


@asynccontextmanager
async def serve_status(
    settings: WorkerSettings, app: CountingApp, counting: Counting, watch: CampaignWatch
) -> AsyncIterator[None]:
    """Serve the worker's endpoints while the context is open."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(WorkerCollector(counting, watch))

    def live() -> Health:
        return Health(counting.guard.age < STALLED_S, {"loop_age_seconds": round(counting.guard.age, 3)})

    def ready() -> Health:
        recovered = counting.acquired and not app.rebalancing
        return Health(recovered, {"partitions": sorted(map(str, counting.owned)), "rebalancing": app.rebalancing})

    async def status(_request: web.Request) -> web.Response:
        return json_response({"partitions": {str(place): _partition(counting, place) for place in counting.owned}})

    async def digests(_request: web.Request) -> web.Response:
        found = {str(place): dict(one.plane.tables) for place, one in counting.owned.items()}
        # In a thread: a million posts take seconds. Each table is copied at one moment.
        return json_response({"partitions": await asyncio.to_thread(_digests, found)})

    http = health_app(live, ready, registry)
    http.router.add_get("/api/status", status)
    http.router.add_get("/api/digest", digests)
    async with serve(http, settings.http_host, settings.http_port) as port:
        click.echo(f"worker: http://{settings.http_host}:{port}/metrics", err=True)
        sys.stderr.flush()
        yield


def digest(table: Mapping[bytes, bytes]) -> str:
    """The number of records, and the sum of their 64-bit hashes: equal where two tables hold the same, in any order."""
    records = list(table.items())
    hashes = (blake2b(len(key).to_bytes(4) + key + value, digest_size=8).digest() for key, value in records)
    total = sum(map(int.from_bytes, hashes))
    return f"{len(records)} {total % 2**64:016x}"


def _digests(found: Mapping[str, Mapping[str, Mapping[bytes, bytes]]]) -> dict[str, dict[str, str]]:
    return {place: {table: digest(records) for table, records in tables.items()} for place, tables in found.items()}


def _labels(place: Place) -> tuple[str, str]:
    return place.stream.topic, str(place.partition)


def _partition(counting: Counting, place: Place) -> dict[str, object]:
    plane = counting.owned[place].plane
    return {
        "position": plane.position - plane.base,
        "stamp": plane.progress.stamp,
        "durable": plane.progress.durable,
        "horizon": plane.horizon,
        "unflushed": plane.unflushed,
        "lag": counting.lag(place),
    }
