"""Recovery: the tables of newly owned partitions from their changelogs, and where to read on."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from aiokafka import TopicPartition

from listener.changelog import Records, read_to_end
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import topic_id
from listener.worker.sets import SetStore
from listener.worker.stamps import STAMPS
from listener.worker.tail import Last, Tail
from models.cells import TABLES
from models.topics import Namespace
from processors.overlay import CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Source, resume

_log = logging.getLogger("listener.worker.recovery")


class Store(Protocol):
    """A table's data, by partition."""

    def partition(self, number: int) -> dict[bytes, bytes]:
        """The durable state of one partition."""

    def drop(self) -> None:
        """Forget all partitions."""


def merge(
    part: dict[bytes, bytes], records: Records, stamp: Callable[[bytes], Any], behind: dict[bytes, bytes | None]
) -> None:
    """Take changelog records over: the highest stamp per key wins, at equal stamps the later record.

    A zombie's late append has a lower stamp than what the new owner wrote before it. ``behind`` is given those that are
    still the last record of their key: compaction would keep them.
    """
    for _, key, value in records:
        known = part.get(key)
        if value is not None and known is not None and stamp(value) < stamp(known):
            behind[key] = value
            continue
        behind.pop(key, None)
        if value is None:
            part.pop(key, None)
        else:
            part[key] = value


@dataclass
class Reading:
    """What a recovery read beside the tables: how many records, up to where, and by partition what is not ours."""

    records: int = 0
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    behind: dict[int, Last] = field(default_factory=dict)


@dataclass
class Recovery:
    """Builds the planes of partitions. ``stores``: table → store; ``sources``: (first, end, committed) by partition."""

    kafka: KafkaSettings
    namespace: Namespace
    sets: SetStore
    clock: Callable[[], datetime]
    retention: bool = True
    capped: bool = True
    stores: Mapping[str, Store] | None = None
    sources: Callable[[set[int]], Awaitable[Mapping[int, tuple[int, int, int | None]]]] | None = None
    current: CompiledSet | None = None
    seconds: float | None = None
    records: int = 0
    _last: Reading = field(default_factory=Reading)

    async def planes(self, partitions: set[int]) -> dict[int, PartitionPlane]:
        """Recover ``partitions`` and put a plane on each, ready to count from its position."""
        if self.stores is None or self.sources is None:
            raise RuntimeError("recovery is not wired to an engine yet")
        self.drop()
        if not partitions:
            return {}
        began = time.monotonic()
        topic, offsets, self._last = await asyncio.gather(
            asyncio.to_thread(topic_id, self.kafka, self.namespace.posts),
            self.sources(partitions),
            self._read(partitions, self.stores),
        )
        planes = {}
        for number in sorted(partitions):
            first, end, committed = offsets[number]
            planes[number] = await self._plane(number, Source(number, topic, first, end, committed))
        self.seconds, self.records = time.monotonic() - began, self._last.records
        _log.info("recovered partitions %s: %d records in %.2f s", sorted(partitions), self.records, self.seconds)
        return planes

    def tail(self, partition: int) -> Tail:
        """The changelogs of a partition from where recovery stopped reading."""
        topics = {self.namespace.changelog(table) for table in TABLES}
        mine = {tp: at for tp, at in self._last.positions.items() if tp.partition == partition and tp.topic in topics}
        return Tail(self.kafka, self.namespace, mine)

    def behind(self, partition: int) -> Last:
        """The keys of a partition whose last changelog record is none that counts: a zombie wrote it."""
        return self._last.behind.get(partition, {})

    def drop(self) -> None:
        """Forget what was recovered: another worker may own it now."""
        for store in (self.stores or {}).values():
            store.drop()

    async def _plane(self, number: int, source: Source) -> PartitionPlane:
        tables = {table: store.partition(number) for table, store in (self.stores or {}).items()}
        found = resume(tables, source)
        sets = [(one.since, await self.sets.compiled(one.version)) for one in found.progress.sets]
        return PartitionPlane(
            number, tables, found, sets, clock=self.clock, retention=self.retention, capped=self.capped
        )

    async def _read(self, partitions: set[int], stores: Mapping[str, Store]) -> Reading:
        """Read the changelogs of these partitions into the stores."""
        return await _read_into(
            self.kafka, self.namespace, partitions, lambda table, number: stores[table].partition(number)
        )


async def read_tables(
    kafka: KafkaSettings, namespace: Namespace, partitions: set[int]
) -> dict[int, dict[str, dict[bytes, bytes]]]:
    """The durable state of partitions, outside a worker: partition → table → key → value."""
    state: dict[int, dict[str, dict[bytes, bytes]]] = {number: {table: {} for table in TABLES} for number in partitions}
    await _read_into(kafka, namespace, partitions, lambda table, number: state[number][table])
    return state


async def _read_into(
    kafka: KafkaSettings, namespace: Namespace, partitions: set[int], part: Callable[[str, int], dict[bytes, bytes]]
) -> Reading:
    """Merge all changelog partitions of these source partitions, to their end."""
    tables = {namespace.changelog(table): table for table in TABLES}
    reading = Reading(behind={number: {table: {} for table in TABLES} for number in partitions})

    def take(tp: TopicPartition, records: Records) -> None:
        reading.records += len(records)
        table = tables[tp.topic]
        merge(part(table, tp.partition), records, STAMPS[table], reading.behind[tp.partition][table])

    wanted = [TopicPartition(topic, number) for topic in tables for number in partitions]
    reading.positions = await read_to_end(kafka, wanted, take)
    return reading
