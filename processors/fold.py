"""The hot loop: judge, match and fold a run of records under one campaign set.

The way of a record, top to bottom::

    skim ─► may match? ─► decode ─► match ─► fold ─► overlay
      └► dead letter  └► unmatched, nothing is kept
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from models import cells
from models.cells import METRICS
from models.entity import PostEntity
from models.outcome import HEADER_SIZE, Outcome, dead_letter
from models.post import EARLIEST, MAX_RECORD_BYTES, PLATFORMS, POSTS_TOPIC, Post
from processors.judge import FUTURE_MS, Fault, decode_post, skim_decoder, skim_fault, time_fault
from processors.overlay import Chunk, CompiledSet, Overlay, Tables
from processors.posts import Bounds, Delta, fold_post, tracked
from processors.tally import Tally
from processors.windows import EPOCH, from_ms, minute_start

NOTHING: Final = [0] * len(METRICS)
_LONG_AGO: Final = datetime.min.replace(tzinfo=EPOCH.tzinfo)
#: Records whose UTF-8 is checked at a time: enough to share the overhead, few enough to stay in the cache.
_GROUP: Final = 64
_NO_HEADERS: Final[dict[str, bytes]] = {}


class Plane(Protocol):
    """What a fold needs of the plane it works for."""

    partition: int
    base: int
    tables: Tables
    overlay: Overlay
    pending: Overlay | None
    tally: Tally
    bounds: Bounds

    def entity(self, key: bytes) -> PostEntity | None:
        """The newest state of an entity."""

    def keys(self, campaign: str, platform: str, minute: int) -> list[tuple[str, bytes]]:
        """(table, changelog key) of the cells that hold a minute."""

    def clock(self) -> datetime:
        """The wall clock."""


class Fold:
    """Folds records of one chunk.

    ``replaying``: cells may have some of these records already. ``new``: their outcomes are not in the progress cell.
    """

    def __init__(self, plane: Plane, chunk: Chunk, compiled: CompiledSet, *, replaying: bool, new: bool) -> None:
        self.plane = plane
        self.chunk = chunk
        self.compiled = compiled
        self.replaying = replaying
        self.new = new

    def run(self, first: int, last: int) -> None:
        """Fold the records ``first`` to ``last`` (exclusive)."""
        plane, chunk, values = self.plane, self.chunk, self.chunk.values
        decode, find = skim_decoder.decode, self.compiled.find
        durable, folded = plane.tables[cells.ENTITIES], plane.overlay.entities
        in_flight: Mapping[bytes, PostEntity] = plane.pending.entities if plane.pending else {}
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
                post_id = skim.post_id
                key = post_id.encode() if type(post_id) is str else b""
                op = skim.op
                if key in durable or key in folded or key in in_flight:
                    plane.tally.newest = newest
                    self._known(index, key, op)
                elif (op == "create" or op == "update") and find(value.lower()):  # type: ignore[union-attr]  # noqa: PLR1714
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
        fault = skim_fault(value, self._headers(index))
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
        fault = error.fault if isinstance(error, _Faulty) else skim_fault(value, headers)
        if fault is None:
            raise error
        plane = self.plane
        if self.new:
            plane.tally.invalid(fault.reason)
        origin = (POSTS_TOPIC, plane.partition, self.chunk.offsets[index])
        key = self.chunk.keys[index] if self.chunk.keys else None
        letter = dead_letter(origin, fault.reason, fault.detail, value or b"", headers, plane.clock(), key)
        plane.overlay.letters.append(letter)

    def _known(self, index: int, key: bytes, op: str) -> None:
        """A record of a post that is kept, though it may be tracked no more."""
        entity = self.plane.entity(key)
        if entity is not None and self._stamp(index) <= entity.stamp:
            return  # replayed, and all of it is durable: its outcome is in the progress cell, its letter is written
        value = self.chunk.values[index] or b""
        if tracked(entity, op) or (op in {"create", "update"} and self.compiled.find(value.lower())):
            self._may_match(index, key, entity)
        else:
            self._unmatched(1)

    def _post(self, index: int) -> Post:
        post = decode_post(self.chunk.values[index] or b"")
        if not isinstance(post, Post):
            raise _Faulty(post, dated=True)
        self._check_time(index, post.created_at, "created_at", dated=True)
        return post

    def _stamp(self, index: int) -> int:
        return self.chunk.offsets[index] + self.plane.base

    def _may_match(self, index: int, key: bytes, entity: PostEntity | None) -> None:
        """The full schema, the match and the fold of one record."""
        plane, stamp, post = self.plane, self._stamp(index), self._post(index)
        matched = [one.campaign_id for one in self.compiled.match(post)] if post.op in {"create", "update"} else []
        result = fold_post(entity, post, matched, plane.tally.record_time, plane.bounds, self.compiled.zones)
        if result.entity is not None:
            result.entity.stamp = -1 if entity is None else entity.stamp
            plane.overlay.entities[key] = result.entity
            self._apply(result.deltas, PLATFORMS[result.entity.platform], stamp)
        if self.new:
            plane.tally.valid(result.outcome)

    def _apply(self, deltas: Sequence[Delta], platform: str, stamp: int) -> None:
        """Add deltas to the overlay; in a replay only to cells that do not have this record yet."""
        overlay = self.plane.overlay
        for campaign, time, metric, amount in deltas:
            minute = minute_start(time)
            if self.replaying:
                self._replay(campaign, platform, minute, metric, amount, stamp)
                continue
            into = overlay.deltas.get((campaign, platform, minute))
            if into is None:
                into = overlay.deltas[campaign, platform, minute] = list(NOTHING)
            into[metric] += amount

    def _replay(self, campaign: str, platform: str, minute: int, metric: int, amount: int, stamp: int) -> None:
        """Decided per (record, cell) against the stamp that the cell had before this replay began."""
        plane = self.plane
        for table, key in plane.keys(campaign, platform, minute):
            value = plane.tables[table].get(key)
            if value is None or cells.cell_stamp(value) < stamp:
                plane.overlay.replayed.setdefault((table, key), list(NOTHING))[metric] += amount


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
