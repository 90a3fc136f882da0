"""The hot loop: judge, match and fold a run of records under one campaign set.

The way of a record, top to bottom; up to "may match?" a group of records goes it together::

    skim ─► may match? ─► decode ─► match ─► fold ─► overlay
      └► dead letter  └► unmatched, nothing is kept

A group with a record at fault is taken in parts, the few around it one by one, to the same result.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from models import cells
from models.mention import Origin
from models.outcome import HEADER_SIZE, Outcome, dead_letter
from models.post import EARLIEST, MAX_RECORD_BYTES
from processors.judge import FUTURE_MS, Fault, skim_fault, time_fault
from processors.kinds import Bounds, Delta, Folded, Kind, Skimmed
from processors.mentions import Draft, Erasure, believed
from processors.overlay import Chunk, CompiledSet, MatchedCampaign, Overlay, Pending, Tables, Window, give
from processors.tally import Tally
from processors.utf8 import is_utf8
from processors.windows import EPOCH, from_ms, minute_start

_LONG_AGO: Final = datetime.min.replace(tzinfo=EPOCH.tzinfo)
#: Records that are looked at in one go: enough to share the overhead, few enough to stay in the cache.
_GROUP: Final = 1_024
#: Of a group with a record at fault so many parts are tried, and so few records are looked at one by one.
_PARTS: Final = 4
_FEW: Final = 16
_NO_HEADERS: Final[dict[str, bytes]] = {}


class Plane(Protocol):
    """What a fold needs of the plane it works for."""

    kind: Kind
    partition: int
    base: int
    tables: Tables
    mentions: bool
    overlay: Overlay
    pending: Overlay | None
    tally: Tally
    bounds: Bounds

    def entity(self, key: bytes) -> Any | None:
        """The newest state of an entity."""

    def keys(self, window: Window) -> list[tuple[str, bytes]]:
        """(table, changelog key) of the cells that hold a window's minute."""

    def clock(self) -> datetime:
        """The wall clock."""


