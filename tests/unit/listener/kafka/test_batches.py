"""Batches of records, whole and not."""

from typing import Any

import aiokafka.consumer.fetcher
import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from listener.kafka import batches
from listener.kafka.batches import WholeBatches

NO_CODEC, GZIP = 0, 1


def batch(*offsets: int, base: int = 0, codec: int = NO_CODEC) -> bytes:
    """A batch with a record at each of these offsets from ``base``."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1_000_000,
    )  # fmt: skip
    for offset in offsets:
        builder.append(offset, 1_700_000_000_000 + offset, b"k%d" % offset, b"v" * offset, [])
    written = builder.build()
    return base.to_bytes(8, "big") + bytes(written[8:])


def read(data: bytes) -> list[tuple[int, bool]]:
    """(offset of each record, whether its batch is dense)."""
    found = WholeBatches(data)
    out = []
    while found.has_next():
        one = found.next_batch()
        out += [(record.offset, found.dense) for record in one]
    return out


@pytest.mark.parametrize("codec", [NO_CODEC, GZIP])
def test_batches_are_read_in_order_and_say_whether_records_are_left_out(codec: int) -> None:
    data = batch(0, 1, 2, base=7, codec=codec) + batch(0, 2, base=10, codec=codec) + batch(0, base=20, codec=codec)
    dense, sparse = [(7, True), (8, True), (9, True)], [(10, False), (12, False)]
    assert read(data) == [*dense, *sparse, (20, True)]
    assert WholeBatches(data).size_in_bytes() == MemoryRecords(data).size_in_bytes() == len(data)


def test_a_batch_that_is_cut_off_waits_for_the_next_fetch() -> None:
    data = batch(0, 1) + batch(0, 1, base=2)[:-1]
    assert read(data) == [(0, True), (1, True)]
    assert not WholeBatches(b"").has_next()


@given(st.data())
def test_no_byte_that_the_checksum_covers_changes_unseen(data: st.DataObject) -> None:
    first, second = batch(0, 1, 2), batch(0, 1, base=3)
    at = len(first) + data.draw(st.integers(17, len(second) - 1), "byte of the second batch")
    damaged = bytearray(first + second)
    damaged[at] ^= data.draw(st.integers(1, 255), "bits")
    found = WholeBatches(bytes(damaged))
    found.next_batch()
    with pytest.raises(CorruptRecordException, match=rf"batch of {len(second)} bytes has a wrong checksum"):
        found.next_batch()


@pytest.mark.parametrize("damage", [0, 1])
def test_where_nothing_is_compiled_aiokafka_checks(monkeypatch: pytest.MonkeyPatch, damage: int) -> None:
    monkeypatch.setattr(batches, "_IS_COMPILED", False)
    data = bytearray(batch(0, 1))
    data[-1] ^= damage
    if damage:
        with pytest.raises(CorruptRecordException):
            read(bytes(data))
    else:
        assert read(bytes(data)) == [(0, False), (1, False)]


def test_the_compiled_checksum_is_installed() -> None:
    assert batches._IS_COMPILED


@pytest.mark.parametrize("damage", [0, 1])
def test_older_formats_are_read_as_well(damage: int) -> None:
    data = bytearray(legacy(5, b"value"))
    data[-1] ^= damage
    if damage:
        with pytest.raises(CorruptRecordException):
            read(bytes(data))
    else:
        assert read(bytes(data)) == [(5, False)]


def legacy(offset: int, value: bytes) -> bytes:
    """A message as brokers before 0.11 keep it."""
    from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

    builder: Any = LegacyRecordBatchBuilder(magic=1, compression_type=NO_CODEC, batch_size=10_000)
    builder.append(offset, timestamp=1_700_000_000_000, key=None, value=value)
    return bytes(builder.build())


def test_aiokafka_reads_what_it_fetched_so() -> None:
    assert aiokafka.consumer.fetcher.MemoryRecords is WholeBatches
