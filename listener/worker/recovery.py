"""Recovery: the tables of newly owned partitions from their changelogs, and where to read on."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from aiokafka import TopicPartition

from listener.changelog import Records, read_to_end
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import topic_id
from listener.worker.places import Place
from listener.worker.sets import SetStore
from listener.worker.stamps import STAMPS
from listener.worker.tail import Last, Tail
from models.cells import TABLES
from models.progress import SetInForce
from models.topics import Namespace
from models.trace import Adopted, Record, adopted_record
from processors.inputs import KINDS
from processors.overlay import CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Refused, Source, resume

_log = logging.getLogger("listener.worker.recovery")


#: (first, end, committed) offsets of places.
Sources = Callable[[set[Place]], Awaitable[Mapping[Place, tuple[int, int, int | None]]]]


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
    add = part.setdefault
    for _, key, value in records:
        if value is None:
            part.pop(key, None)
        elif (known := add(key, value)) is value:
            continue  # nothing was known of the key, so nothing of it is behind either
        elif stamp(value) < stamp(known):
            behind[key] = value
            continue
        else:
            part[key] = value
        behind.pop(key, None)


@dataclass
class Reading:
    """What a recovery read beside the tables: how many records, up to where, and by partition what is not ours."""

    records: int = 0
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    behind: dict[Place, Last] = field(default_factory=dict)


@dataclass
class Recovery:
    """Builds the planes of places.

    ``stores``: full name of a table → store; ``sources``: (first, end, committed) by place. ``seconds``, ``records``:
    of the last one; ``started``: when the one under way began, ``left``: changelog records that it has still to read.
    """

    kafka: KafkaSettings
    namespace: Namespace
    sets: SetStore
    clock: Callable[[], datetime]
    retention: bool = True
    capped: bool = True
    mentions: bool = True
    stores: Mapping[str, Store] | None = None
    sources: Sources | None = None
    current: CompiledSet | None = None
    author_key: bytes | None = None
    seconds: float | None = None
    records: int = 0
    started: datetime | None = None
    left: int = 0
    _last: Reading = field(default_factory=Reading)

    def adopt(self, current: CompiledSet) -> None:
        """``current`` is to hold from now on, for places that are owned and for those that will be."""
        self.current = current

    async def planes(self, places: set[Place]) -> dict[Place, PartitionPlane]:
        """Recover ``places`` and put a plane on each, ready to count from its position."""
        stores, sources = self.stores, self.sources
        if stores is None or sources is None:
            raise RuntimeError("recovery is not wired to an engine yet")
        self.drop()
        if not places:
            return {}
        self.started = self.clock()
        try:
            return await self._recover(places, stores, sources)
        finally:
            self.started, self.left = None, 0

    async def _recover(
        self, places: set[Place], stores: Mapping[str, Store], sources: Sources
    ) -> dict[Place, PartitionPlane]:
        began = time.monotonic()
        topics = sorted({self.namespace.input(place.stream) for place in places})
        ids, offsets, self._last, _ = await asyncio.gather(
            asyncio.gather(*(asyncio.to_thread(topic_id, self.kafka, topic) for topic in topics)),
            sources(places),
            self._read(places, stores),
            self.sets.load(),
        )
        identities = dict(zip(topics, ids, strict=True))
        planes = {}
        for place in sorted(places, key=lambda one: one.order):
            first, end, committed = offsets[place]
            identity = identities[self.namespace.input(place.stream)]
            planes[place] = await self._plane(place, Source(place.partition, identity, first, end, committed))
        self.seconds, self.records = time.monotonic() - began, self._last.records
        names = ", ".join(map(str, planes))
        _log.info("recovered %s: %d records in %.2f s", names, self.records, self.seconds)
        return planes

    def tail(self, place: Place) -> Tail:
        """The changelogs of a place from where recovery stopped reading."""
        topics = {self.namespace.changelog(table) for table in place.stream.tables.values()}
        positions = self._last.positions.items()
        mine = {tp: at for tp, at in positions if tp.partition == place.partition and tp.topic in topics}
        return Tail(self.kafka, self.namespace, place.stream, mine)

    def behind(self, place: Place) -> Last:
        """The keys of a place whose last changelog record is none that counts: a zombie wrote it."""
        return self._last.behind.get(place, {})

    def lacking(self, place: Place, in_force: Sequence[SetInForce]) -> list[Record]:
        """What the trace of a place must be told to say what its progress cell says."""
        return self.sets.trace.settled(place.stream.topic, place.partition, in_force)

    def adoption(self, place: Place, one: SetInForce, *, begins: bool) -> Record:
        """What a recount is told of a set that comes into force; ``begins``: nothing was counted before."""
        return adopted_record(place.stream.topic, place.partition, Adopted(one.version, one.since, begins))

    def drop(self) -> None:
        """Forget what was recovered: another worker may own it now."""
        for store in (self.stores or {}).values():
            store.drop()

    async def _plane(self, place: Place, source: Source) -> PartitionPlane:
        stores = self.stores or {}
        tables = {short: stores[full].partition(place.partition) for short, full in place.stream.tables.items()}
        try:
            found = resume(tables, source, place.stream.topic)
        except ValueError as error:
            raise _unreadable(place, "one of its changelogs", error) from error
        sets = [(one.since, await self.sets.compiled(one.version)) for one in found.progress.sets]
        return PartitionPlane(
            place.partition,
            tables,
            found,
            sets,
            clock=self.clock,
            retention=self.retention,
            capped=self.capped,
            mentions=self.mentions,
            kind=KINDS[place.stream.topic],
            author_key=self.author_key,
            zones=self.sets.zones,
        )

    async def _read(self, places: set[Place], stores: Mapping[str, Store]) -> Reading:
        """Read the changelogs of these places into the stores."""
        return await _read_into(
            self.kafka,
            self.namespace,
            places,
            lambda place, table: stores[place.stream.table(table)].partition(place.partition),
            self._note_left,
        )

    def _note_left(self, records: int) -> None:
        self.left = records


def _unreadable(place: Place, where: str, error: ValueError) -> Refused:
    """A value that is none of ours: who goes on without it may count too little."""
    return Refused(
        f"{place}: {where} holds a record that cannot be read ({error}). Was it written by a newer Listener? Then run "
        f"this worker in that version. To count again from the retained posts: listener rebase --rebuild"
    )


async def read_tables(
    kafka: KafkaSettings, namespace: Namespace, places: set[Place]
) -> dict[Place, dict[str, dict[bytes, bytes]]]:
    """The durable state of places, outside a worker: place → table (short name) → key → value."""
    state: dict[Place, dict[str, dict[bytes, bytes]]] = {place: {table: {} for table in TABLES} for place in places}
    await _read_into(kafka, namespace, places, lambda place, table: state[place][table])
    return state


async def _read_into(
    kafka: KafkaSettings,
    namespace: Namespace,
    places: set[Place],
    part: Callable[[Place, str], dict[bytes, bytes]],
    left: Callable[[int], None] | None = None,
) -> Reading:
    """Merge all changelog partitions of these places, to their end."""
    reading = Reading(behind={place: {table: {} for table in TABLES} for place in places})
    wanted = {
        TopicPartition(namespace.changelog(full), place.partition): (place, short)
        for place in places
        for short, full in place.stream.tables.items()
    }

    def take(tp: TopicPartition, records: Records) -> None:
        reading.records += len(records)
        place, table = wanted[tp]
        try:
            merge(part(place, table), records, STAMPS[table], reading.behind[place][table])
        except ValueError as error:
            raise _unreadable(place, tp.topic, error) from error

    reading.positions = await read_to_end(kafka, wanted, take, left)
    return reading
