"""Reading changelogs from a real broker: to the end, on from there, past compaction, and through its absence."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient, KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition

from listener.changelog import ChangelogReader, Records, read_from, read_to_end
from listener.errors import Halt, UsageProblem
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import TopicSpec, create_topics, declared_topics
from models.topics import Namespace

pytestmark = pytest.mark.broker

PATIENCE_S = 120.0


def changelog(broker: EmbeddedKafka, namespace: Namespace, table: str = "minute", **config: str) -> str:
    """A changelog of two partitions; returns its name."""
    specs = [spec for spec in declared_topics(namespace, 2) if spec.name == namespace.changelog(table)]
    create_topics(broker.settings, [with_config(spec, config) for spec in specs])
    return namespace.changelog(table)


def with_config(spec: TopicSpec, config: Mapping[str, str]) -> TopicSpec:
    return replace(spec, extra={**spec.extra, **{name.replace("_", "."): value for name, value in config.items()}})


def produce(settings: KafkaSettings, tp: TopicPartition, rows: Iterable[tuple[str, str | None]]) -> None:
    with contextlib.closing(KafkaProducer(**settings.kafka_python(), batch_size=2_000)) as producer:
        for key, value in rows:
            text = None if value is None else value.encode()
            producer.send(tp.topic, key=key.encode(), value=text, partition=tp.partition)
        producer.flush(PATIENCE_S)


def read(
    settings: KafkaSettings, *tps: TopicPartition
) -> tuple[dict[TopicPartition, Records], dict[TopicPartition, int]]:
    """(records, positions) of a reading from the beginning to the end."""
    found: dict[TopicPartition, Records] = {tp: [] for tp in tps}
    positions = asyncio.run(read_to_end(settings, tps, lambda tp, records: found[tp].extend(records)))
    return found, positions


def test_every_record_in_order_from_the_beginning_to_the_end(broker: EmbeddedKafka, namespace: Namespace) -> None:
    topic = changelog(broker, namespace)
    full, empty = TopicPartition(topic, 0), TopicPartition(topic, 1)
    produce(broker.settings, full, [(f"k{n}", f"v{n}") for n in range(5_000)] + [("k7", None)])
    found, positions = read(broker.settings, full, empty)
    assert found[full][:5_000] == [(n, b"k%d" % n, b"v%d" % n) for n in range(5_000)]
    assert found[full][5_000:] == [(5_000, b"k7", None)]
    assert found[empty] == []
    assert positions == {full: 5_001, empty: 0}


def test_reading_on_from_the_middle_of_a_batch(broker: EmbeddedKafka, namespace: Namespace) -> None:
    tp = TopicPartition(changelog(broker, namespace), 0)
    produce(broker.settings, tp, [(f"k{n}", "v") for n in range(100)])
    found: Records = []
    take = lambda _tp, records: found.extend(records)  # noqa: E731
    assert asyncio.run(read_from(broker.settings, {tp: 93}, take)) == {tp: 100}
    assert [offset for offset, _, _ in found] == list(range(93, 100))
    assert asyncio.run(read_from(broker.settings, {tp: 100}, take)) == {tp: 100}
    assert asyncio.run(read_from(broker.settings, {}, take)) == {}
    assert len(found) == 7


def test_records_that_come_while_it_follows(broker: EmbeddedKafka, namespace: Namespace) -> None:
    topic = changelog(broker, namespace)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    produce(broker.settings, first, [("a", "1")])

    async def scenario() -> list[tuple[TopicPartition, bytes]]:
        seen: list[tuple[TopicPartition, bytes]] = []
        async with (
            asyncio.timeout(PATIENCE_S),
            AIOKafkaProducer(**broker.settings.aiokafka()) as producer,
            ChangelogReader(broker.settings, {first: None, second: None}) as reader,
        ):
            for tp in (first, second, first):
                while not reader.caught_up or len(seen) < 1:
                    seen += flat(await reader.next())
                known = len(seen)
                await producer.send_and_wait(tp.topic, key=b"b", value=b"%d" % known, partition=tp.partition)
                while len(seen) == known:
                    seen += flat(await reader.next())
            assert reader.positions == reader.ends == {first: 3, second: 1}
        return seen

    assert asyncio.run(scenario()) == [(first, b"1"), (first, b"1"), (second, b"2"), (first, b"3")]


def flat(batch: tuple[TopicPartition, Records] | None) -> list[tuple[TopicPartition, bytes | None]]:
    return [] if batch is None else [(batch[0], value) for _, _, value in batch[1]]


def test_what_compaction_and_deletion_removed_is_passed(broker: EmbeddedKafka, namespace: Namespace) -> None:
    topic = changelog(broker, namespace, segment_ms="100", min_compaction_lag_ms="0", min_cleanable_dirty_ratio="0.01")
    tp = TopicPartition(topic, 0)
    produce(broker.settings, tp, [(f"k{n % 5}", f"v{n}") for n in range(1_000)])
    deadline = time.monotonic() + PATIENCE_S
    written = 1_000
    while True:
        # Only an append closes a segment, and only closed ones are compacted.
        produce(broker.settings, tp, [("last", f"v{written}")])
        written += 1
        found, positions = read(broker.settings, tp)
        assert positions == {tp: written}
        if len(found[tp]) < 100:
            break
        assert time.monotonic() < deadline, "no compaction"
        time.sleep(0.2)
    assert {key: value for _, key, value in found[tp]} == {b"k%d" % n: b"v%d" % (995 + n) for n in range(5)} | {
        b"last": b"v%d" % (written - 1)
    }


def test_a_log_that_begins_later_or_ends_earlier_than_asked_for(broker: EmbeddedKafka, namespace: Namespace) -> None:
    tp = TopicPartition(changelog(broker, namespace, cleanup_policy="compact,delete"), 0)
    produce(broker.settings, tp, [(f"k{n}", "v") for n in range(100)])
    with KafkaAdminClient(**broker.settings.kafka_python()) as admin:
        admin.delete_records({KafkaTopicPartition(tp.topic, tp.partition): 60})
    found, positions = read(broker.settings, tp)
    assert [offset for offset, _, _ in found[tp]] == list(range(60, 100))
    assert positions == {tp: 100}
    for lost in (59, 101):
        with pytest.raises(Halt, match=rf"offset {lost} is asked for, but the log has 60 to 100"):
            asyncio.run(read_from(broker.settings, {tp: lost}, lambda _tp, _records: None))


def test_what_does_not_exist_is_named(broker: EmbeddedKafka, namespace: Namespace) -> None:
    with pytest.raises(UsageProblem, match=r"there is no topic nowhere-at-all.*listener topics create"):
        read(broker.settings, TopicPartition("nowhere-at-all", 0))
    topic = changelog(broker, namespace)
    with pytest.raises(UsageProblem, match=f"topic {topic} has no partition 7"):
        read(broker.settings, TopicPartition(topic, 7))


def test_no_broker_is_a_problem_the_user_can_mend() -> None:
    with pytest.raises(UsageProblem, match=r"127.0.0.1:1 does not answer"):
        read(KafkaSettings(("127.0.0.1:1",)), TopicPartition("t", 0))


def test_a_broker_that_goes_away_is_waited_for(namespace: Namespace) -> None:
    with EmbeddedKafka() as kafka:
        tp = TopicPartition(changelog(kafka, namespace), 0)
        produce(kafka.settings, tp, [("a", "1")])

        async def scenario() -> list[tuple[TopicPartition, bytes | None]]:
            seen: list[tuple[TopicPartition, bytes | None]] = []
            async with asyncio.timeout(PATIENCE_S), ChangelogReader(kafka.settings, {tp: None}) as reader:
                while not seen:
                    seen += flat(await reader.next())
                await asyncio.to_thread(kafka.restart)
                await asyncio.to_thread(produce, kafka.settings, tp, [("a", "2")])
                while len(seen) == 1:
                    seen += flat(await reader.next())
            return seen

        assert asyncio.run(scenario()) == [(tp, b"1"), (tp, b"2")]
