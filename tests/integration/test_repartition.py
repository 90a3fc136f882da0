"""More partitions for a topic that has been counted: counts go on as if nothing had happened, whatever goes wrong."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from listener.inputs.reading import partition
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import check_topics, declared_topics
from listener.worker import repartition
from listener.worker.moving import Mover
from listener.worker.places import Place
from listener.worker.publisher import Publisher, create_producer
from models.cells import ENTITIES, PROGRESS
from models.mention import Mention, unpack_mention
from models.post import POSTS_TOPIC
from models.progress import Progress, pack_progress, progress_key
from models.streams import POSTS as POSTS_STREAM
from models.topics import Namespace
from processors.repartition import Change
from tests.integration.workers import Cluster, Record, cluster

pytestmark = pytest.mark.broker
POSTS = 120
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


def record(number: int, partitions: int, op: str, minute: int, likes: int = 0) -> Record:
    """What happens to a post, where a producer that sees so many partitions puts it."""
    key = f"twitter:{number}"
    body = {
        "event_id": f"{op}{number}-{minute}",
        "schema_version": 1,
        "observed_at": (START + timedelta(minutes=minute)).isoformat(),
        "op": op,
        "post_id": key,
        "platform": "twitter",
        "created_at": START.isoformat(),
        "counts": {"likes": likes},
    }
    if op == "create":
        body["text"] = f"snapp {number}"
    return Record(json.dumps(body).encode(), partition(key.encode(), partitions), key.encode())


def written(partitions: int) -> list[Record]:
    return [record(number, partitions, "create", 0) for number in range(POSTS)]


def liked(partitions: int, minute: int, likes: int) -> list[Record]:
    return [record(number, partitions, "engagement", minute, likes) for number in range(POSTS)]


@pytest.fixture
def two(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    """Two partitions with posts that have three likes each; no worker runs any more."""
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        made.produce([*written(2), *liked(2, 1, 3)])
        made.worker().ready()
        made.counted()
        assert made.workers[0].terminate() == 0
        yield made


def to_three(cluster: Cluster, *options: str) -> str:
    done = cluster.command("repartition", "--partitions", "3", "--yes", "--settle", "0", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def entities(cluster: Cluster) -> Counter[bytes]:
    """How many partitions keep each entity; each is where its next record will be."""
    found = Counter(key for tables in cluster.tables().values() for key in tables[ENTITIES])
    for number, tables in cluster.tables().items():
        assert {partition(key, cluster.partitions) for key in tables[ENTITIES]} <= {number}
    return found


def mentions(cluster: Cluster) -> list[tuple[int, Mention]]:
    """What is on the mentions topic, with the partition."""
    return [(number, unpack_mention(value)) for number, _, value in cluster.read(cluster.namespace.mentions) if value]


def test_counts_go_on_with_more_partitions(two: Cluster) -> None:
    before = two.total(), two.total("likes"), two.outcomes()
    assert before[:2] == (POSTS, 3 * POSTS)
    keys = [f"twitter:{number}".encode() for number in range(POSTS)]
    moving = sum(partition(key, 3) != partition(key, 2) for key in keys)
    said = to_three(two)
    assert said == (
        f"3 partitions: {moving} entities and {2 * moving} mentions have moved, "
        "0 records that were not counted yet were sent again\n"
    )
    two.partitions = 3
    assert check_topics(two.kafka, declared_topics(two.namespace, 3)) == []
    assert (two.total(), two.total("likes"), two.outcomes()) == before
    assert entities(two) == Counter(keys)
    # Every mention is there once, with its counters, where its deletion will be, and nothing is left where it was.
    assert Counter((one.entity, one.op) for _, one in mentions(two)) == Counter(
        {(f"twitter:{number}", op): 1 for number in range(POSTS) for op in ("create", "engagement")}
    )
    assert all(where == one.origin.partition == partition(one.entity.encode(), 3) for where, one in mentions(two))
    # Seven likes are four more; a repeated creation is no new mention; what is deleted is taken back.
    two.produce([*written(3), *liked(3, 5, 7), *(record(n, 3, "delete", 6) for n in range(10))])
    two.worker().ready()
    two.counted()
    assert two.total() == POSTS
    assert two.total("mentions_net") == POSTS - 10
    assert two.total("likes") == 7 * POSTS
    assert two.total("likes_net") == 7 * (POSTS - 10)
    assert to_three(two) == "all topics have 3 partitions: nothing to do\n"


class Cut(Exception):  # noqa: N818 - no fault
    """The run ends here."""


WHOLE = Mover.entities


async def cut(*_: object) -> int:
    raise Cut


async def cut_behind_the_first(self: Mover, place: Place, change: Change) -> int:
    return await WHOLE(self, place, change) if place.partition == 0 else await cut()


def cut_at_once(*_: object) -> None:
    raise Cut


CUTS: Mapping[str, Callable[..., object]] = {
    "forward": cut,
    "footings": cut,
    "entities": cut_behind_the_first,
    "mentions": cut,
    "_cut": cut_at_once,
}


def test_a_run_that_was_cut_short_is_run_again(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    # The topic has grown by hand, and a producer that does not know it yet goes on by the old number.
    with admin_client(two.kafka) as admin:
        admin.create_partitions({two.namespace.posts: 3})
    two.produce(liked(2, 5, 7))
    for step, instead in CUTS.items():
        with monkeypatch.context() as patch:
            patch.setattr(Mover, step, instead)
            with pytest.raises(Cut):
                asyncio.run(repartition._run(two.kafka, repartition.Layout.of(two.kafka, two.namespace, 3), 0))
    worker = two.worker()
    assert worker.wait() == 2, worker.said()
    assert "listener repartition" in worker.said()
    to_three(two)
    two.partitions = 3
    assert (two.total(), two.total("likes")) == (POSTS, 3 * POSTS)
    assert set(entities(two).values()) == {1}
    newest = {(one.campaign, one.entity, one.op): where for where, one in mentions(two)}
    assert len(newest) == 2 * POSTS
    assert all(where == partition(entity.encode(), 3) for (_, entity, _), where in newest.items())
    # What was not counted was sent again and again, to where it belongs, and counts once.
    two.worker().ready()
    two.counted()
    assert (two.total(), two.total("likes")) == (POSTS, 7 * POSTS)


def test_it_refuses_what_it_cannot_do(two: Cluster) -> None:
    worker = two.worker().ready()
    done = two.command("repartition", "--partitions", "3", "--yes", "--wait", "0")
    assert (done.returncode, "1 workers of" in done.stderr) == (2, True), done.stderr
    # Keyed by something else: a post that is not where the default partitioner puts it.
    numbers = (number for number in range(1000, 2000))
    number = next(n for n in numbers if {partition(f"twitter:{n}".encode(), of) for of in (2, 3)} == {0})
    usual = record(number, 2, "create", 8)
    two.produce([Record(usual.value, 1, usual.key)])
    two.counted()
    assert worker.terminate() == 0
    for options, code, words in (
        (("--partitions", "1", "--yes"), 2, "Kafka takes none away"),
        (("--partitions", "3"), 1, "cannot be undone"),
        (("--partitions", "3", "--yes", "--settle", "0"), 2, f"twitter:{number}"),
    ):
        done = two.command("repartition", *options)
        assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done.stderr
    # Half a flush: only a worker can finish it.
    before = two.progress()[0]
    asyncio.run(written_progress(two, replace(before, durable=before.stamp - 5)))
    two.commit({0: before.stamp - 4})
    done = two.command("repartition", "--partitions", "3", "--yes", "--settle", "0")
    assert (done.returncode, "was cut short" in done.stderr) == (2, True), done.stderr
    assert two.command("topics", "check", "--partitions", "2").returncode == 0, "a refusal changes nothing"


async def written_progress(cluster: Cluster, progress: Progress) -> None:
    producer = create_producer(cluster.kafka)
    await producer.start()
    try:
        cell = (progress_key(POSTS_TOPIC, 0), pack_progress(progress))
        await Publisher(producer, cluster.namespace).tables(Place(POSTS_STREAM, 0), {PROGRESS: [cell]})
    finally:
        await producer.stop()
