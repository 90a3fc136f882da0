"""A partition counted by the plane and counted again by the recount of what runs, without a broker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec

from listener.recount.live.cluster import Sets, Standing
from listener.recount.live.comparing import Comparison, Found
from listener.recount.live.ledger import LIFETIME, SIZES, TABLES, CellId
from listener.recount.live.records import Input
from listener.recount.live.recount import PartitionRecount
from listener.recount.live.sets import Known
from listener.worker.sets import compile_set
from models import cells
from models.campaign import CampaignSet
from models.cells import PROGRESS, parse_lifetime_key, parse_window_key, unpack_cell
from models.outcome import DeadLetter
from models.progress import NO_OUTCOMES, Progress, pack_progress, progress_key, unpack_progress
from models.streams import Stream
from models.trace import Adopted, Backfilled, Record, adopted_record, backfilled_record, set_record
from processors.backfill import backfill
from processors.inputs import KINDS
from processors.overlay import Chunk, CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Resume, Source, resume

#: When every record was produced: no record is in the future.
PRODUCED_MS = 4_000_000_000_000
_compiled: dict[str, CompiledSet] = {}
_known: dict[str, Known] = {}


def compiled(campaign_set: CampaignSet) -> CompiledSet:
    """A set as the plane uses it, made once."""
    if campaign_set.version not in _compiled:
        _compiled[campaign_set.version] = compile_set(campaign_set)
    return _compiled[campaign_set.version]


def known(campaign_set: CampaignSet) -> Known:
    """A set as the recount uses it, made once."""
    return _known.setdefault(campaign_set.version, Known(campaign_set))


@dataclass
class Partition:
    """One partition: ``values`` as they were counted so far, ``tables`` as they stand, the trace of the sets.

    ``produced``: Kafka timestamps by offset, where they matter. ``letters``: dead letters so far.
    """

    stream: Stream
    retention: bool = True
    values: list[bytes] = field(default_factory=list)
    tables: dict[str, dict[bytes, bytes]] = field(default_factory=lambda: {table: {} for table in cells.TABLES})
    trace: list[Record] = field(default_factory=list)
    sets: list[CampaignSet] = field(default_factory=list)
    produced: dict[int, int] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    number: int = 0

    def count(self, values: Sequence[bytes], campaign_set: CampaignSet) -> None:
        """Count more records under a set, in good order."""
        if campaign_set not in self.sets:
            self.sets.append(campaign_set)
        begin = len(self.values)
        self.values += values
        found = resume(self.tables, Source(0, "id", 0, 10**6, begin or None), self.stream.topic)
        by_version = {one.version: compiled(one) for one in self.sets}
        in_force = [(one.since, by_version[one.version]) for one in found.progress.sets]
        plane = self._plane(self.tables, found, in_force)
        before = found.progress.sets
        if not before or before[-1].version != campaign_set.version:
            last = plane.adopt(compiled(campaign_set)).sets[-1]
            adopted = Adopted(last.version, last.since, begins=not before)
            self.trace.append(adopted_record(self.stream.topic, 0, adopted))
        plane.count(self._chunk(begin))
        plan = plane.take_flush()
        self.letters += plan.letters
        plane.flushed(plan)
        key, value = plane.progress_record(plane.heartbeat(caught_up=True))
        self.tables[PROGRESS][key] = value

    def backfill(self, campaign: str, campaign_set: CampaignSet, first: int = 0) -> None:
        """What ``listener backfill`` does: the campaign counted anew from the records from ``first`` on."""
        stamp = len(self.values) - 1
        simulated: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        before = Progress(first - 1, first - 1, NO_OUTCOMES, (), "id")
        resumed = Resume(before, first, None, first - 1)
        plane = self._plane(simulated, resumed, [(-1, compiled(campaign_set))])
        plane.count(self._chunk(first))
        plane.flushed(plane.take_flush())
        plan = backfill(self.tables, simulated, campaign, stamp)
        key = progress_key(self.stream.topic, self.number)
        stated = msgspec.structs.replace(unpack_progress(self.tables[PROGRESS][key]), held={})
        self.tables[PROGRESS][key] = pack_progress(stated)
        for table, records in {**plan.cells, cells.ENTITIES: plan.entities}.items():
            for key, value in records:
                if value is None:
                    self.tables[table].pop(key, None)
                else:
                    self.tables[table][key] = value
        done = Backfilled(campaign, campaign_set.version, first, stamp, len(self.trace), done=True)
        self.trace += [set_record(campaign_set), backfilled_record(self.stream.topic, 0, done)]

    def tamper(self, cell: CellId, metric: str, by: int) -> None:
        """Add to a figure as it stands, as nobody should."""
        name = cells.CellName(cell.campaign, self.stream.topic, 0, cell.dimension).text()
        is_lifetime = cell.table == LIFETIME
        key = cells.lifetime_key(name) if is_lifetime else cells.window_key(name, cell.start, SIZES[cell.table])
        stamp, counters = unpack_cell(self.tables[cell.table][key], len(self.stream.metrics))
        counters[self.stream.metrics.index(metric)] += by
        self.tables[cell.table][key] = cells.pack_cell(stamp, counters)

    def recount(self, first: int = 0, *, grown: bool = False) -> Comparison:
        """Count the records from ``first`` on again and compare; ``grown``: the topic has more partitions now."""
        sets, standing = Sets(), self.standing()
        sets.known |= {one.version: known(one) for one in self.sets}
        sets.take(None, [(0, *record) for record in self.trace])
        sets.known |= {version: known(one) for version, one in sets.trace.sets.items()}
        assert standing.progress is not None
        recount = PartitionRecount(
            self.stream, self.number, standing, standing.progress, sets, first, self.retention, grown=grown
        )
        for offset, value in enumerate(self.values[first:], first):
            recount.take(Input(offset, self.produced.get(offset, PRODUCED_MS), value))
        return recount.compare()

    def standing(self) -> Standing:
        """What stands there."""
        found = Standing(unpack_progress(self.tables[PROGRESS][progress_key(self.stream.topic, self.number)]))
        for table in TABLES:
            for key, value in self.tables[table].items():
                name, start = (parse_lifetime_key(key), 0) if table == LIFETIME else parse_window_key(key)
                cell = unpack_cell(value, len(self.stream.metrics))
                counters = dict(zip(self.stream.metrics, cell.counters, strict=True))
                found.cells[CellId(table, name.campaign, name.platform, start)] = Found(cell.stamp, counters)
        return found

    def _chunk(self, begin: int) -> Chunk:
        return self._span(begin, len(self.values))

    def _span(self, begin: int, end: int) -> Chunk:
        offsets = range(begin, end)
        stamps = [self.produced.get(offset, PRODUCED_MS) for offset in offsets]
        return Chunk(begin, end, offsets, stamps, self.values[begin:end])

    @property
    def _plane(self) -> "partial[PartitionPlane]":
        return partial(
            PartitionPlane,
            self.number,
            clock=lambda: datetime(2026, 3, 21, tzinfo=UTC),
            retention=self.retention,
            kind=KINDS[self.stream.topic],
            capped=False,
            zones={one.id: one.timezone for known in self.sets for one in known.campaigns},
        )


def told(comparison: Comparison) -> list[str]:
    """What differs, in words."""
    return [one.line() for one in comparison.differences]
