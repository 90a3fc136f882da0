"""Fetches taken apart: aiokafka's own way of doing it is the oracle."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from hypothesis import given
from hypothesis import strategies as st

from listener.engine.consumer import UNTAKEN_S, ChunkConsumerThread, _unpack
from listener.kafka.batches import WholeBatches

TP = TopicPartition("social.posts.v1", 3)
PRODUCERS = (7, 8)


class Batch(NamedTuple):
    """What is put into one: offsets from its first, and how it was written."""

    offsets: tuple[int, ...] = (0,)
    gap: int = 0
    producer: int = -1
    transactional: bool = False
    codec: int = 0
    headers: bool = False

    def written(self, base: int) -> bytes:
        builder = DefaultRecordBatchBuilder(
            magic=2, compression_type=self.codec, is_transactional=self.transactional, producer_id=self.producer,
            producer_epoch=0, base_sequence=0, batch_size=1_000_000,
        )  # fmt: skip
        for offset in self.offsets:
            at = base + offset
            headers: Sequence[tuple[str, bytes]] = [("at", b"%d" % at)] if self.headers and offset % 2 else ()
            key, value = (b"k%d" % at if at % 3 else None), (b"v" * (at % 50) if at % 5 else None)
            builder.append(offset, 1_700_000_000_000 + at * 7, key, value, list(headers))
        return base.to_bytes(8, "big") + bytes(builder.build()[8:])


BATCHES = st.lists(
    st.builds(
        Batch,
        offsets=st.lists(st.integers(0, 9), min_size=1, max_size=8, unique=True).map(sorted).map(tuple)
        | st.integers(1, 9).map(range).map(tuple),
        gap=st.integers(0, 3),
        producer=st.sampled_from(PRODUCERS),
        transactional=st.booleans(),
        codec=st.sampled_from([0, 1]),
        headers=st.booleans(),
    ),
    max_size=6,
)


def fetched(batches: Sequence[Batch], position: int, aborted: Sequence[tuple[int, int]]) -> PartitionRecords:
    """The batches one after the other, from offset 0 on, asked for from ``position``."""
    data, base = b"", 0
    for batch in batches:
        data += batch.written(base)
        base += batch.offsets[-1] + 1 + batch.gap
    return PartitionRecords(TP, WholeBatches(data), list(aborted), position, None, None, True, READ_COMMITTED)  # noqa: FBT003


@given(BATCHES, st.integers(0, 30), st.lists(st.tuples(st.sampled_from(PRODUCERS), st.integers(0, 40)), max_size=2))
def test_a_fetch_is_what_aiokafka_makes_of_it(
    batches: list[Batch], position: int, aborted: list[tuple[int, int]]
) -> None:
    ours, theirs = fetched(batches, position, aborted), fetched(batches, position, aborted)
    chunk, expected = _unpack(ours), list(theirs)
    assert (chunk.begin, chunk.end) == (position, theirs.next_fetch_offset)
    assert ours.next_fetch_offset == chunk.end, "the position moves with it"
    found = list(zip(chunk.offsets, chunk.timestamps, chunk.keys, chunk.values, strict=True))
    assert found == [(one.offset, one.timestamp, one.key, one.value) for one in expected]
    assert chunk.headers == {index: dict(one.headers) for index, one in enumerate(expected) if one.headers}


def test_nothing_is_asked_of_a_broker_while_its_records_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher = SimpleNamespace(_prefetch_backoff=0.1)

    async def started(thread: Any) -> None:
        thread._consumer = SimpleNamespace(_fetcher=fetcher)

    monkeypatch.setattr(AIOKafkaConsumerThread, "on_start", started)
    thread = object.__new__(ChunkConsumerThread)
    asyncio.run(thread.on_start())
    assert fetcher._prefetch_backoff == UNTAKEN_S
