"""What the cluster holds of one partition: its cells, its progress, the sets that were in force, and its records."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.changelog import Records, read_to_end
from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.recount.live.comparing import Found
from listener.recount.live.ledger import LIFETIME, TABLES, CellId
from listener.recount.live.records import Input
from listener.recount.live.sets import Known
from models.campaign import CampaignSet
from models.cells import PROGRESS, cell_stamp, parse_lifetime_key, parse_window_key, unpack_cell
from models.progress import Progress, progress_key, unpack_progress
from models.streams import Stream
from models.topics import Namespace
from models.trace import Trace, is_trace

_WAIT_MS: Final = 1000
_MOST: Final = 5000
#: So many looks in a row without a record, before the end, mean that records went while they were read.
_PATIENCE: Final = 60


@dataclass
class Sets:
    """The campaigns topic: all sets by version, and the trace."""

    known: dict[str, Known] = field(default_factory=dict)
    trace: Trace = field(default_factory=Trace)

    def take(self, _tp: object, records: Records) -> None:
        """Take over records."""
        for _, key, value in records:
            if is_trace(key):
                self.trace.take(key, value)
            elif value is not None and key.decode() not in self.known:
                self.known[key.decode()] = Known(CampaignSet.from_json(value))

    def with_backfills(self) -> None:
        """Sets that only backfills used are known too."""
        for version, one in self.trace.sets.items():
            self.known.setdefault(version, Known(one))

    @property
    def zones(self) -> dict[str, str]:
        """Every campaign's zone; it never changes."""
        return {one.id: one.timezone for known in self.known.values() for one in known.campaign_set.campaigns}


#: Key → value of the records that count, by short name of a table.
Rows = dict[str, dict[bytes, bytes]]


@dataclass
class Standing:
    """A partition as it stands: every cell has at least what is durable, and what its own stamp says."""

    progress: Progress | None = None
    cells: dict[CellId, Found] = field(default_factory=dict)

    @classmethod
    def of(cls, stream: Stream, partition: int, rows: Rows) -> Self:
        """What the records say."""
        value = rows[PROGRESS].get(progress_key(stream.topic, partition))
        found = cls(None if value is None else unpack_progress(value))
        for table in TABLES:
            for key, cell in rows[table].items():
                name, start = (parse_lifetime_key(key), 0) if table == LIFETIME else parse_window_key(key)
                found.cells[CellId(table, name.campaign, name.platform, start)] = _cell(stream, cell)
        return found

    @property
    def horizon(self) -> int:
        """The last stamp of anything."""
        stamps = [cell.stamp for cell in self.cells.values()]
        return max([*stamps, self.progress.stamp if self.progress is not None else -1])


@dataclass(frozen=True)
class Cluster:
    """Reads a cluster, and writes nothing."""

    kafka: KafkaSettings
    namespace: Namespace

    async def sets(self, into: Sets) -> None:
        """Read the campaigns topic."""
        await read_to_end(self.kafka, [TopicPartition(self.namespace.campaigns, 0)], into.take)
        into.with_backfills()

    async def rows(self, partitions: Mapping[Stream, int]) -> dict[tuple[Stream, int], Rows]:
        """What stands in the changelogs: progress first, so that what it calls durable is in all that is read after."""
        found: dict[tuple[Stream, int], Rows] = {
            (stream, number): {table: {} for table in (*TABLES, PROGRESS)}
            for stream, count in partitions.items()
            for number in range(count)
        }
        for tables in ((PROGRESS,), TABLES):
            where = {
                TopicPartition(self.namespace.changelog(stream.table(table)), number): (stream, number, table)
                for stream, number in found
                for table in tables
            }
            await read_to_end(self.kafka, where, partial(_take, found, where))
        return found

    def consumer(self) -> AIOKafkaConsumer:
        """A consumer of retained records, in no group."""
        return AIOKafkaConsumer(
            **self.kafka.aiokafka(),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )

    async def first(self, consumer: AIOKafkaConsumer, stream: Stream, partition: int) -> int:
        """Offset of the first retained record."""
        tp = TopicPartition(self.namespace.input(stream), partition)
        consumer.assign([tp])
        return int((await consumer.beginning_offsets([tp]))[tp])

    async def records(
        self, consumer: AIOKafkaConsumer, stream: Stream, partition: int, span: tuple[int, int], base: int
    ) -> AsyncIterator[Input]:
        """The records from the first to the last offset of ``span``, both included.

        Raises UsageProblem where retention removes records while they are read.
        """
        tp = TopicPartition(self.namespace.input(stream), partition)
        consumer.assign([tp])
        first, last = span
        consumer.seek(tp, first)
        idle = 0
        while await consumer.position(tp) <= last:
            found: list[Any] = (await consumer.getmany(tp, timeout_ms=_WAIT_MS, max_records=_MOST)).get(tp, [])
            idle = 0 if found else idle + 1
            gone = int((await consumer.beginning_offsets([tp]))[tp]) > first if idle else False
            if gone or idle > _PATIENCE:
                raise UsageProblem(f"{tp.topic}/{partition}: records went while they were read. Run it again.")
            for one in found:
                if one.offset <= last:
                    yield Input(one.offset + base, one.timestamp, one.value, _headers(one))


def _take(
    found: dict[tuple[Stream, int], Rows],
    where: Mapping[TopicPartition, tuple[Stream, int, str]],
    tp: TopicPartition,
    records: Records,
) -> None:
    """The record of highest rank per key, of equal ones the later; a tombstone ends a key."""
    stream, number, table = where[tp]
    rows, rank = found[stream, number][table], _progress_rank if table == PROGRESS else cell_stamp
    for _, key, value in records:
        if value is None:
            rows.pop(key, None)
        elif key not in rows or rank(value) >= rank(rows[key]):
            rows[key] = value


def _progress_rank(value: bytes) -> Any:
    return unpack_progress(value).rank


def _headers(record: Any) -> Mapping[str, bytes]:
    return dict(record.headers) if record.headers else {}


def _cell(stream: Stream, value: bytes) -> Found:
    cell = unpack_cell(value, len(stream.metrics))
    return Found(cell.stamp, dict(zip(stream.metrics, cell.counters, strict=True)))
