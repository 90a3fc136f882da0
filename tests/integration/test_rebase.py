"""When offsets lose their meaning: the worker refuses and names the command, and the command mends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import TopicPartition

from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.cells import TABLES
from models.topics import Namespace
from tests.integration.workers import Cluster, cluster, posts, until

pytestmark = pytest.mark.broker


@pytest.fixture
def two(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    """Two partitions with 200 and 100 posts that are counted; no worker runs any more."""
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        made.produce([*posts(0, 200), *posts(1000, 100, partition=1)])
        made.worker().ready()
        made.counted()
        assert made.workers[0].terminate() == 0
        assert made.total() == 300
        yield made


def made_anew(cluster: Cluster, names: list[str]) -> None:
    with admin_client(cluster.kafka) as admin:
        admin.delete_topics(names)
        until(lambda: not set(names) & set(admin.list_topics()), "the topics to be gone")
    create_topics(cluster.kafka, declared_topics(cluster.namespace, cluster.partitions))


def refused(cluster: Cluster, command: str) -> None:
    """A worker does not start, and says what would help."""
    worker = cluster.worker()
    assert worker.wait() == 4, worker.said()
    assert command in worker.said()
    assert "Traceback" not in worker.said()


def rebased(cluster: Cluster, *options: str) -> str:
    done = cluster.command("rebase", "--yes", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_topic_made_anew_goes_on(two: Cluster) -> None:
    made_anew(two, [two.namespace.posts])
    two.produce(posts(5000, 30))
    refused(two, "listener rebase")
    said = rebased(two)
    assert said == "partition 0: counting goes on at offset 0\npartition 1: counting goes on at offset 0\n"
    worker = two.worker().ready()
    two.produce([*posts(6000, 5), *posts(7000, 20, partition=1)])
    two.counted()
    assert two.total() == 300 + 55
    assert two.outcomes() == {"counted": 355}
    # Known posts are known still: their stamps are below all new ones.
    two.produce(posts(0, 10))
    two.counted()
    assert two.total() == 355
    assert worker.terminate() == 0
    # … and a restart finds its way with the new footing.
    two.produce(posts(8000, 7))
    two.worker().ready()
    two.counted()
    assert two.total() == 362


def test_lost_changelogs_are_rebuilt_from_the_retained_posts(two: Cluster) -> None:
    made_anew(two, [two.namespace.changelog(table) for table in TABLES])
    assert two.total() == 0
    refused(two, "listener rebase --rebuild")
    assert "offset 0" in rebased(two, "--rebuild")
    two.worker().ready()
    two.counted()
    assert two.total() == 300
    assert two.outcomes() == {"counted": 300}
    assert two.workers[-1].terminate() == 0
    # Whoever asks for a rebuild of whole changelogs gets the retained posts and nothing else.
    with admin_client(two.kafka) as admin:
        admin.delete_records({TopicPartition(two.namespace.posts, 0): 50})
    rebased(two, "--rebuild")
    two.worker().ready()
    two.counted()
    assert two.total() == 250
    assert two.outcomes() == {"counted": 250}


def test_records_that_retention_removed_uncounted(two: Cluster) -> None:
    two.produce(posts(2000, 60))
    with admin_client(two.kafka) as admin:
        admin.delete_records({TopicPartition(two.namespace.posts, 0): 240})
    refused(two, "listener rebase --accept-loss")
    assert "records 200 to 239 were removed" in two.workers[-1].said()
    said = rebased(two, "--accept-loss", "--partition", "0")
    assert said == "partition 0: counting goes on at offset 240\n"
    two.worker().ready()
    two.counted()
    assert two.total() == 320
    assert two.outcomes() == {"counted": 320}


def test_rebase_refuses_while_workers_run_and_asks_first(two: Cluster) -> None:
    two.worker().ready()
    done = two.command("rebase", "--yes", "--wait", "0")
    assert done.returncode == 2
    assert "1 workers of" in done.stderr
    assert "stop them" in done.stderr
    done = two.command("rebase", "--yes", "--partition", "2")
    assert done.returncode == 2
    assert "partitions 0 to 1 only" in done.stderr
    assert two.workers[-1].terminate() == 0
    before = two.progress()
    done = two.command("rebase", "--rebuild")
    assert done.returncode == 1
    assert "cannot be undone" in done.stdout
    assert two.progress() == before


def test_rebase_of_an_app_that_never_counted(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> None:
    with cluster(broker.settings, namespace, tmp_path) as made:
        made.create()
        done = made.command("rebase", "--yes")
        assert done.returncode == 2
        assert "no progress cell" in done.stderr
        made.produce(posts(0, 3))
        rebased(made, "--rebuild")
        made.worker().ready()
        made.counted()
        assert made.total() == 3