class Fold:
    """Folds records of one chunk.

    ``replaying``: cells may have some of these records already. ``new``: their outcomes are not in the progress cell.
    """

    def __init__(self, plane: Plane, chunk: Chunk, compiled: CompiledSet, *, replaying: bool, new: bool) -> None:
        self.plane = plane
        self.kind = plane.kind
        self.chunk = chunk
        self.compiled = compiled
        self.reader = compiled.reader(plane.kind.stream.topic)
        self.in_force = compiled.zones if self.reader.in_force is None else self.reader.in_force
        self.replaying = replaying
        self.new = new
        self._ahead: dict[int, tuple[Any, Sequence[MatchedCampaign]]] = {}
        #: Up to here no moment of the group lies in the future.
        self._sound_until = _LONG_AGO

    def run(self, first: int, last: int) -> None:
        """Fold the records ``first`` to ``last`` (exclusive)."""
        for start in range(first, last, _GROUP):
            self._together(start, min(start + _GROUP, last))

    def _together(self, first: int, last: int) -> None:
        """Fold a group, or its parts where one of its records may be at fault."""
        skimmed = self._skimmed(first, last)
        if skimmed is not None:
            self._group(first, *skimmed)
        elif last - first <= _FEW:
            self._one_by_one(first, last)
        else:
            size = (last - first) // _PARTS
            for start in range(first, last, size):
                self._together(start, min(start + size, last))

    def _skimmed(self, first: int, last: int) -> tuple[list[Skimmed], list[datetime]] | None:
        """The records of a group skimmed, and when they were observed; None where one may be at fault."""
        values, headers = self.chunk.values[first:last], self.chunk.headers
        if not _all_sound(values) or (headers and any(HEADER_SIZE in self._headers(i) for i in range(first, last))):
            return None
        try:
            skims = list(map(self.kind.skim, values))  # type: ignore[arg-type]
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        observed = [skim.observed_at for skim in skims]
        self._sound_until = _earliest_future(self.chunk.timestamps, first, last)
        return (skims, observed) if min(observed) >= EARLIEST and max(observed) <= self._sound_until else None

    def _group(self, first: int, skims: Sequence[Skimmed], observed: Sequence[datetime]) -> None:
        """Records that passed what every record is checked for: only those that matter are looked at one by one."""
        tally = self.plane.tally
        keys, hits = _keys(skims), frozenset(self._find(first, skims))
        wanted = self._known_of(keys).union([keys[index] for index in hits])
        self._read(first, skims, hits)
        newest, done = tally.newest or _LONG_AGO, 0
        for index in [index for index, key in enumerate(keys) if key in wanted] if wanted else ():
            if index > done:
                self._unmatched(index - done)
                newest = max(newest, *observed[done:index])
            tally.newest = None if newest is _LONG_AGO else newest
            try:
                self._judge(first + index, keys[index], skims[index].op, may_match=index in hits)
            except _Faulty as error:
                self._reject(first + index, error)
            newest, done = max(newest, observed[index]), index + 1
        self._unmatched(len(skims) - done)
        tally.newest = max(newest, *observed[done:]) if done < len(skims) else newest

    def _read(self, first: int, skims: Sequence[Skimmed], hits: Collection[int]) -> None:
        """Decode and match what may match, ahead and one step after the other: each finds its tables in the cache.

        Neither depends on what comes before a record; what they find is judged in its turn.
        """
        kind, values = self.kind, self.chunk.values
        asked = [first + index for index in sorted(hits) if skims[index].op in kind.texts]
        records = {index: kind.decode(values[index] or b"") for index in asked}
        self._ahead = {
            index: (record, () if isinstance(record, Fault) else self.reader.match(record))
            for index, record in records.items()
        }

    def _one_by_one(self, first: int, last: int) -> None:
        """The same for records of which one at least is at fault."""
        tally, self._sound_until = self.plane.tally, _LONG_AGO
        for index in range(first, last):
            try:
                skim = self.kind.skim(self._checked(index))
                self._check_time(index, skim.observed_at, "observed_at")
                self._judge(index, _key(skim), skim.op, may_match=bool(self._find(index, (skim,))))
            except (msgspec.DecodeError, ValueError, RecursionError, _Faulty) as error:
                self._reject(index, error)
                if not (isinstance(error, _Faulty) and error.dated):
                    continue
            tally.newest = max(tally.newest or _LONG_AGO, skim.observed_at)

    def _find(self, first: int, skims: Sequence[Skimmed]) -> Collection[int]:
        """Which of the records from ``first`` on may match, counted from there."""
        values, texts = self.chunk.values[first : first + len(skims)], self.kind.written(skims)
        if b"" in texts:
            texts = [
                text or (value if skim.op in self.kind.texts else b"")  # type: ignore[misc]
                for text, skim, value in zip(texts, skims, values, strict=True)
            ]
        return self.reader.find(values, texts)  # type: ignore[arg-type]

    def _known_of(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of entities that are kept, durable or not."""
        plane, asked = self.plane, set(keys)
        known = plane.tables[cells.ENTITIES].keys() & asked
        known |= plane.overlay.entities.keys() & asked
        return known | (plane.pending.entities.keys() & asked) if plane.pending else known

    def _judge(self, index: int, key: bytes, op: str, *, may_match: bool) -> None:
        """A record that has been skimmed."""
        may_match = may_match and op in self.kind.texts
        plane = self.plane
        in_flight = plane.pending is not None and key in plane.pending.entities
        if in_flight or key in plane.tables[cells.ENTITIES] or key in plane.overlay.entities:
            self._known(index, key, op, may_match=may_match)
        elif may_match:
            self._may_match(index, key, None)
        else:
            self._unmatched(1)

    def _checked(self, index: int) -> bytes:
        value = self.chunk.values[index]
        fault = skim_fault(value, self._headers(index), self.kind.skim)
        if fault or value is None:
            raise _Faulty(fault)
        return value

    def _check_time(self, index: int, moment: datetime, field: str, *, dated: bool = False) -> None:
        if EARLIEST <= moment <= self._sound_until:
            return
        fault = time_fault(moment, self.chunk.timestamps[index], field)
        if fault:
            raise _Faulty(fault, dated=dated)

    def _headers(self, index: int) -> dict[str, bytes]:
        return self.chunk.headers.get(index, _NO_HEADERS)

    def _unmatched(self, records: int) -> None:
        if self.new and records:
            self.plane.tally.valid(Outcome.UNMATCHED, records)

    def _reject(self, index: int, error: Exception) -> None:
        """A dead letter; the reason is looked up again unless the error carries it."""
        value, headers = self.chunk.values[index], self._headers(index)
        fault = error.fault if isinstance(error, _Faulty) else skim_fault(value, headers, self.kind.skim)
        if fault is None:
            raise error
        plane = self.plane
        if self.new:
            plane.tally.invalid(fault.reason)
        origin = (self.kind.stream.topic, plane.partition, self.chunk.offsets[index])
        key = self.chunk.keys[index] if self.chunk.keys else None
        letter = dead_letter(origin, fault.reason, fault.detail, value or b"", headers, plane.clock(), key)
        plane.overlay.letters.append(letter)

    def _known(self, index: int, key: bytes, op: str, *, may_match: bool) -> None:
        """A record of a post that is kept, though it may be tracked no more."""
        entity = self.plane.entity(key)
        if entity is not None and self._stamp(index) <= entity.stamp:
            return  # replayed, and all of it is durable: its outcome is in the progress cell, its letter is written
        if may_match or self.kind.tracked(entity, op):
            self._may_match(index, key, entity)
        else:
            self._unmatched(1)

    def _record(self, index: int) -> tuple[Any, Sequence[MatchedCampaign]]:
        """The whole record and the campaigns that match it."""
        ahead = self._ahead.pop(index, None)
        record, matched = ahead or (self.kind.decode(self.chunk.values[index] or b""), ())
        if isinstance(record, Fault):
            raise _Faulty(record, dated=True)
        field, moment = self.kind.moment(record)
        self._check_time(index, moment, field, dated=True)
        if ahead is None and record.op in self.kind.texts:
            matched = self.reader.match(record)
        return record, matched

    def _stamp(self, index: int) -> int:
        return self.chunk.offsets[index] + self.plane.base

    def _may_match(self, index: int, key: bytes, entity: Any | None) -> None:
        """The full schema, the match and the fold of one record."""
        plane, kind, stamp = self.plane, self.kind, self._stamp(index)
        record, matched = self._record(index)
        ids = [one.campaign_id for one in matched]
        result = kind.fold(entity, record, ids, plane.tally.record_time, plane.bounds, self.in_force)
        if result.entity is not None:
            result.entity.stamp = -1 if entity is None else entity.stamp
            plane.overlay.entities[key] = result.entity
            counted = self._apply(result.deltas, kind.dimension(result.entity), stamp)
            if kind.say is not None and ((result.said and plane.mentions) or result.erased):
                self._say(record, result, matched, counted, stamp)
        if self.new:
            plane.tally.valid(result.outcome)

    def _apply(self, deltas: Sequence[Delta], dimension: str, stamp: int) -> "dict[str, _Counted]":
        """Add deltas to the overlay; in a replay only to cells that do not have this record yet.

        Returns where each campaign's mention was counted, if one was.
        """
        mention = self.kind.mentions.mentions if self.kind.mentions else None
        overlay, counted = self.plane.overlay, {}
        for campaign, time, metric, amount, own, reach in deltas:
            window = campaign, own or dimension, minute_start(time), reach
            lacking = self._replay(window, metric, amount, stamp) if self.replaying else None
            if lacking is None:
                give(overlay.deltas, window, metric, amount)
            if metric == mention:
                counted[campaign] = window, lacking
        return counted

    def _replay(self, window: Window, metric: int, amount: int, stamp: int) -> list[tuple[str, bytes]]:
        """Decided per (record, cell) against the stamp that the cell had before this replay began.

        Returns the cells that did not have the record.
        """
        plane, lacking = self.plane, []
        for table, key in plane.keys(window):
            value = plane.tables[table].get(key)
            if value is None or cells.cell_stamp(value) < stamp:
                give(plane.overlay.replayed, (table, key), metric, amount)
                lacking.append((table, key))
        return lacking

    def _say(
        self,
        record: Any,
        result: Folded,
        matched: Sequence[MatchedCampaign],
        counted: "Mapping[str, _Counted]",
        stamp: int,
    ) -> None:
        """Draft what goes to the mentions topic: a mention per campaign, or that it is gone."""
        pending, kind, entity = self.plane.overlay.pending, self.kind, result.entity
        said = kind.say(record) if kind.say else None
        if said is None or entity is None:
            return
        origin = Origin(kind.stream.topic, self.plane.partition, stamp)
        found = {one.campaign_id: getattr(one, "matches", ()) for one in matched}
        for campaign in result.said if self.plane.mentions else ():
            window, lacking = counted.get(campaign, (None, None))
            draft = Draft(
                campaign,
                said,
                origin,
                kind.dimension(entity),
                from_ms(entity.created),
                believed(entity),
                found.get(campaign, ()),
            )
            pending.append(Pending(draft, self.compiled, window, lacking))
        pending.extend(Pending(Erasure(campaign, said.entity), self.compiled) for campaign in result.erased)


#: The window of a mention's delta and, in a replay, the cells that did not have the record.
_Counted = tuple[Window, list[tuple[str, bytes]] | None]


class _Faulty(Exception):  # noqa: N818 - carries a verdict to the one place that writes dead letters
    """A record with a known fault.

    ``dated``: its ``observed_at`` is sound and moves the record time. Whether its full schema was ever judged depends
    on the entity at that time, which a replay cannot know: the record time must not depend on it.
    """

    def __init__(self, fault: Fault | None, *, dated: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.dated = dated


def _keys(skims: Sequence[Skimmed]) -> list[bytes]:
    try:
        return [skim.key.encode() for skim in skims]  # type: ignore[attr-defined]
    except AttributeError:  # one that is no string
        return list(map(_key, skims))


def _key(skim: Skimmed) -> bytes:
    written = skim.key
    return written.encode() if type(written) is str else b""


def _all_sound(values: Sequence[bytes | None]) -> bool:
    """Whether all are UTF-8, not empty and not too large: one look at all instead of one per record."""
    if not all(values):
        return False
    joined = b"\n".join(values)  # type: ignore[arg-type]
    if len(joined) > MAX_RECORD_BYTES and max(map(len, values)) > MAX_RECORD_BYTES:  # type: ignore[arg-type]
        return False
    return is_utf8(joined)


def _earliest_future(timestamps: Sequence[int], first: int, last: int) -> datetime:
    """The moment past which an ``observed_at`` of this run needs a closer look."""
    earliest = min(timestamps[first:last])
    return _LONG_AGO if earliest < 0 else from_ms(earliest + FUTURE_MS)
