"""What every kind of test may need."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from listener.errors import UsageProblem
from listener.kafka.embedded import EmbeddedKafka

# Machines are shared and noisy: how long an example takes says nothing about the code. Speed lives in benchmarks.
settings.register_profile("listener", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("listener")

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shared real data sets: LISTENER_DATA, or ../shared/data; without them the test is skipped."""
    directory = Path(os.environ.get("LISTENER_DATA") or _REPOSITORY.parent / "shared" / "data")
    if not directory.is_dir():
        pytest.skip(f"no real data in {directory}; set LISTENER_DATA to their directory")
    return directory


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedKafka]:
    """A Kafka that answers. Where it cannot start, tests are skipped; in CI (environment variable CI) they fail.

    A test that kills, pauses or fills it starts one of its own instead.
    """
    kafka = EmbeddedKafka(properties={"log.cleaner.backoff.ms": "500"})
    try:
        kafka.__enter__()
    except UsageProblem as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker: {problem}")
        pytest.skip(f"no broker: {problem}")
    yield kafka
    kafka.__exit__(None, None, None)
