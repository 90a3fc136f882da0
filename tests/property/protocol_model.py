"""A model of everything around the counting plane: a broker, workers that die, are replaced, or come back as zombies.

``World`` (protocol_world.py) holds what survives (source log, changelogs, committed offset); ``Worker`` is one owner of
the partition, from its recovery to its crash. ``Rules`` is the protocol as the engine follows it; the mutants of the
test are other rules.

What the model takes for granted, because other parts see to it:

- a zombie can no longer commit (the group has another generation), restate progress, or adopt a campaign set;
- a zombie does not write what it has counted past the stamp at which its successor adopted another set, and no set is
  adopted while a zombie has written stamps that the owner has not reached (a stalled worker ends itself instead);
- compaction does not reach what a zombie wrote (``min.compaction.lag.ms``) before the owner has both got past the
  zombie's stamps and appended its own records again where a lower stamp is the last of its key (``heal``);
- recovery takes the highest stamp per key, and a tombstone has none: expiry is decided by record time, a tombstone only
  lets compaction drop what has expired.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from models import cells
from models.progress import Progress
from processors.overlay import Chunk, FlushPlan
from processors.plane import Gap
from tests.property.protocol_world import NOON, SETS, World, Write, cell_writes, entity_writes, letter_writes, stamp_of


@dataclass
class Flush:
    """A flush in flight."""

    plan: FlushPlan
    steps: Iterator[list[Write]]
    step: deque[Write] = field(default_factory=deque)


class Worker:
    """One owner of the partition."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.flush: Flush | None = None
        self.zombie = False
        tables = world.rules.recover(world.logs)
        found = world.rules.resume(tables, world.source())
        self.plane = world.rules.plane(
            0,
            tables,
            found,
            world.rules.sets(found.progress, world.current),
            clock=lambda: NOON,
            retention=world.retention,
            capped=False,
        )
        #: Where a successor adopted a set that this worker does not know.
        self.fence: int | None = None
        self.adopt()

    def adopt(self) -> None:
        """Bring the current set in force if it is not and may be."""
        plane, world = self.plane, self.world
        overtaken = world.late_stamp > max(plane.progress.stamp, plane.horizon)
        if overtaken or not world.rules.may_restate(plane):
            return
        if not plane.progress.sets or plane.progress.sets[-1].version != world.current:
            self._say(plane.adopt(SETS[world.current]))
            for zombie in world.zombies:
                zombie.fence = plane.progress.stamp if zombie.fence is None else zombie.fence

    def heartbeat(self) -> None:
        """Restate progress while nothing waits."""
        if self.world.rules.may_restate(self.plane):
            self._say(self.plane.heartbeat(caught_up=False))
            if self.plane.expiring and self.plane.progress.durable == self.plane.progress.stamp:
                self._sweep()

    def _sweep(self) -> None:
        gone = self.plane.sweep()
        self._say(self.plane.progress)
        for table, keys in gone.items():
            for key in keys:
                self.world.append((table, key, None))
        self.plane.swept(gone)

    def _say(self, progress: Progress) -> None:
        key, value = self.plane.progress_record(progress)
        self.world.append((cells.PROGRESS, key, value))

    def count(self, rng: random.Random, most: int) -> None:
        """Take a chunk of random size; it may begin with records that were delivered before."""
        chunk = self._chunk(rng.choice((0, 0, 0, 1, 3)), rng.randint(1, most), to_next=rng.random() < 0.3)
        if chunk:
            self.plane.count(chunk)

    def count_after_gap(self) -> None:
        """The broker skips a record: the worker must notice."""
        chunk = self._chunk(-1, 3, to_next=False)
        if chunk:
            self.plane.count(chunk)

    def _chunk(self, again: int, size: int, *, to_next: bool) -> Chunk | None:
        records = self.world.records
        position = self.plane.position - self.plane.base
        at = next((index for index, one in enumerate(records) if one.offset >= position), len(records))
        at = max(0, at - again)
        run = records[at : at + size]
        if not run:
            return None
        begin = run[0].offset if again else min(position, run[0].offset)
        end = run[-1].offset + 1
        if to_next:
            end = records[at + size].offset if at + size < len(records) else self.world.end
        return Chunk(begin, end, [r.offset for r in run], [r.timestamp for r in run], [r.value for r in run])

    def begin_flush(self, rng: random.Random) -> None:
        """Start a flush if one may start."""
        if not self.plane.can_flush or self.flush is not None:
            return
        plan = self.plane.take_flush()
        if self.world.rules.commits_early:
            self._commit(plan)
        self.flush = Flush(plan, self.world.rules.steps(plan, self.plane))

    def write(self, rng: random.Random, most: int, *, commit: bool = True) -> None:
        """Make up to ``most`` more records of the flush in flight durable, and take it over once all are."""
        if self.flush and self.fence is not None and self.flush.plan.progress.stamp > self.fence:
            self.world.zombies.remove(self)
            self.flush = None
        for _ in range(most):
            if self.flush is None:
                return
            if self._next_step(self.flush, rng):
                self._append(self.flush)
            else:
                self.plane.flushed(self.flush.plan)
                plan, self.flush = self.flush.plan, None
                if commit and not self.zombie:
                    self._commit(plan)

    def _next_step(self, flush: Flush, rng: random.Random) -> bool:
        """Go on to the next step with something in it where this one is durable; False behind the last."""
        while not flush.step:
            writes = next(flush.steps, None)
            if writes is None:
                return False
            rng.shuffle(writes)
            flush.step.extend(writes)
        return True

    def _append(self, flush: Flush) -> None:
        if self.zombie:
            self.world.late_stamp = max(self.world.late_stamp, flush.plan.progress.stamp)
        self.world.append(flush.step.popleft(), late=self.zombie)

    def _commit(self, plan: FlushPlan) -> None:
        self.world.committed = plan.next_offset

    def cut(self, rng: random.Random) -> None:
        """Write a random part of the flush in flight: as often its cells as what comes behind them, or all."""
        if self.flush is None:
            return
        plan = self.flush.plan
        first, rest = len(cell_writes(plan)), len(letter_writes(plan)) + len(entity_writes(plan)) + 1
        self.write(rng, rng.randint(0, first) if rng.random() < 0.5 else first + rng.randint(0, rest))

    def settle(self, rng: random.Random) -> None:
        """End the flush in flight."""
        while self.flush is not None:
            self.write(rng, 10)

    def heal(self) -> None:
        """Append what a zombie has put behind lower stamps again."""
        if self.flush is not None or self.world.late_stamp > self.plane.progress.stamp:
            return
        for table, log in self.world.logs.items():
            for key, value in dict(log).items():
                own = self.plane.tables[table].get(key)
                if own is not None and (value is None or stamp_of(table, value) < stamp_of(table, own)):
                    self.world.append((table, key, own))
        self.world.late_from.clear()


