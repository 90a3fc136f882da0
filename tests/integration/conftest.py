"""One real broker for all integration tests, and for each test topics of its own."""

import os
import uuid
from collections.abc import Iterator

import pytest

from listener.errors import UsageProblem
from listener.kafka.embedded import EmbeddedKafka
from models.topics import Namespace


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


@pytest.fixture
def namespace() -> Namespace:
    """Topics, tables and a consumer group that no other test uses."""
    unique = f"t{uuid.uuid4().hex[:10]}"
    return Namespace(app=unique, prefix=f"{unique}.")
