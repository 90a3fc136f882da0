"""Record batches as they are fetched, each checked with the processor's CRC-32C: importing this makes aiokafka do so.

A batch whose checksum is wrong must not be counted. aiokafka computes it step by step, a fifth of what a fetch costs;
processors have an instruction for it, which takes a tenth of that (docs/decisions/097-what-a-fetch-costs.md).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiokafka.consumer.fetcher
import google_crc32c
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

#: Of any batch: how many bytes follow the first 12, and the version of its format.
_ANY: Final = struct.Struct(">8xi4xB")
_BEFORE_SIZED: Final = 12
#: Of one in the present format: the checksum of all bytes from 21 on, the last record's offset from the first one's,
#: and the number of records.
_PRESENT: Final = struct.Struct(">17xI2xi30xi")
_CHECKED_FROM: Final = 21
_VERSION: Final = 2
#: Where there is no compiled one, aiokafka's is faster.
_IS_COMPILED: Final = google_crc32c.implementation == "c"


class WholeBatches:
    """aiokafka's ``MemoryRecords``, but ``next_batch`` raises CorruptRecordException for one that is not whole.

    ``dense``: whether the last one surely has a record at every offset up to its last.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._batches = MemoryRecords(data)
        self._at = 0
        self.dense = False

    def size_in_bytes(self) -> int:
        """How much there is."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether another complete batch follows."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """The next one."""
        at, batch = self._at, self._batches.next_batch()
        size, version = _ANY.unpack_from(self._data, at)
        self._at = end = at + _BEFORE_SIZED + size
        self.dense = False
        if version == _VERSION and _IS_COMPILED:
            checksum, last, records = _PRESENT.unpack_from(self._data, at)
            is_whole = google_crc32c.value(self._data[at + _CHECKED_FROM : end]) == checksum
            self.dense = records == last + 1
        else:
            is_whole = batch.validate_crc()
        if not is_whole:
            raise CorruptRecordException(f"a batch of {end - at} bytes has a wrong checksum")
        return batch


@contextmanager
def naming(tp: TopicPartition) -> Iterator[None]:
    """Batches are of this partition: one that is not whole is said to be."""
    try:
        yield
    except CorruptRecordException as error:
        raise CorruptRecordException(f"{tp.topic}/{tp.partition}: {error}") from error


# aiokafka's fetcher has no argument for it: it looks at what it got with the name that stands there.
aiokafka.consumer.fetcher.MemoryRecords = WholeBatches
