"""Workers on a real broker: what is delivered, what is durable at a stop, and who counts what."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.ports import free_ports
from listener.kafka.settings import KafkaSettings
from models.outcome import HEADER_SIZE
from models.post import MAX_RECORD_BYTES
from models.streams import STREAMS
from models.topics import Namespace
from tests.integration.workers import Cluster, Record, Worker, cluster, post, posts, until

pytestmark = pytest.mark.broker


@pytest.fixture
def one(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of one partition."""
    with cluster(broker.settings, namespace, tmp_path) as made:
        yield made.create()


@pytest.fixture
def two(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of two partitions."""
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        yield made.create()


def test_an_empty_topic_then_posts_then_a_stop(one: Cluster) -> None:
    worker = one.worker().ready()
    assert one.progress()[0].outcomes == (0,) * 6
    assert one.progress()[0].sets, "the campaign set is in force before anything is counted"
    full = post(1, "snapp " + "ا" * 400_000)
    assert full.value
    full.value += b" " * (MAX_RECORD_BYTES - len(full.value))
    headed = post(2)
    headed.headers = [("traceparent", b"00-1"), ("empty", b"")]
    one.produce([full, headed, *posts(3, 500), *posts(1000, 500, text="nothing")])
    one.counted()
    one.produce(posts(2000, 700))
    # A stop makes durable what was fetched; what was not is for the next owner.
    until(lambda: one.workers[0].partitions()[0]["position"] == 1702, "all to be folded")
    assert worker.terminate() == 0
    assert one.offsets() == {0: (0, 1702, 1702)}
    assert one.outcomes() == {"counted": 1202, "unmatched": 500}
    assert one.total() == 1202
    assert one.read(one.namespace.dead_letters) == []


def test_a_restart_counts_on(one: Cluster) -> None:
    one.produce(posts(0, 300))
    first = one.worker().ready()
    one.counted()
    first.kill()
    one.produce(posts(300, 300))
    one.worker().ready()
    one.counted()
    assert one.outcomes() == {"counted": 600}
    assert one.total() == 600


def test_only_committed_transactions_count(two: Cluster) -> None:
    """Aborted records are never seen, and neither they nor the transactions' markers are a gap."""
    two.produce(posts(0, 50), "commit")
    two.produce(posts(100, 70), "abort")
    two.produce(posts(200, 30, partition=1), "abort")
    worker = two.worker().ready()
    two.counted()
    assert two.total() == 50
    two.produce(posts(300, 20), "abort")
    two.produce([*posts(400, 40), *posts(500, 5, partition=1)], "commit")
    two.produce(posts(600, 3))
    two.counted()
    assert two.total() == 98
    assert worker.metrics()["listener_worker_lag_records", "0"] == 0
    assert worker.terminate() == 0
    stamps = {number: progress.stamp for number, progress in two.progress().items()}
    assert {number: committed for number, (_, _, committed) in two.offsets().items()} == {
        number: stamp + 1 for number, stamp in stamps.items()
    }
    # Another start goes on behind the markers, without a gap and without a second count.
    two.worker().ready()
    two.produce(posts(700, 2), "commit")
    two.counted()
    assert two.outcomes() == {"counted": 100}
    assert two.total() == 100


def test_two_workers_share_and_take_over(two: Cluster) -> None:
    first = two.worker().ready()
    two.produce([*posts(0, 400), *posts(1000, 400, partition=1)])
    second = two.worker().ready()
    until(lambda: sorted([*first.partitions(), *second.partitions()]) == [0, 1], "each partition to have one owner")
    assert len(first.partitions()) == len(second.partitions()) == 1
    two.produce([*posts(400, 400), *posts(1400, 400, partition=1)])
    two.counted()
    two.produce([*posts(800, 400), *posts(1800, 400, partition=1)])
    assert first.terminate() == 0
    until(lambda: sorted(second.partitions()) == [0, 1], "the other to take over")
    two.produce([*posts(1200, 100, partition=0), *posts(2200, 100, partition=1)])
    two.counted()
    # Post ids 1200 to 1299 were on partition 1 before: other entities there, so each is one mention more.
    assert two.outcomes() == {"counted": 2600}
    assert two.total() == 2600
    assert second.terminate() == 0


def test_a_worker_more_than_partitions_waits_and_takes_over(one: Cluster) -> None:
    workers = [one.worker().ready() for _ in range(2)]
    owners = until(lambda: _owners(workers), "one of them to own all, the other nothing")
    one.produce(posts(0, 300))
    one.counted()
    owner, spare = owners
    assert spare._get("/livez")
    assert spare._get("/readyz")
    owner.kill()
    one.produce(posts(300, 300))
    one.counted()
    assert sorted(spare.partitions()) == [0]
    assert (one.outcomes(), one.total()) == ({"counted": 600}, 600)


def _owners(workers: list[Worker]) -> list[Worker] | None:
    """The owner of all partitions and the one that has none, once it is so."""
    if not all(worker._get("/readyz") for worker in workers):
        return None
    owned = {worker.metrics()["listener_worker_partitions", ""]: worker for worker in workers}
    return [owned[len(STREAMS)], owned[0]] if set(owned) == {0, len(STREAMS)} else None


# ── what the user mends ──


def test_without_topics(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> None:
    with cluster(broker.settings, namespace, tmp_path) as made:
        (tmp_path / "campaigns").mkdir()
        worker = made.worker()
        assert worker.wait() == 2
        assert f"there is no topic {namespace.posts}: `listener topics create`" in worker.said()


def test_without_a_broker(namespace: Namespace, tmp_path: Path) -> None:
    nobody = KafkaSettings((f"127.0.0.1:{free_ports(0, secure=False).plain}",))
    with cluster(nobody, namespace, tmp_path) as made:
        (tmp_path / "campaigns").mkdir()
        worker = made.worker()
        assert worker.wait() == 2
        assert "does not answer" in worker.said()
        assert "Traceback" not in worker.said()


# ── records that nobody meant to send ──

GOOD = "good"


def good(number: int) -> tuple[str, Record]:
    return GOOD, post(number)


def changed(number: int, **fields: Any) -> Record:
    return post(number, **fields)


def raw(text: str) -> Record:
    return Record(text.encode(), key=b"k")


def nested(depth: int) -> Record:
    body = post(9000).value or b""
    return Record(body[:-1] + b',"deep":' + b"[" * depth + b"]" * depth + b"}", key=b"deep")


def poison() -> list[tuple[str, Record]]:
    """(outcome, or reason of the dead letter; record)."""
    surrogate = (post(20).value or b"").replace(b'"snapp"', b'"snapp \\ud83d"')
    counted_surrogate = (post(21).value or b"").replace(b'"platform"', b'"lang":"\\udc00","platform"')
    return [
        good(0),
        ("json", raw('{"op": "create", "observed_at"')),
        ("json", raw("snapp")),
        ("schema", raw('["snapp"]')),
        ("schema", raw("{}")),
        ("schema", raw('{"op": "explode", "observed_at": "2020-01-01T00:00:00Z"}')),
        ("schema", raw('{"op": "create", "observed_at": "yesterday"}')),
        good(1),
        ("encoding", Record((post(2).value or b"").replace(b"snapp", b"snapp \xff\xfe"), key=b"k")),
        ("encoding", Record(b"\xc0\x80")),
        ("json", Record(surrogate)),
        ("json", Record(counted_surrogate)),
        good(3),
        ("json", nested(100_000)),
        ("schema", changed(4, text=["snapp"])),
        ("schema", changed(5, platform="snapp")),
        ("schema", changed(6, post_id=7)),
        ("schema", changed(7, counts={"likes": -1})),
        ("schema", changed(8, counts={"likes": "12"})),
        ("schema", changed(9, counts={"likes": 10**30})),
        ("schema", changed(10, created_at="2020-01-01T00:00:00")),
        ("unmatched", changed(11, text=["no keyword, so nobody asks"])),
        good(12),
        ("json", raw('{"op": "create",\x00 "observed_at": "2020-01-01T00:00:00Z"}')),
        ("counted", changed(13, text="snapp \x00 \x1f")),
        ("late", changed(14, created_at="1970-01-01T00:00:00Z")),
        ("past", changed(15, created_at="0001-01-01T00:00:00+14:00")),
        ("late", changed(16, observed_at="1970-01-01T00:00:00Z", created_at="1970-01-01T00:00:00Z")),
        ("past", changed(17, observed_at="0001-01-01T00:00:00+14:00", created_at="0001-01-01T00:00:00+14:00")),
        ("future", changed(18, created_at="9999-12-31T23:59:59Z")),
        ("future", changed(19, observed_at="9999-12-31T23:59:59-14:00")),
        ("future", changed(22, text="nothing", observed_at="9999-12-31T23:59:59Z")),
        ("empty", Record(None, key=b"twitter:0")),
        ("empty", Record(b"")),
        ("json", Record(b"   ")),
        ("too_large", Record((post(23).value or b"") + b" " * MAX_RECORD_BYTES, key=b"big")),
        ("too_large", Record(b'{"op"', headers=[(HEADER_SIZE, b"2000000")])),
        good(24),
    ]


def test_poison_among_good_records(one: Cluster) -> None:
    worker = one.worker().ready()
    sent = poison()
    for number in range(0, len(sent), 5):
        one.produce([record for _, record in sent[number : number + 5]])
        assert worker.metrics()["listener_worker_partitions", ""] == len(STREAMS), "one of every stream"
    one.counted()
    outcomes = {"counted", "unmatched", "late"}
    letters = sorted((json.loads(value or b"") for *_, value in one.read(one.namespace.dead_letters)), key=_by_offset)
    wrong = {offset: (why, record) for offset, (why, record) in enumerate(sent) if why not in {*outcomes, GOOD}}
    assert {letter["offset"]: letter["reason"] for letter in letters} == {
        offset: why for offset, (why, _) in wrong.items()
    }
    assert len(letters) == len(wrong), "one letter each"
    for letter in letters:
        _, record = wrong[letter["offset"]]
        value, key = record.value or b"", record.key
        assert base64.b64decode(letter["raw"]) == value[: 64 * 1024]
        assert letter["size"] == (2_000_000 if record.headers else len(value))
        assert (letter["topic"], letter["partition"]) == ("social.posts.v1", 0)
        assert letter["key"] == (None if key is None else base64.b64encode(key).decode())
        assert letter["detail"]
    found = one.outcomes()
    whys = [why for why, _ in sent]
    expected = {
        "counted": whys.count(GOOD) + whys.count("counted"),
        "unmatched": whys.count("unmatched"),
        "late": whys.count("late"),
        "invalid": len(wrong),
    }
    assert found == expected
    assert sum(found.values()) == len(sent)
    assert one.total() == expected["counted"]
    assert one.progress()[0].reasons == {why: whys.count(why) for why, _ in wrong.values()}
    assert "Traceback" not in worker.said()
    assert worker.terminate() == 0


def _by_offset(letter: dict[str, Any]) -> int:
    offset: int = letter["offset"]
    return offset


def test_a_cap_on_dead_letters_stops_the_worker(one: Cluster) -> None:
    one.produce([*posts(0, 100), *[Record(b"{") for _ in range(1100)], *posts(100, 100)])
    worker = one.worker()
    assert worker.wait() == 3
    assert "1000 invalid records in a row" in worker.said()
    assert "--dlq-cap off" in worker.said()
    again = one.worker()
    assert again.wait() == 3, "a restart does not forget"
    going_on = one.worker("--dlq-cap", "off").ready()
    one.counted()
    assert one.outcomes() == {"counted": 200, "invalid": 1100}
    offsets = {json.loads(value or b"")["offset"] for *_, value in one.read(one.namespace.dead_letters)}
    assert offsets == set(range(100, 1200))
    assert going_on.terminate() == 0