@dataclass
class Run:
    """Plays a schedule in a world."""

    world: World
    worker: Worker | None = None

    def play(self, schedule: Sequence[tuple[str, int]]) -> None:
        """All steps of ``schedule``, then a clean end."""
        for name, seed in schedule:
            if self.worker is None:
                self.worker = Worker(self.world)
            self._step(name, self.worker, random.Random(seed))  # noqa: S311 - a test's dice
        self.finish()

    def _step(self, name: str, worker: Worker, rng: random.Random) -> None:
        steps: dict[str, Callable[[], None]] = {
            "count": lambda: worker.count(rng, 4),
            "flush": lambda: worker.begin_flush(rng),
            "write": lambda: worker.write(rng, rng.randint(1, 8), commit=rng.random() < 0.7),
            "cut": lambda: worker.cut(rng),
            "settle": lambda: worker.settle(rng),
            "crash": lambda: self._replace(None),
            "rebalance": lambda: self._replace(worker),
            "adopt": lambda: self._new_set(worker, rng),
            "heartbeat": worker.heartbeat,
            "gap": lambda: self._gap(worker, rng),
            "zombie": lambda: self._zombie(rng),
            "compact": lambda: self.world.compact(rng.random()),
            "heal": worker.heal,
        }
        steps[name]()

    def _replace(self, zombie: Worker | None) -> None:
        if zombie is not None:
            zombie.zombie = True
            self.world.had_zombies = True
            self.world.zombies.append(zombie)
        self.worker = None

    def _new_set(self, worker: Worker, rng: random.Random) -> None:
        """Another set is published; an owner at rest adopts it, another one when it recovers."""
        self.world.current = rng.choice(sorted(SETS))
        worker.adopt()

    def _gap(self, worker: Worker, rng: random.Random) -> None:
        try:
            worker.count_after_gap()
        except Gap:
            self.worker = None

    def _zombie(self, rng: random.Random) -> None:
        if not self.world.zombies:
            return
        zombie = rng.choice(self.world.zombies)
        if zombie.flush is None:
            zombie.count(rng, 8)
            zombie.begin_flush(rng)
        zombie.write(rng, rng.randint(1, 12))

    def finish(self) -> None:
        """Count to the end without a fault, then let retention catch up with what was counted last."""
        rng = random.Random(0)  # noqa: S311
        if self.worker is not None:
            self.worker.settle(rng)
        self.worker = Worker(self.world)
        while self.worker.plane.position - self.worker.plane.base < self.world.end:
            before = self.worker.plane.position
            self.worker.count(rng, 50)
            if self.worker.plane.position == before:
                break
        self.worker.begin_flush(rng)
        self.worker.settle(rng)
