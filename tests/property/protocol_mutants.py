"""The protocol with one rule broken each: the model test must notice every one of them.

Some are mistakes that the plane once had: no mutant may be removed because it looks unlikely.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar
from unittest.mock import patch

import msgspec

import processors.plane
from models import cells
from models.cells import METRICS
from models.entity import PostEntity, pack_entity, unpack_entity
from models.outcome import Outcome
from models.progress import Progress, unpack_progress
from processors.fold import Fold
from processors.overlay import Chunk, CompiledSet, FlushPlan, Overlay, Tables, Window
from processors.plane import PartitionPlane
from processors.resume import Resume, Source
from processors.windows import to_ms
from tests.property.protocol_world import (
    NOON,
    SETS,
    Rules,
    Write,
    cell_writes,
    entity_writes,
    letter_writes,
    stamp_of,
)

MUTANTS: dict[str, type[Rules]] = {}


def _with_plane(name: str, plane: type[PartitionPlane]) -> None:
    MUTANTS[name] = type(plane.__name__, (Rules,), {"plane": plane})


def _with_fold(name: str, fold: type[Fold]) -> None:
    def patched(self: Rules) -> AbstractContextManager[object]:
        return patch.object(processors.plane, "Fold", fold)

    MUTANTS[name] = type(fold.__name__, (Rules,), {"patched": patched})


def _mutant(name: str) -> Any:
    def register(rules: type[Rules]) -> type[Rules]:
        MUTANTS[name] = rules
        return rules

    return register


# ── the order of writes ──


@_mutant("entities before cells")
class _EntitiesFirst(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield entity_writes(plan)
        yield cell_writes(plan)
        yield letter_writes(plan)


@_mutant("entities together with cells")
class _AllAtOnce(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield [*cell_writes(plan), *letter_writes(plan), *entity_writes(plan)]


@_mutant("progress after entities")
class _ProgressLast(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield [one for one in cell_writes(plan) if one[0] != cells.PROGRESS]
        yield letter_writes(plan)
        yield entity_writes(plan)
        yield [one for one in cell_writes(plan) if one[0] == cells.PROGRESS]


@_mutant("dead letters together with entities")
class _LettersLate(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield cell_writes(plan)
        yield [*letter_writes(plan), *entity_writes(plan)]


@_mutant("dead letters before cells")
class _LettersEarly(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield letter_writes(plan)
        yield cell_writes(plan)
        yield entity_writes(plan)


@_mutant("committed before durable")
class _CommitEarly(Rules):
    commits_early: ClassVar[bool] = True


# ── what a flush holds ──


@_mutant("a flush carries entities of later records")
class _LaterEntities(Rules):
    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        yield cell_writes(plan)
        yield letter_writes(plan)
        newest = {key: plane.overlay.entities.get(key) or unpack_entity(value) for key, value in plan.entities}
        stamped = {
            key: pack_entity(msgspec.structs.replace(one, stamp=plan.progress.stamp)) for key, one in newest.items()
        }
        plan.entities[:] = stamped.items()
        yield entity_writes(plan)


class _LaterDeltas(PartitionPlane):
    """One overlay for all: a flush in flight and the records after it share their deltas."""

    def take_flush(self, *, caught_up: bool = False) -> FlushPlan:
        plan = super().take_flush(caught_up=caught_up)
        self._open = plan
        return plan

    def count(self, chunk: Chunk) -> None:
        super().count(chunk)
        if self.pending is not None:
            self.overlay, late = Overlay(entities=self.overlay.entities, records=self.overlay.records), self.overlay
            known = {table: dict(records) for table, records in self._open.cells.items()}
            held = self.tables
            self.tables = {**held, **{table: {**held[table], **known[table]} for table in cells.CELL_TABLES}}
            for table, records in self._plan_cells(late, self._open.progress.stamp).items():
                known[table].update(records)
                self._open.cells[table][:] = known[table].items()
            self.tables = held


_with_plane("a flush carries deltas of later records", _LaterDeltas)


class _FlushInReplay(PartitionPlane):
    @property
    def can_flush(self) -> bool:
        return self.pending is None


_with_plane("a flush inside a replay", _FlushInReplay)


class _DurableTooSoon(PartitionPlane):
    """The first flush after a recovery takes all that the progress cell has for durable."""

    def take_flush(self, *, caught_up: bool = False) -> FlushPlan:
        self._durable, self._durable_time = self.progress.stamp, self.progress.record_time
        return super().take_flush(caught_up=caught_up)


_with_plane("a flush that was cut short is taken for durable", _DurableTooSoon)


class _HeartbeatTooSoon(PartitionPlane):
    def heartbeat(self, *, caught_up: bool) -> Progress:
        progress = self.progress
        self.progress = msgspec.structs.replace(
            progress, durable=progress.stamp, durable_record_time=progress.record_time, written_at=to_ms(NOON)
        )
        return self.progress


_with_plane("a heartbeat before a replay takes all for durable", _HeartbeatTooSoon)


class _MarkersCount(PartitionPlane):
    """Stamps reach past the last record, to where the broker says that the next one may be."""

    def count(self, chunk: Chunk) -> None:
        super().count(chunk)
        self._counted = self.position - 1


_with_plane("stamps count transaction markers", _MarkersCount)


# ── counting ──


class _GapAccepted(PartitionPlane):
    def count(self, chunk: Chunk) -> None:
        self.position = max(self.position, chunk.begin + self.base)
        super().count(chunk)


_with_plane("a gap in offsets accepted", _GapAccepted)


class _Recounted(PartitionPlane):
    """Records that are delivered again are counted again."""

    def count(self, chunk: Chunk) -> None:
        if chunk.offsets:
            self._counted = min(self._counted, max(chunk.offsets[0] + self.base - 1, self.horizon))
        super().count(chunk)


_with_plane("a chunk delivered twice counted twice", _Recounted)


class _PerDelta(Fold):
    """Every delta raises the stamp of its cell: the second one of the same record is taken for a replay."""

    def _replay(self, window: Window, metric: int, amount: int, stamp: int) -> list[tuple[str, bytes]]:
        plane, lacking = self.plane, []
        seen = plane.overlay.__dict__.setdefault("seen", {})
        for table, key in plane.keys(window):
            value = plane.tables[table].get(key)
            known = -1 if value is None else cells.cell_stamp(value)
            if seen.get((table, key), known) < stamp:
                seen[table, key] = stamp
                plane.overlay.replayed.setdefault((table, key), [0] * len(METRICS))[metric] += amount
                lacking.append((table, key))
        return lacking


_with_fold("the stamp compared per delta", _PerDelta)


class _NoStamps(Fold):
    def __init__(self, plane: Any, chunk: Chunk, compiled: CompiledSet, *, replaying: bool, new: bool) -> None:
        super().__init__(plane, chunk, compiled, replaying=False, new=new)


_with_fold("a replay applied to every cell", _NoStamps)


class _OutcomesAgain(Fold):
    def __init__(self, plane: Any, chunk: Chunk, compiled: CompiledSet, *, replaying: bool, new: bool) -> None:
        super().__init__(plane, chunk, compiled, replaying=replaying, new=True)


_with_fold("outcomes counted again in a replay", _OutcomesAgain)


class _EntityStampIgnored(PartitionPlane):
    def entity(self, key: bytes) -> PostEntity | None:
        found = super().entity(key)
        return None if found is None else msgspec.structs.replace(found, stamp=-1)


_with_plane("records replayed onto newer entities", _EntityStampIgnored)


class _ExpiryByFlush(PartitionPlane):
    """An entity is there as long as nobody has written its tombstone."""

    def entity(self, key: bytes) -> PostEntity | None:
        with patch.object(processors.plane, "entity_expired", lambda *_: False):
            return super().entity(key)


_with_plane("expiry decided by when a flush happened", _ExpiryByFlush)


@_mutant("lateness by the record time of the progress stamp")
class _LaterRecordTime(Rules):
    def resume(self, tables: Tables, source: Source) -> Resume:
        found = super().resume(tables, source)
        return found._replace(record_time=found.progress.record_time)


@_mutant("the new set for replayed records")
class _NewSetForOld(Rules):
    def sets(self, progress: Progress, current: str) -> list[tuple[int, CompiledSet]]:
        return [(one.since, SETS[current]) for one in progress.sets]


@_mutant("the replayed records' set for new ones")
class _OldSetForNew(Rules):
    def sets(self, progress: Progress, current: str) -> list[tuple[int, CompiledSet]]:
        return [(one.since, SETS[progress.sets[0].version]) for one in progress.sets]


# ── recovery ──


class _Recovery(Rules):
    def wins(self, table: str, value: bytes, known: bytes) -> bool:
        raise NotImplementedError

    def recover(self, logs: dict[str, list[tuple[bytes, bytes | None]]]) -> Tables:
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        for table, part in tables.items():
            for key, value in logs[table]:
                if value is not None and (key not in part or self.wins(table, value, part[key])):
                    part[key] = value
        return tables


@_mutant("the lower stamp wins in recovery")
class _LowerWins(_Recovery):
    def wins(self, table: str, value: bytes, known: bytes) -> bool:
        return stamp_of(table, value) < stamp_of(table, known)


@_mutant("the last record wins in recovery")
class _LastWins(_Recovery):
    def wins(self, table: str, value: bytes, known: bytes) -> bool:
        return True


@_mutant("progress restated with a newer set does not win in recovery")
class _FirstProgressWins(_Recovery):
    def wins(self, table: str, value: bytes, known: bytes) -> bool:
        first_set = table == cells.PROGRESS and not unpack_progress(known).sets
        return first_set or stamp_of(table, value)[0] > stamp_of(table, known)[0]


@_mutant("a zombie's tombstone removes what was written before it")
class _TombstonesRemove(Rules):
    def recover(self, logs: dict[str, list[tuple[bytes, bytes | None]]]) -> Tables:
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        for table, part in tables.items():
            for key, value in logs[table]:
                if value is None:
                    part.pop(key, None)
                elif key not in part or stamp_of(table, value) >= stamp_of(table, part[key]):
                    part[key] = value
        return tables


@_mutant("the commit taken for more than it says")
class _StartAtCommit(Rules):
    """Counting goes on behind the progress cell as soon as the group has committed anything."""

    def resume(self, tables: Tables, source: Source) -> Resume:
        found = super().resume(tables, source)
        if source.committed is None:
            return found
        return found._replace(start=found.progress.stamp + 1, record_time=found.progress.record_time)


@_mutant("outcomes lost with the crash")
class _OutcomesForgotten(Rules):
    def resume(self, tables: Tables, source: Source) -> Resume:
        found = super().resume(tables, source)
        if source.committed is not None or found.start > found.progress.stamp:
            return found
        return found._replace(progress=msgspec.structs.replace(found.progress, outcomes=(0,) * len(Outcome)))
