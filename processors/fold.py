"""The hot loop: judge, match and fold a run of records under one campaign set.

The way of a record, top to bottom::

    skim ─► may match? ─► decode ─► match ─► fold ─► overlay
      └► dead letter  └► unmatched, nothing is kept
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from models import cells
from models.mention import Origin
from models.outcome import HEADER_SIZE, Outcome, dead_letter
from models.post import EARLIEST, MAX_RECORD_BYTES
from processors.judge import FUTURE_MS, Fault, skim_fault, time_fault
from processors.kinds import Bounds, Delta, Folded, Kind
from processors.mentions import Draft, Erasure, believed
from processors.overlay import Chunk, CompiledSet, MatchedCampaign, Overlay, Pending, Tables, Window
from processors.tally import Tally
from processors.windows import EPOCH, from_ms, minute_start

_LONG_AGO: Final = datetime.min.replace(tzinfo=EPOCH.tzinfo)
#: Records whose UTF-8 is checked at a time: enough to share the overhead, few enough to stay in the cache.
_GROUP: Final = 64
_NO_HEADERS: Final[dict[str, bytes]] = {}


class Plane(Protocol):
    """What a fold needs of the plane it works for."""

    kind: Kind
    partition: int
    base: int
    tables: Tables
    nothing: list[int]
    overlay: Overlay
    pending: Overlay | None
    tally: Tally
    bounds: Bounds

    def entity(self, key: bytes) -> Any | None:
        """The newest state of an entity."""

    def keys(self, campaign: str, dimension: str, minute: int, reach: int) -> list[tuple[str, bytes]]:
        """(table, changelog key) of the cells that hold a minute."""

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

    def run(self, first: int, last: int) -> None:
        """Fold the records ``first`` to ``last`` (exclusive)."""
        plane, chunk, values = self.plane, self.chunk, self.chunk.values
        decode, find, texts = self.kind.skim, self.reader.find, self.kind.texts
        durable, folded = plane.tables[cells.ENTITIES], plane.overlay.entities
        in_flight: Mapping[bytes, Any] = plane.pending.entities if plane.pending else {}
        sound = _all_sound(values, first, last, chunk.headers)
        future = _earliest_future(chunk.timestamps, first, last)
        newest = plane.tally.newest or _LONG_AGO
        unmatched = 0
        for index in range(first, last):
            value = values[index]
            try:
                skim = decode(value if sound else self._checked(index))  # type: ignore[arg-type]
                observed = skim.observed_at
                if observed > future or observed < EARLIEST:
                    self._check_time(index, observed, "observed_at")
                written = skim.key
                key = written.encode() if type(written) is str else b""
                op = skim.op
                if key in durable or key in folded or key in in_flight:
                    plane.tally.newest = newest
                    self._known(index, key, op)
                elif op in texts and find(value.lower()):  # type: ignore[union-attr]
                    plane.tally.newest = newest
                    self._may_match(index, key, None)
                else:
                    unmatched += 1
            except (msgspec.DecodeError, ValueError, RecursionError, _Faulty) as error:
                self._unmatched(unmatched)
                unmatched = 0
                self._reject(index, error)
                if not (isinstance(error, _Faulty) and error.dated):
                    continue
            if observed > newest:  # noqa: PLR1730 - half the cost of max()
                newest = observed
        self._unmatched(unmatched)
        plane.tally.newest = None if newest is _LONG_AGO else newest

    def _checked(self, index: int) -> bytes:
        value = self.chunk.values[index]
        fault = skim_fault(value, self._headers(index), self.kind.skim)
        if fault or value is None:
            raise _Faulty(fault)
        return value

    def _check_time(self, index: int, moment: datetime, field: str, *, dated: bool = False) -> None:
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

    def _known(self, index: int, key: bytes, op: str) -> None:
        """A record of a post that is kept, though it may be tracked no more."""
        entity = self.plane.entity(key)
        if entity is not None and self._stamp(index) <= entity.stamp:
            return  # replayed, and all of it is durable: its outcome is in the progress cell, its letter is written
        value = self.chunk.values[index] or b""
        if self.kind.tracked(entity, op) or (op in self.kind.texts and self.reader.find(value.lower())):
            self._may_match(index, key, entity)
        else:
            self._unmatched(1)

    def _record(self, index: int) -> Any:
        record = self.kind.decode(self.chunk.values[index] or b"")
        if isinstance(record, Fault):
            raise _Faulty(record, dated=True)
        field, moment = self.kind.moment(record)
        self._check_time(index, moment, field, dated=True)
        return record

    def _stamp(self, index: int) -> int:
        return self.chunk.offsets[index] + self.plane.base

    def _may_match(self, index: int, key: bytes, entity: Any | None) -> None:
        """The full schema, the match and the fold of one record."""
        plane, kind, stamp, record = self.plane, self.kind, self._stamp(index), self._record(index)
        matched = self.reader.match(record) if record.op in kind.texts else ()
        ids = [one.campaign_id for one in matched]
        result = kind.fold(entity, record, ids, plane.tally.record_time, plane.bounds, self.in_force)
        if result.entity is not None:
            result.entity.stamp = -1 if entity is None else entity.stamp
            plane.overlay.entities[key] = result.entity
            counted = self._apply(result.deltas, kind.dimension(result.entity), stamp)
            if kind.say is not None and (result.said or result.erased):
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
                into = overlay.deltas.get(window)
                if into is None:
                    into = overlay.deltas[window] = list(self.plane.nothing)
                into[metric] += amount
            if metric == mention:
                counted[campaign] = window, lacking
        return counted

    def _replay(self, window: Window, metric: int, amount: int, stamp: int) -> list[tuple[str, bytes]]:
        """Decided per (record, cell) against the stamp that the cell had before this replay began.

        Returns the cells that did not have the record.
        """
        plane, lacking = self.plane, []
        for table, key in plane.keys(*window):
            value = plane.tables[table].get(key)
            if value is None or cells.cell_stamp(value) < stamp:
                plane.overlay.replayed.setdefault((table, key), list(plane.nothing))[metric] += amount
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
        for campaign in result.said:
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


def _all_sound(values: Sequence[bytes | None], first: int, last: int, headers: Mapping[int, dict[str, bytes]]) -> bool:
    """Whether all are UTF-8, not empty and not too large: one decode for the whole run instead of one per record."""
    run = values if last - first == len(values) else values[first:last]
    if not all(run) or any(HEADER_SIZE in some for some in headers.values()):
        return False
    try:
        for group in range(first, last, _GROUP):
            b"\n".join(values[group : min(group + _GROUP, last)]).decode()  # type: ignore[arg-type]
    except UnicodeDecodeError:
        return False
    return max(map(len, run)) <= MAX_RECORD_BYTES  # type: ignore[arg-type]


def _earliest_future(timestamps: Sequence[int], first: int, last: int) -> datetime:
    """The moment past which an ``observed_at`` of this run needs a closer look."""
    earliest = min(timestamps[first:last])
    return _LONG_AGO if earliest < 0 else from_ms(earliest + FUTURE_MS)
