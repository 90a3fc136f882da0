"""The owner of this worker's partitions: recovers, counts, flushes, commits. The pure part is processors/plane.py.

::

    acquire ─► (recover tables) ─► PartitionPlane
    chunk ─► count ─► due? ─► flush: cells ─► acknowledged ─► the rest ─► acknowledged ─► tables ─► commit
    release ─► flushes in flight end ─► planes and tables are dropped
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, Protocol

from listener.errors import CapHalt, Halt, RefusedHalt
from listener.worker.durations import Durations
from listener.worker.guard import StallGuard, end_process
from listener.worker.places import Place
from listener.worker.publisher import Publisher
from listener.worker.recovery import Recovery
from listener.worker.settings import TAIL_FIRST_S
from listener.worker.tail import Last, Tail, stale
from models.cells import PROGRESS
from models.progress import Progress
from models.trace import Record
from processors.cap import CapReached
from processors.overlay import Chunk, slices
from processors.plane import Gap, PartitionPlane
from processors.resume import Refused

_log = logging.getLogger("listener.worker.counting")

#: A flush starts at so many records, or when the oldest has waited so long (seconds).
FLUSH_RECORDS: Final = 10_000
FLUSH_AFTER_S: Final = 0.3
#: The guard hears from us after so many records: a worker with little CPU and much to catch up with is slow, and must
#: not take itself for one that stood still.
SLICE: Final = 1_024
#: An idle partition restates its progress this often (seconds): boards tell idle from dead by it.
HEARTBEAT_S: Final = 5.0
COMMIT_S: Final = 1.0
TICK_S: Final = 0.05
#: After the first look for a zombie's records in the changelogs' tails there is another every so often (seconds).
TAIL_AGAIN_S: Final = 900.0
#: A flush in flight at a rebalance gets this long before the process gives up.
RELEASE_S: Final = 25.0


class Offsets(Protocol):
    """What counting asks of the consumer."""

    async def commit(self, offsets: dict[Place, int]) -> None:
        """Commit next offsets by place."""

    def highwater(self, place: Place) -> int | None:
        """The end offset of a partition as last seen."""


@dataclass
class Owned:
    """A partition that this worker owns now."""

    plane: PartitionPlane
    tail: Tail
    tail_due: float
    waiting_since: float | None = None
    written: float = 0.0
    task: asyncio.Task[None] | None = None
    #: Another campaign set is being brought into force: no record may be counted before that is durable.
    adopting: bool = False


@dataclass
class Counting:
    """Counts all partitions of one worker. ``end`` ends the process; tests pass their own."""

    recovery: Recovery
    publisher: Publisher
    guard: StallGuard
    offsets: Offsets | None = None
    end: Callable[[BaseException], NoReturn] = end_process
    now: Callable[[], float] = time.monotonic
    tail_first_s: float = TAIL_FIRST_S
    owned: dict[Place, Owned] = field(default_factory=dict)
    acquired: bool = False
    flushes: int = 0
    flush_seconds: float = 0.0
    flush_times: Durations = field(default_factory=Durations)
    durable_times: Durations = field(default_factory=Durations)
    regressions: int = 0
    _turn: int = 0
    _beginning: asyncio.Task[None] | None = None
    _commits: dict[Place, int] = field(default_factory=dict)
    _committed_at: float = 0.0

    @property
    def rebalances(self) -> int:
        """Times that partitions were given up."""
        return self._turn

    # ── what the engine calls ──

    async def acquire(self, places: set[Place]) -> dict[Place, int]:
        """Recover ``places``; returns where to read on in each, nothing where they were taken away meanwhile.

        Then what was read may be a part only, and the changelogs belong to somebody else: it is not judged, and
        nothing is written.
        """
        turn = self._turn
        try:
            planes = await self.recovery.planes(places)
            self._beginning = asyncio.create_task(self._begin(planes, turn))
            await self._beginning
        except Exception as error:  # noqa: BLE001 - a worker that cannot recover must not wait quietly
            if turn == self._turn:
                self.end(RefusedHalt(str(error)) if isinstance(error, Refused) else error)
            _log.info("a recovery was overtaken by a rebalance: %s", error)
        if turn != self._turn:  # the next turn begins anew
            return {}
        self.owned = {place: self._own(place, plane) for place, plane in planes.items()}
        self.acquired = True
        return {place: plane.position - plane.base for place, plane in planes.items()}

    async def _begin(self, planes: Mapping[Place, PartitionPlane], turn: int) -> None:
        """What is written before counting begins; a release waits for the write in flight and lets no other follow."""
        for place, plane in planes.items():
            if turn == self._turn:
                await self._mend(place, plane, self.recovery.behind(place))
            if turn == self._turn:
                await self._trace(self.recovery.lacking(place, plane.progress.sets))
            if turn == self._turn:
                await self._adopt(place, plane)

    def _own(self, place: Place, plane: PartitionPlane) -> Owned:
        now = self.now()
        return Owned(plane, self.recovery.tail(place), tail_due=now + self.tail_first_s, written=now)

    async def release(self) -> None:
        """Let go: flushes in flight end or the process does; what is not durable is dropped and will be replayed."""
        owned, self.owned, self.acquired = self.owned, {}, False
        self._turn += 1
        tasks = [task for task in (self._beginning, *(one.task for one in owned.values())) if task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=RELEASE_S)
            if late:
                self.end(Halt("a flush did not end before the partitions had to be given up"))
        await self._commit()
        self.recovery.drop()

    async def count(self, place: Place, chunk: Chunk) -> None:
        """Fold a chunk; waits while the broker is slower than the counting."""
        owned = self.owned.get(place)
        if owned is not None and (owned.adopting or self._outdated(owned)):
            await self._renew(place, owned)
            owned = self.owned.get(place)
        if owned is None:
            return
        try:
            for part in slices(chunk, SLICE):
                owned.plane.count(part)
                self.guard.beat()
        except CapReached as reached:
            self.end(CapHalt(f"{reached}. Look at the dead letters; `--dlq-cap off` lets the worker go on"))
        except Gap as gap:
            self.end(Halt(str(gap)))
        except Exception as error:  # noqa: BLE001 - an agent that goes on after an error would skip a chunk
            self.end(error)
        if owned.waiting_since is None:
            owned.waiting_since = self.now()
        if owned.plane.overlay.records >= FLUSH_RECORDS:
            if owned.task is not None and owned.plane.overlay.records >= 2 * FLUSH_RECORDS:
                await asyncio.wait([owned.task])
            self._flush(place, owned)

    # ── the loop beside ──

    async def run(self) -> None:
        """Flush what is due, restate progress, commit; forever."""
        while True:
            self.guard.beat()
            for place, owned in list(self.owned.items()):
                self._tick(place, owned)
            if self.now() - self._committed_at >= COMMIT_S:
                await self._commit()
            await asyncio.sleep(TICK_S)

    async def drain(self) -> None:
        """Before a stop: make everything durable and commit it."""
        for place, owned in list(self.owned.items()):
            if owned.task is not None:
                await asyncio.wait([owned.task])
            if owned.plane.overlay.records:
                self._flush(place, owned)
        await self.release()

    def _tick(self, place: Place, owned: Owned) -> None:
        if owned.task is not None:
            return
        now = self.now()
        if owned.waiting_since is not None:
            if now - owned.waiting_since >= FLUSH_AFTER_S:
                self._flush(place, owned)
            return
        if self._outdated(owned):
            self._start_adopting(place, owned)
            return
        if now >= owned.tail_due:
            owned.tail_due = now + TAIL_AGAIN_S
            self._start(owned, self._mend_tail(place, owned))
            return
        self._rest(place, owned, now)

    def _rest(self, place: Place, owned: Owned, now: float) -> None:
        """Nothing waits: say so, once what retention has passed is gone as well.

        Both are made now, not in the task: a chunk may be counted before that runs.
        """
        plane, said = owned.plane, owned.plane.progress
        if plane.looks():
            return
        durable = said.durable == said.stamp
        if durable and plane.expiring:
            self._start(owned, self._sweep(place, plane, plane.sweep()))
            return
        caught_up = self.lag(place) == 0 and not plane.expiring
        settled = durable and (said.caught_up or not caught_up)
        if now - owned.written >= (HEARTBEAT_S if settled else FLUSH_AFTER_S):
            self._start(owned, self._restate(place, plane, plane.heartbeat(caught_up=caught_up)))

    def _flush(self, place: Place, owned: Owned) -> None:
        """Start a flush, if one may start: who waited before it may have lost the partition meanwhile."""
        if self.owned.get(place) is owned and owned.task is None and owned.plane.can_flush:
            owned.waiting_since = None
            self._start(owned, self._write(place, owned))

    def _start(self, owned: Owned, work: Coroutine[Any, Any, None]) -> None:
        owned.task = asyncio.create_task(self._or_end(owned, work))

    async def _or_end(self, owned: Owned, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a write that failed leaves nothing to go on with
            self.end(error)
        finally:
            owned.written = self.now()
            owned.task = None

    async def _write(self, place: Place, owned: Owned) -> None:
        plane, began = owned.plane, self.now()
        if plane.begin_flush(caught_up=self.lag(place) == 0):
            await asyncio.to_thread(plane.analyse)
        plan = plane.plan_flush()
        self.guard.beat()
        sent = self.now()
        await self.publisher.first(place, plan)
        self.durable_times.took(self.now() - sent)
        self.guard.beat()
        await self.publisher.then(place, plan)
        plane.flushed(plan)
        self.flushes += 1
        self.flush_seconds += self.now() - began
        self.flush_times.took(self.now() - began)
        self._commits[place] = plan.next_offset

    async def _restate(self, place: Place, plane: PartitionPlane, progress: Progress) -> None:
        """Write a progress cell without a flush; the tables keep what was written last, for the look at the tail."""
        key, value = plane.progress_record(progress)
        self.guard.beat()
        await self.publisher.tables(place, {PROGRESS: [(key, value)]})
        plane.tables[PROGRESS][key] = value

    async def _sweep(self, place: Place, plane: PartitionPlane, gone: Mapping[str, Sequence[bytes]]) -> None:
        """Tombstones for what the last flush both touched and outlived, once progress states it no more."""
        await self._restate(place, plane, plane.progress)
        await self.publisher.tables(place, {table: [(key, None) for key in keys] for table, keys in gone.items()})
        plane.swept(gone)

    async def _mend_tail(self, place: Place, owned: Owned) -> None:
        """No flush is in flight while this runs, so all that we wrote is in the tables."""
        await self._mend(place, owned.plane, await owned.tail.read())

    async def _mend(self, place: Place, plane: PartitionPlane, last: Last) -> None:
        wrong = stale(last, plane.tables)
        if wrong:
            found = sum(map(len, wrong.values()))
            _log.warning("%s: writing over %d stale changelog records", place, found)
            self.regressions += found
            self.guard.beat()
            await self.publisher.tables(place, wrong)

    async def _adopt(self, place: Place, plane: PartitionPlane) -> None:
        """The current campaign set holds from the next new record on, durably before that record is counted."""
        current = self.recovery.current
        if current is None:
            raise Halt("no campaign set was published")
        in_force = plane.progress.sets[-1].version if plane.progress.sets else None
        if in_force != current.version:
            progress = plane.adopt(current)
            await self._trace([self.recovery.adoption(place, progress.sets[-1], begins=in_force is None)])
            await self._restate(place, plane, progress)

    async def _trace(self, records: list[Record]) -> None:
        """Tell recounts, before anything is counted that depends on it."""
        if records:
            self.guard.beat()
            await self.publisher.trace(records)

    def _outdated(self, owned: Owned) -> bool:
        """Whether another campaign set is to hold; a replay ends under those that held then."""
        current, sets = self.recovery.current, owned.plane.progress.sets
        return current is not None and bool(sets) and sets[-1].version != current.version and not owned.plane.replaying

    async def _renew(self, place: Place, owned: Owned) -> None:
        """End what is in flight, then let the current set hold, durably, before the next record is counted."""
        while self.owned.get(place) is owned and (owned.adopting or self._outdated(owned)):
            if owned.task is not None:
                await asyncio.wait([owned.task])
            elif owned.plane.overlay.records:
                self._flush(place, owned)
            else:
                self._start_adopting(place, owned)

    def _start_adopting(self, place: Place, owned: Owned) -> None:
        owned.adopting = True
        self._start(owned, self._adopt_now(place, owned))

    async def _adopt_now(self, place: Place, owned: Owned) -> None:
        try:
            await self._adopt(place, owned.plane)
        finally:
            owned.adopting = False

    def lag(self, place: Place) -> int | None:
        """Records of a place that are not counted yet, None while the end is unknown or it is not owned."""
        owned = self.owned.get(place)
        end = self.offsets.highwater(place) if self.offsets else None
        return None if owned is None or end is None else max(0, end - owned.plane.position + owned.plane.base)

    async def _commit(self) -> None:
        self._committed_at = self.now()
        commits, self._commits = self._commits, {}
        if commits and self.offsets is not None:
            await self.offsets.commit(commits)


def wall_clock() -> datetime:
    """The only clock of a worker that is not for waiting."""
    return datetime.now(UTC)
