"""The worker's page: all that is declared for workers, and nothing else."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from listener.exposition import plain_page
from listener.metrics import METRICS
from listener.worker.counting import Counting
from listener.worker.durations import Durations
from listener.worker.guard import StallGuard
from listener.worker.places import Place
from listener.worker.status import WorkerCollector
from models.streams import POSTS

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture
def counting() -> Any:
    """Two partitions: one is 7 records and 30 s behind, the other has read all that there is."""
    made = Counting(
        recovery=SimpleNamespace(seconds=1.5, records=20, started=None, left=0),  # type: ignore[arg-type]
        publisher=SimpleNamespace(),  # type: ignore[arg-type]
        guard=StallGuard(10.0),
        offsets=SimpleNamespace(highwater=lambda place: 17 if place.partition == 0 else 10),  # type: ignore[arg-type]
    )
    for number in (0, 1):
        plane = SimpleNamespace(unflushed=3, position=10, base=0, tally=SimpleNamespace(record_time=NOON_MS - 30_000))
        made.owned[Place(POSTS, number)] = SimpleNamespace(plane=plane)  # type: ignore[assignment]
    made.flush_times.took(0.03)
    made.durable_times.took(0.004)
    return made


def watching(**figures: int) -> Any:
    """The campaign files are sound; one model judges and one is missing."""
    enricher = SimpleNamespace(missing=("sentiment",), versions={"relevance": "v1"})
    return SimpleNamespace(
        valid=True, sets=SimpleNamespace(enricher=enricher), **{"failures": 0, "changes": 0, **figures}
    )


def page(counting: Any) -> dict[tuple[str, str], float]:
    """(sample, partition or bucket) → value; fails on a family that is not declared."""
    registry = CollectorRegistry()
    watch = watching(failures=2, changes=3)
    registry.register(WorkerCollector(counting, watch, clock=lambda: NOON + timedelta(seconds=1)))
    found = {}
    for family in text_string_to_metric_families(plain_page(registry).decode()):
        for sample in family.samples:
            labels = sample.labels
            found[sample.name, labels.get("partition") or labels.get("le") or labels.get("model", "")] = sample.value
    return found


def test_lag_is_in_records_and_in_seconds_until_nothing_is_left(counting: Any) -> None:
    found = page(counting)
    assert (found["listener_worker_lag_records", "0"], found["listener_worker_lag_seconds", "0"]) == (7, 31)
    assert (found["listener_worker_lag_records", "1"], found["listener_worker_lag_seconds", "1"]) == (0, 0)


def test_models_that_are_missing_are_0(counting: Any) -> None:
    found = page(counting)
    assert (found["listener_models_loaded", "sentiment"], found["listener_models_loaded", "relevance"]) == (0, 1)


def test_durations_are_in_their_buckets(counting: Any) -> None:
    found = page(counting)
    flushes = "listener_worker_flush_duration_seconds"
    assert [found[f"{flushes}_bucket", le] for le in ("0.025", "0.05", "+Inf")] == [0, 1, 1]
    assert found[f"{flushes}_sum", ""] == 0.03
    assert found["listener_changelog_durable_seconds_bucket", "0.005"] == 1


def test_a_duration_on_a_bound_and_one_above_all() -> None:
    times = Durations((1.0, 2.0))
    for seconds in (1.0, 1.5, 2.0, 9.0):
        times.took(seconds)
    assert (times.counts, times.total) == ([1, 2, 1], 13.5)


def test_everything_a_worker_exports_is_declared_for_workers(counting: Any) -> None:
    watch = watching()
    exported = {metric.name for metric in WorkerCollector(counting, watch).collect()}
    assert exported == {spec.name for spec in METRICS.values() if spec.by == "worker"}
