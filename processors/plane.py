"""The counting of one source partition as a pure state machine: no Kafka, and the clock is an argument.

::

    chunk ─► count ─► overlay ─► begin_flush ─► analyse ─► plan_flush ─► (engine: durable) ─► flushed ─► tables

``count`` folds a chunk into the overlay (processors/fold.py) and touches nothing else. ``begin_flush`` closes the
overlay, ``analyse`` has the new mentions judged in one batch (in a thread: it only reads the closed overlay), and
``plan_flush`` turns the overlay into a plan. The engine writes its ``cells`` (progress among them), awaits them, then
its ``letters`` and ``mentions``, awaits them, then its ``entities`` and ``tombstones``, awaits those, calls ``flushed``
and acknowledges up to ``plan.next_offset``.

Cells, letters and mentions go before entities, so a replayed record either finds the old entity and computes the same
deltas, which every cell takes or skips by its stamp, or finds the newer entity and does nothing: all that it did is
durable. Letters go after cells, whose stamps keep a later campaign set from judging the same records anew. All that
decides about a record is in the record, its entity and the progress cell: a replay decides the same.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from models import cells
from models.progress import Progress, SetInForce, pack_progress, progress_key
from processors.addresses import Addresses
from processors.enrich import Analysis
from processors.fold import Fold
from processors.holding import grown, held, stamps_of, without
from processors.kinds import Bounds, Kind
from processors.mentions import Draft, written
from processors.overlay import Chunk, CompiledSet, FlushPlan, Overlay, Pending, Tables, Window, give
from processors.posts import POST_KIND
from processors.resume import Resume
from processors.retention import Retention, entity_expired
from processors.tally import Tally
from processors.windows import to_ms

#: Where a campaign set has no models.
NO_ANALYSIS: Final = Analysis("", None, {}, None, None, "")


class Gap(Exception):  # noqa: N818 - it says what happened
    """Records between what was counted and what was delivered are missing: going on would lose them."""


class PartitionPlane:
    """Counts one source partition. Not thread-safe; one owner at a time."""

    def __init__(
        self,
        partition: int,
        tables: Tables,
        resume: Resume,
        sets: Sequence[tuple[int, CompiledSet]],
        *,
        clock: Callable[[], datetime],
        retention: bool = True,
        capped: bool = True,
        kind: Kind = POST_KIND,
        author_key: bytes | None = None,
        mentions: bool = True,
        zones: Mapping[str, str] | None = None,
    ) -> None:
        """Go on where ``resume`` says.

        ``position`` is the stamp that the broker delivers next. It may be past transaction markers, which no stamp
        counts: another owner might be delivered the same records without them and never reach such a stamp.

        ``sets``: (first stamp, set), oldest first, covering the first record to count. ``clock`` only dates dead
        letters and the writing of progress. ``retention`` off also lifts the bound on records behind the record time.
        Without ``author_key`` mentions name no author. ``mentions`` off: they are counted, but neither written down
        nor judged; a delete still erases what was written. ``zones``: those of campaigns that no set has any more.
        """
        self.kind = kind
        self.author_key = author_key
        self.mentions = mentions
        self.partition = partition
        self.tables = tables
        self.progress = resume.progress
        self.base = resume.progress.base
        self.position = resume.start
        self.horizon = resume.horizon
        self.clock = clock
        self._counted = self._durable = resume.start - 1
        self._durable_time = resume.record_time
        self.tally = Tally(resume.progress, resume.record_time, capped=capped)
        self.bounds = Bounds() if retention else Bounds(behind=None)
        self.overlay = Overlay()
        self.pending: Overlay | None = None
        self._closed: tuple[int, Progress] | None = None
        self._analyses: dict[int, Analysis] | None = None
        self._sets = list(sets)
        self._addresses = Addresses(kind.stream.topic, partition, self._zone)
        self._held = held(stamps_of(tables)) if resume.held is None else dict(resume.held)
        self._former = {} if zones is None else zones
        self._retention = Retention(kind.keep_ms) if retention else None
        if self._retention:
            self._retention.recovered(tables)
        self.expiring = self._is_expiring()

    # ── counting ──

    def count(self, chunk: Chunk) -> None:
        """Fold a chunk into the overlay. What was counted before is skipped; Gap where records are missing."""
        if chunk.begin + self.base > self.position:
            raise Gap(
                f"partition {self.partition}: the next record to count is at offset {self.position - self.base}, "
                f"but the broker delivered from {chunk.begin}"
            )
        index = 0
        while index < len(chunk.offsets):
            if chunk.offsets[index] + self.base <= self._counted:
                index += 1
            else:
                index = self._fold_run(chunk, index)
        self.position = max(self.position, chunk.end + self.base)

    def _fold_run(self, chunk: Chunk, first: int) -> int:
        """Fold from ``first`` on while one campaign set and one kind of replay hold; returns where that ends."""
        stamp = chunk.offsets[first] + self.base
        compiled = next(one for since, one in reversed(self._sets) if since <= stamp)
        borders = [since for since, _ in self._sets] + [self.horizon + 1, self.progress.stamp + 1]
        border = min((one for one in borders if one > stamp), default=None)
        last = len(chunk.offsets)
        while border is not None and chunk.offsets[last - 1] + self.base >= border:
            last -= 1
        fold = Fold(self, chunk, compiled, replaying=stamp <= self.horizon, new=stamp > self.progress.stamp)
        fold.run(first, last)
        self._counted = chunk.offsets[last - 1] + self.base
        self.overlay.records += last - first
        return last

    def entity(self, key: bytes) -> Any | None:
        """The newest state of an entity; its stamp is that of its durable state, -1 without one.

        One that retention has passed is gone, whether or not its tombstone is written: when flushes happen decides
        nothing.
        """
        self.overlay.looked_up.add(key)
        found = self.overlay.entities.get(key)
        if found is None and self.pending is not None:
            found = self.pending.entities.get(key)
        if found is None:
            value = self.tables[cells.ENTITIES].get(key)
            found = None if value is None else self.kind.unpack(value)
        if found is not None and self._retention and entity_expired(found, self.tally.record_time, self.kind.keep_ms):
            return None
        return found

    # ── flushing ──

    @property
    def unflushed(self) -> int:
        """Records that are counted and not durable yet, those of a flush in flight included."""
        return self.overlay.records + (self.pending.records if self.pending else 0)

    @property
    def replaying(self) -> bool:
        """Whether records that an earlier owner may have counted are still to be counted again."""
        return self._counted < self.horizon

    @property
    def can_flush(self) -> bool:
        """Whether a flush may start: none is in flight, and a replay has passed all that was written before.

        A flush inside a replay would put lower stamps behind higher ones.
        """
        return self.pending is None and self._counted >= self.horizon

    def take_flush(self, *, caught_up: bool = False) -> FlushPlan:
        """``begin_flush``, ``analyse`` and ``plan_flush`` in one go."""
        self.begin_flush(caught_up=caught_up)
        self.analyse()
        return self.plan_flush()

    def begin_flush(self, *, caught_up: bool = False) -> bool:
        """Close the overlay; counting goes on in a new one. Returns whether there is anything to analyse."""
        overlay, self.overlay = self.overlay, Overlay()
        self.pending = overlay
        stamp = self._counted
        progress = self._progress(stamp, durable=self._durable, durable_time=self._durable_time, caught_up=caught_up)
        self._closed = stamp, progress
        return any(one.compiled.analyse is not None and _to_analyse(one) for one in overlay.pending)

    def analyse(self) -> None:
        """Have the mentions of the closed overlay judged; touches nothing that counting uses."""
        if self.pending is None:
            raise RuntimeError("no flush was begun")
        self._analyses = analysed(self.pending.pending)

    def plan_flush(self) -> FlushPlan:
        """The plan of the flush that was begun; analyses now what was not."""
        if self.pending is None or self._closed is None:
            raise RuntimeError("no flush was begun")
        overlay, (stamp, progress), analyses = self.pending, self._closed, self._analyses
        self._closed = self._analyses = None
        if analyses is None:
            analyses = analysed(overlay.pending)
        self._count_analyses(overlay, analyses)
        counted = self._plan_cells(overlay, stamp)
        tombstones = self._plan_tombstones(overlay, counted, progress)
        progress = msgspec.structs.replace(progress, held=without(self._held, self.tables, tombstones))
        return FlushPlan(
            cells=counted | {cells.PROGRESS: [self.progress_record(progress)]},
            entities=self._plan_entities(overlay, stamp),
            tombstones=tombstones,
            letters=overlay.letters,
            progress=progress,
            next_offset=stamp + 1 - self.base,
            records=overlay.records,
            mentions=written([one.step for one in overlay.pending], analyses, self.author_key),
        )

    def flushed(self, plan: FlushPlan) -> None:
        """The plan is durable: the tables take it over."""
        self._held = grown(self._held, self.tables, plan)
        if self._retention:
            self._retention.remember(_new(plan.cells, self.tables), _new_of(plan.entities, self.tables[cells.ENTITIES]))
        for table, records in plan.cells.items():
            self.tables[table].update(records)
        self.tables[cells.ENTITIES].update(plan.entities)
        self.progress = plan.progress
        self._durable, self._durable_time = plan.progress.stamp, plan.progress.record_time
        self.pending = None
        self.swept(plan.tombstones)

    def heartbeat(self, *, caught_up: bool) -> Progress:
        """The progress cell again while nothing waits: the same stamp, with everything up to it durable.

        Before a replay has begun, all that is known to be durable is what was so at recovery.
        """
        self._require_rest()
        stamp, time = self.progress.stamp, self.progress.record_time
        if self._counted < stamp:
            self.progress = msgspec.structs.replace(self.progress, caught_up=False, written_at=to_ms(self.clock()))
        else:
            self._durable, self._durable_time = stamp, time
            self.progress = self._progress(stamp, durable=stamp, durable_time=time, caught_up=caught_up)
        return self.progress

    def sweep(self) -> dict[str, list[bytes]]:
        """Keys per table that retention has passed and that the last flush touched itself: no flush could take them.

        To be called while everything is durable and nothing waits. They need tombstones, which may be written once
        ``progress`` is durable: it states them no more.
        """
        self._require_rest()
        if self._retention is None or self.progress.record_time is None:
            return {}
        if self.progress.durable < self.progress.stamp:
            raise RuntimeError("a replay could touch what is swept")
        nothing: dict[str, set[bytes]] = {table: set() for table in self.tables}
        gone = self._retention.expired(
            self.tables, self.progress.record_time, keep=nothing, durable=self.progress.durable
        )
        self._held = without(self._held, self.tables, gone)
        self.progress = msgspec.structs.replace(
            self.progress, held=dict(self._held), caught_up=False, written_at=to_ms(self.clock())
        )
        return gone

    def looks(self) -> bool:
        """Whether retention does not know yet all that was recovered; looks at some more of it."""
        if self._retention is None or self._retention.complete:
            return False
        self._retention.look(self.tables)
        self.expiring = self._is_expiring()
        return True

    def swept(self, gone: Mapping[str, Sequence[bytes]]) -> None:
        """The tombstones are durable."""
        for table, keys in gone.items():
            for key in keys:
                self.tables[table].pop(key, None)
        self.expiring = self._is_expiring()

    def adopt(self, compiled: CompiledSet) -> Progress:
        """Let ``compiled`` hold from the next record on; the returned progress must be durable before one is counted.

        A replay still uses the sets that held then. No two sets begin at one stamp: ``Progress.rank`` tells by the
        last one which of two progress cells is newer.
        """
        self._require_rest()
        last = self.progress.sets[-1].since if self.progress.sets else -1
        since = max(self.position, self.horizon + 1, last + 1)
        self._sets.append((since, compiled))
        in_force = (*self.progress.sets, SetInForce(compiled.version, since))
        self.progress = msgspec.structs.replace(self.progress, sets=in_force, written_at=to_ms(self.clock()))
        return self.progress

    def progress_record(self, progress: Progress) -> tuple[bytes, bytes]:
        """(changelog key, value) of a progress cell."""
        return progress_key(self.kind.stream.topic, self.partition), pack_progress(progress)

    def _is_expiring(self) -> bool:
        return self._retention is not None and self._retention.waits(self.progress.record_time)

    def _require_rest(self) -> None:
        if self.overlay.records or self.pending is not None:
            raise RuntimeError("progress may only be restated while nothing waits to be flushed")

    def _progress(self, stamp: int, *, durable: int, durable_time: int | None, caught_up: bool) -> Progress:
        before = self.progress
        return self.tally.onto(
            Progress(
                stamp=stamp,
                durable=durable,
                outcomes=before.outcomes,
                sets=_in_force(before.sets, durable),
                topic_id=before.topic_id,
                durable_record_time=durable_time,
                base=before.base,
                moved=before.moved,
                caught_up=caught_up,
                written_at=to_ms(self.clock()),
                held=dict(self._held),
            )
        )

    def _plan_cells(self, overlay: Overlay, stamp: int) -> dict[str, list[tuple[bytes, bytes]]]:
        return self._addresses.planned(overlay, stamp, self.tables)

    def _plan_entities(self, overlay: Overlay, stamp: int) -> list[tuple[bytes, bytes]]:
        plan = []
        for key, entity in overlay.entities.items():
            entity.stamp = stamp
            plan.append((key, self.kind.pack(entity)))
        return plan

    def _count_analyses(self, overlay: Overlay, analyses: Mapping[int, Analysis]) -> None:
        """Add what the analysis says of each mention to the cells in which the mention itself is counted."""
        metrics = self.kind.mentions
        for number, analysis in analyses.items():
            one = overlay.pending[number]
            if metrics is None or one.window is None:
                continue
            found = [metrics.sentiment[analysis.sentiment]] if analysis.sentiment else []
            if analysis.relevant:
                found.append(metrics.relevant)
            for metric in found:
                if one.lacking is None:
                    give(overlay.deltas, one.window, metric, 1)
                for cell in one.lacking or ():
                    give(overlay.replayed, cell, metric, 1)

    def _plan_tombstones(
        self, overlay: Overlay, counted: Mapping[str, Sequence[tuple[bytes, bytes]]], progress: Progress
    ) -> dict[str, list[bytes]]:
        if self._retention is None or progress.record_time is None:
            return {}
        keep = {table: {key for key, _ in records} for table, records in counted.items()}
        keep[cells.ENTITIES] = overlay.looked_up
        return self._retention.expired(self.tables, progress.record_time, keep=keep, durable=progress.durable)

    def keys(self, window: Window) -> list[tuple[str, bytes]]:
        """(table, changelog key) of the cells that hold a window's minute."""
        return self._addresses.keys(window)

    def _zone(self, campaign: str) -> str:
        """A campaign's zone cannot change, so any set that knows it will do.

        A row that is restated takes back what it gave, though its campaign may have ended before this worker began.
        """
        known = (one.zones[campaign] for _, one in reversed(self._sets) if campaign in one.zones)
        return next(known, None) or self._former[campaign]


