"""Flush plans on the wire: split below the broker's limit, in the order that replays rely on, and nothing lost."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.kafka.settings import KafkaSettings
from listener.worker.places import posts
from listener.worker.publisher import BATCH_BYTES, Publisher, create_producer
from models.cells import ENTITIES, LIFETIME, PROGRESS
from models.outcome import DeadLetter, Reason, dead_letter
from models.progress import NO_OUTCOMES, Progress
from models.topics import Namespace
from processors.overlay import FlushPlan
from tests.unit.listener.worker.rig import settled

NAMESPACE = Namespace("app", "p.")
Sent = tuple[str, int | None, bytes | None, bytes | None]


class FakeProducer:
    """Real batches, no broker: what is sent is listed, and acknowledged when ``acknowledge`` says so."""

    def __init__(self, limit: int = BATCH_BYTES, *, at_once: bool = True) -> None:
        self.limit = limit
        self.sent: list[Sent] = []
        self.sizes: list[int] = []
        self.waiting: list[asyncio.Future[object]] = []
        self._at_once = at_once

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.limit, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[object]:
        batch.close()
        written = bytes(batch._build())
        self.sizes.append(len(written))
        records = MemoryRecords(written)
        while records.has_next():
            self.sent += [(topic, partition, record.key, record.value) for record in records.next_batch()]
        return self._future()

    async def send(self, topic: str, *, key: bytes, value: bytes) -> asyncio.Future[object]:
        self.sent.append((topic, None, key, value))
        return self._future()

    def _future(self) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self._at_once:
            future.set_result(None)
        else:
            self.waiting.append(future)
        return future

    def topics(self) -> list[str]:
        return [topic for topic, *_ in self.sent]


def letter(offset: int) -> DeadLetter:
    origin = ("social.posts.v1", 2, offset)
    return dead_letter(origin, Reason.JSON, "bad", b"{", {}, datetime(2020, 1, 1, tzinfo=UTC))


def plan(**parts: Any) -> FlushPlan:
    given_parts: dict[str, Any] = {"cells": {}, "letters": [], "entities": [], "tombstones": {}, **parts}
    progress = Progress(9, 8, NO_OUTCOMES, (), "topic")
    return FlushPlan(**given_parts, progress=progress, next_offset=10, records=1)


FULL = plan(
    cells={LIFETIME: [(b"cell", b"1")], PROGRESS: [(b"progress", b"2")]},
    letters=[letter(5), letter(6)],
    entities=[(b"post", b"3")],
    tombstones={"minute": [b"old"], ENTITIES: [b"gone"]},
)


def test_first_come_cells_and_progress() -> None:
    producer = FakeProducer()
    asyncio.run(Publisher(producer, NAMESPACE).first(posts(2), FULL))
    assert sorted(producer.sent) == [
        ("app-lifetime-changelog", 2, b"cell", b"1"),
        ("app-progress-changelog", 2, b"progress", b"2"),
    ]


def test_then_come_letters_and_only_then_entities_and_tombstones() -> None:
    producer = FakeProducer()
    asyncio.run(Publisher(producer, NAMESPACE).then(posts(2), FULL))
    assert producer.topics()[:2] == ["p.listener.dead_letters.v1"] * 2
    written = [msgspec.json.decode(value, type=DeadLetter) for *_, value in producer.sent[:2] if value]
    assert written == FULL.letters
    assert sorted(producer.sent[2:], key=str) == [
        ("app-entities-changelog", 2, b"gone", None),
        ("app-entities-changelog", 2, b"post", b"3"),
        ("app-minute-changelog", 2, b"old", None),
    ]


def test_no_entity_is_written_before_the_letters_are_acknowledged() -> None:
    async def scenario() -> None:
        producer = FakeProducer(at_once=False)
        task = asyncio.create_task(Publisher(producer, NAMESPACE).then(posts(2), FULL))
        await settled()
        assert producer.topics() == ["p.listener.dead_letters.v1"] * 2
        task.cancel()

    asyncio.run(scenario())


@pytest.mark.parametrize("step", ["first", "then"])
def test_a_step_returns_when_all_of_it_is_acknowledged(step: str) -> None:
    async def scenario() -> None:
        producer = FakeProducer(at_once=False)
        task = asyncio.create_task(getattr(Publisher(producer, NAMESPACE), step)(posts(2), FULL))
        await settled()
        assert len(producer.waiting) == 2
        for future in producer.waiting:
            assert not task.done()
            future.set_result(None)
            await settled()
        assert task.done()

    asyncio.run(scenario())


@pytest.mark.parametrize("refused", range(2))
def test_a_refused_write_is_an_error(refused: int) -> None:
    async def scenario() -> None:
        producer = FakeProducer(at_once=False)
        task = asyncio.create_task(Publisher(producer, NAMESPACE).first(posts(2), FULL))
        await settled()
        assert len(producer.waiting) == 2
        for number, future in enumerate(producer.waiting):
            if number == refused:
                future.set_exception(OSError("refused"))
            else:
                future.set_result(None)
        with pytest.raises(OSError, match="refused"):
            await task

    asyncio.run(scenario())


def test_nothing_to_write_sends_nothing() -> None:
    producer = FakeProducer()
    asyncio.run(Publisher(producer, NAMESPACE).tables(posts(0), {LIFETIME: [], ENTITIES: []}))
    assert producer.sent == []


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 400), max_size=60),
    tombstones=st.sets(st.integers(0, 60)),
    limit=st.integers(300, 2000),
)
def test_batches_are_split_and_nothing_is_lost(sizes: list[int], tombstones: set[int], limit: int) -> None:
    records = [(b"%d" % number, None if number in tombstones else bytes(size)) for number, size in enumerate(sizes)]
    producer = FakeProducer(limit)
    asyncio.run(Publisher(producer, NAMESPACE).tables(posts(1), {LIFETIME: records}))
    assert [(key, value) for *_, key, value in producer.sent] == records, "all of it, in order"
    # One record that is larger than a batch goes alone; else batches keep to the limit.
    assert all(size <= max(limit, 600) for size in producer.sizes)


def test_full_batches_are_filled() -> None:
    producer = FakeProducer()
    asyncio.run(
        Publisher(producer, NAMESPACE).tables(posts(1), {LIFETIME: [(b"%d" % n, bytes(1000)) for n in range(2000)]})
    )
    assert len(producer.sizes) == 3
    assert max(producer.sizes) <= BATCH_BYTES
    assert min(producer.sizes[:-1]) > BATCH_BYTES - 2000


def test_the_producer_waits_for_all_replicas_and_repeats_nothing() -> None:
    async def scenario() -> None:
        producer = create_producer(KafkaSettings(("nowhere:9092",)))
        assert producer._sender._acks == -1
        assert producer._txn_manager is not None, "idempotence"
        assert producer._txn_manager.transactional_id is None
        await producer.stop()

    asyncio.run(scenario())
