"""A partition of any stream with its worker, which dies, adopts campaigns and is backfilled; two boards follow it.

The sister of protocol_model.py for what that leaves out: every kind of input, several partitions, backfills, the trace
for recounts, and boards that begin at different times. Chunks are delivered anew in other sizes, former owners write as
zombies (streams_zombies.py), compaction and retention run.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from listener.board.state import BoardState
from listener.worker.recovery import merge
from listener.worker.stamps import STAMPS
from listener.worker.tail import Last, stale
from models import cells
from models.campaign import CampaignSet
from models.cells import PROGRESS
from models.progress import NO_OUTCOMES, Progress, pack_progress, progress_key, unpack_progress
from models.trace import (
    Adopted,
    Backfilled,
    Trace,
    adopted_record,
    backfilled_record,
    set_record,
)
from processors.backfill import backfill
from processors.overlay import Chunk
from processors.plane import PartitionPlane
from processors.resume import Resume, Source, resume
from tests.property.streams_zombies import Write, Zombie, steps
from tests.recounting import Partition, compiled

Log = list[tuple[bytes, bytes | None]]


@dataclass
class Model(Partition):
    """``values`` are all records of the topic; ``logs`` the changelogs, ``board`` reads them as they are written.

    ``late_from``: where in each changelog the zombies' records begin; ``late_stamp``: the highest they wrote.
    """

    logs: dict[str, Log] = field(default_factory=lambda: {table: [] for table in cells.TABLES})
    committed: int | None = None
    current: CampaignSet = field(default_factory=CampaignSet)
    board: BoardState = field(default_factory=BoardState)
    worker: PartitionPlane | None = None
    zombies: list[Zombie] = field(default_factory=list)
    late_from: dict[str, int] = field(default_factory=dict)
    late_stamp: int = -1

    # ── what reaches the topics ──

    def write(self, writes: Iterator[Write] | list[Write]) -> None:
        """Records reach the changelogs, and the board that reads along."""
        for table, key, value in writes:
            self.logs[table].append((key, value))
            if table != cells.ENTITIES:
                self.board.apply(self.stream.table(table), [(key, value)])

    def recovered(self) -> dict[str, dict[bytes, bytes]]:
        """The tables as a recovery builds them."""
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        for table, log in self.logs.items():
            merge(tables[table], [(0, *record) for record in log], STAMPS[table], {})
        return tables

    # ── the worker ──

    def acquire(self) -> PartitionPlane:
        """A new owner: the one before is gone, with all that it had in memory."""
        tables = self.recovered()
        found = resume(tables, Source(self.number, "id", 0, len(self.values), self.committed), self.stream.topic)
        trace = Trace()
        for key, value in self.trace:
            trace.take(key, value)
        self.trace += trace.settled(self.stream.topic, self.number, found.progress.sets)
        by_version = {one.version: compiled(one) for one in self.sets}
        self.worker = self._plane(tables, found, [(one.since, by_version[one.version]) for one in found.progress.sets])
        if not found.progress.sets or found.progress.sets[-1].version != self.current.version:
            self.adopt()
        return self.worker

    def adopt(self, *, dies: bool = False) -> None:
        """The current set comes into force; or the worker dies between the trace and the progress cell.

        Not while a zombie has written stamps that the owner has not reached.
        """
        plane = self._owner
        if self.late_stamp > max(plane.progress.stamp, plane.horizon):
            return
        begins = not plane.progress.sets
        progress = plane.adopt(compiled(self.current))
        last = progress.sets[-1]
        self.trace.append(adopted_record(self.stream.topic, self.number, Adopted(last.version, last.since, begins)))
        for zombie in self.zombies:
            zombie.fence = progress.stamp if zombie.fence is None else zombie.fence
        if not dies:
            self._say(progress)

    def change(self, campaign_set: CampaignSet, *, dies: bool = False, back: bool = False) -> None:
        """Other campaign files; they wait until the worker is at rest. ``back``: gone before the next start."""
        former = self.current
        if campaign_set not in self.sets:
            self.sets.append(campaign_set)
        self.current = campaign_set
        plane = self._owner
        if not plane.replaying and not plane.overlay.records:
            in_force = plane.progress.sets[-1].version
            if in_force != campaign_set.version:
                self.adopt(dies=dies)
        if dies:
            self.current = former if back else campaign_set
            self.acquire()

    def take(self, many: int, again: int = 0) -> None:
        """Count some more records; the chunk may begin with records that were delivered before."""
        plane = self._owner
        chunk = self._more(plane, many, again)
        if chunk is not None:
            plane.count(chunk)

    def _more(self, plane: PartitionPlane, many: int, again: int) -> Chunk | None:
        begin = max(0, plane.position - again)
        end = min(plane.position + many, len(self.values))
        return self._span(begin, end) if end > begin else None

    def flush(self, rng: random.Random, *, dies: bool = False) -> None:
        """Flush; or die while the writes of one step are on their way, when some of them are there already."""
        plane = self._owner
        if not plane.can_flush or not plane.overlay.records:
            return
        plan = plane.take_flush()
        writes = list(steps(plan))
        last = rng.randrange(len(writes)) if dies else len(writes)
        for step in writes[:last]:
            self.write(step)
        if dies:
            self.write([one for one in writes[last] if rng.random() < 0.5])
            self.acquire()
            return
        plane.flushed(plan)
        if rng.random() < 0.7:
            self.committed = plan.next_offset

    def settle(self, rng: random.Random) -> None:
        """Count and flush all that is there, and say so."""
        while self._owner.position < len(self.values) or self._owner.overlay.records:
            self.take(len(self.values))
            self.flush(rng)
        plane = self._owner
        if plane.progress.sets[-1].version != self.current.version:
            self.adopt()
        self._say(plane.heartbeat(caught_up=True))
        self.heal()

    def _say(self, progress: Progress) -> None:
        """Restate progress."""
        key, value = self._owner.progress_record(progress)
        self.write([(PROGRESS, key, value)])
        self._owner.tables[PROGRESS][key] = value

    def sweep(self) -> None:
        """What no flush could take is retired, while all is at rest."""
        plane = self._owner
        if not self._resting:
            return
        self._say(plane.heartbeat(caught_up=False))
        if plane.expiring and plane.progress.durable == plane.progress.stamp:
            gone = plane.sweep()
            self._say(plane.progress)
            self.write([(table, key, None) for table, keys in gone.items() for key in keys])
            plane.swept(gone)

    @property
    def _resting(self) -> bool:
        return not self._owner.overlay.records and self._owner.pending is None

    # ── zombies ──

    def rebalance(self, rng: random.Random) -> None:
        """Another owner; the one before does not know."""
        zombie = Zombie.of(self._owner, rng, self._write_late)
        self.late_stamp = max(self.late_stamp, zombie.stamp)
        self.zombies.append(zombie)
        self.acquire()

    def haunt(self, rng: random.Random) -> None:
        """A zombie goes on."""
        if not self.zombies:
            return
        zombie = rng.choice(self.zombies)
        again = rng.choice((0, 0, 1))
        writes = zombie.act(rng, lambda plane: self._more(plane, rng.randint(1, 6), again))
        if writes is None:
            self.zombies.remove(zombie)
            return
        if writes:
            self.late_stamp = max(self.late_stamp, zombie.stamp)
            self._write_late(writes)

    def _write_late(self, writes: list[Write]) -> None:
        for table, _, _ in writes:
            self.late_from.setdefault(table, len(self.logs[table]))
        self.write(writes)

    def heal(self) -> None:
        """The owner reads the tails and appends again what a zombie has put behind lower stamps."""
        plane = self._owner
        if plane.pending is not None or self.late_stamp > plane.progress.stamp:
            return
        last: Last = {table: dict(log) for table, log in self.logs.items()}
        for table, records in stale(last, plane.tables).items():
            self.write([(table, key, value) for key, value in records])
        self.late_from.clear()

    def compact(self, share: float) -> None:
        """Keep only the last record per key of the oldest part of each changelog, but for what zombies wrote."""
        for table, log in self.logs.items():
            border = min(int(len(log) * share), self.late_from.get(table, len(log)))
            last = {key: index for index, (key, _) in enumerate(log[:border])}
            kept = [log[index] for index in sorted(last.values())]
            if table in self.late_from:
                self.late_from[table] -= border - len(kept)
            self.logs[table] = kept + log[border:]

    # ── a backfill, with the worker stopped ──

    def backfilled(self, campaign: str, campaign_set: CampaignSet, rng: random.Random, *, dies: bool = False) -> None:
        """``listener backfill``; where it is cut short it is run again before a worker starts."""
        self.settle(rng)
        # The command refuses to run while a worker does.
        self.zombies.clear()
        tables = self.recovered()
        progress = unpack_progress(tables[PROGRESS][progress_key(self.stream.topic, self.number)])
        simulated: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        before = Progress(-1, -1, NO_OUTCOMES, (), "id")
        plane = self._plane(simulated, Resume(before, 0, None, -1), [(-1, compiled(campaign_set))])
        if progress.stamp >= 0:
            plane.count(self._span(0, progress.stamp + 1))
            plane.flushed(plane.take_flush())
        plan = backfill(tables, simulated, campaign, progress.stamp)
        one = Backfilled(campaign, campaign_set.version, 0, progress.stamp, len(self.trace))
        where = self.stream.topic, self.number
        self.trace += [set_record(campaign_set), backfilled_record(*where, one)]
        stated = msgspec.structs.replace(progress, held={})
        self.write([(PROGRESS, progress_key(*where), pack_progress(stated))])
        writes = [(table, key, value) for table, records in plan.cells.items() for key, value in records]
        entities: list[Write] = [(cells.ENTITIES, key, value) for key, value in plan.entities]
        if dies:
            self.write([write for write in writes if rng.random() < 0.5])
            self.backfilled_again(campaign, campaign_set, rng)
            return
        self.write([*writes, *entities])
        self.trace.append(backfilled_record(*where, msgspec.structs.replace(one, done=True)))
        self.acquire()

    def backfilled_again(self, campaign: str, campaign_set: CampaignSet, rng: random.Random) -> None:
        """The second attempt; the worker that ran before is still stopped and has nothing to count."""
        self.acquire()
        self.backfilled(campaign, campaign_set, rng)

    # ── two boards ──

    def late_board(self, board: BoardState, rng: random.Random) -> None:
        """A board that begins now reads what compaction left: the last record of most keys, tables in any order."""
        tables = [table for table in cells.TABLES if table != cells.ENTITIES]
        rng.shuffle(tables)
        for table in tables:
            last = {key: index for index, (key, _) in enumerate(self.logs[table])}
            kept = [
                record
                for index, record in enumerate(self.logs[table])
                if last[record[0]] == index or rng.random() < 0.3
            ]
            board.apply(self.stream.table(table), kept)

    @property
    def _owner(self) -> PartitionPlane:
        return self.worker if self.worker is not None else self.acquire()
