"""A worker counts, a board closes: what was said five minutes ago is a closed minute, and so is the silence since."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from listener.kafka.embedded import EmbeddedKafka
from models.topics import Namespace
from tests.chaos.boards import start_board
from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster, cluster, post, until

pytestmark = pytest.mark.broker


@pytest.fixture
def counted(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of two partitions."""
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        yield made.create()


@pytest.fixture
def board(counted: Cluster, tmp_path: Path) -> Iterator[BoardProcess]:
    started = start_board(counted, tmp_path / "board.log")
    yield started
    started.process.kill()
    started.process.wait()


def test_idle_partitions_close_by_the_wall_clock_and_unused_ones_hold_nothing(
    counted: Cluster, board: BoardProcess
) -> None:
    """One of two partitions and all of the press have never had a record."""
    worker = counted.worker().ready()
    said = (datetime.now(UTC) - timedelta(minutes=5)).replace(second=30)
    moment = said.isoformat()
    counted.produce([post(number, created_at=moment, observed_at=moment) for number in range(3)])
    counted.counted()
    text = said.strftime("%Y-%m-%dT%H:%M:00Z")

    def minutes() -> dict[str, Any]:
        found = board.json("/api/campaigns/brand/closed")["minutes"]
        return {one["start"]: one for one in found}

    board.wait_ready()
    until(lambda: len(minutes()) >= 3, "three closed minutes")
    found = minutes()
    first, *silent = found.values()
    assert first["start"] == text
    assert first["counts"] == {"twitter": {"mentions": 3, "mentions_net": 3}}
    assert first["completeness"] == 1.0
    assert [one["counts"] for one in silent] == [{}] * len(silent)
    (topic,) = board.json("/api/progress")["topics"]
    assert (topic["topic"], topic["completeness"], topic["replaying"]) == ("social.posts.v1", 1.0, False)
    assert topic["delay_seconds"] < 30
    worker.terminate()