def analysed(pending: Sequence[Pending]) -> dict[int, Analysis]:
    """The analyses by position, asked of each campaign set in one batch."""
    batches: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(pending):
        if _to_analyse(one):
            batches[one.compiled.version].append(number)
    found: dict[int, Analysis] = {}
    for numbers in batches.values():
        judge = pending[numbers[0]].compiled.analyse
        items = [step.item for number in numbers if isinstance(step := pending[number].step, Draft)]
        found.update(zip(numbers, judge(items) if judge else [NO_ANALYSIS] * len(items), strict=True))
    return found


def _to_analyse(one: Pending) -> bool:
    return isinstance(one.step, Draft) and one.step.said.op != "engagement"


Records = Sequence[tuple[bytes, bytes]]


def _new(records: Mapping[str, Records], tables: Tables) -> dict[str, Records]:
    """What is not in the tables yet."""
    return {table: _new_of(some, tables[table]) for table, some in records.items() if table in cells.WINDOWS}


def _new_of(records: Records, table: Mapping[bytes, bytes]) -> Records:
    return [record for record in records if record[0] not in table]


def _in_force(sets: Sequence[SetInForce], durable: int) -> tuple[SetInForce, ...]:
    """The sets that a replay from behind ``durable`` can need."""
    before = [one for one in sets if one.since <= durable + 1]
    return (*before[-1:], *(one for one in sets if one.since > durable + 1))
