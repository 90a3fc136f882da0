"""One recount of everything that is retained, partition by partition."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer
from msgspec import Struct

from listener.errors import UsageProblem
from listener.recount.live.business import BusinessRecount
from listener.recount.live.cluster import Cluster, Rows, Sets, Standing
from listener.recount.live.comparing import Comparison, Cut, Difference, NotCovered, group
from listener.recount.live.cutting import Older
from listener.recount.live.ledger import TABLES, Clock, Ledger
from listener.recount.live.posts import PostsRecount, Simulated
from listener.recount.live.records import Input
from listener.recount.live.sets import InForce
from models.outcome import OUTCOMES
from models.progress import Progress
from models.streams import ARTICLES, POSTS, Stream
from models.trace import Backfilled

#: Say how far it is after so many records.
_SAY: Final = 100_000
#: Seconds that a consumer has to come to rest.
_STOP_S: Final = 3.0

Say = Callable[[str], None]


class Result(Struct):
    """What a recount came to. ``records`` were counted again, ``compared`` cells and outcomes compared."""

    records: int = 0
    compared: int = 0
    differences: list[Difference] = []
    not_covered: list[NotCovered] = []

    def lines(self) -> Iterator[str]:
        """What differs, and what could not be compared, as printed."""
        yield from (one.line() for one in self.differences)
        yield from (one.line() for one in self.not_covered)

    @property
    def summary(self) -> str:
        """On one line."""
        what = f"{self.records:,} records counted again, {self.compared:,} cells and outcomes compared"
        return f"{what}: {len(self.differences)} differences"

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


@dataclass
class Recounting:
    """Recounts the partitions of a cluster. ``retention``: as the workers have it."""

    cluster: Cluster
    retention: bool
    say: Say
    result: Result = field(default_factory=Result)

    async def run(self, partitions: dict[Stream, int]) -> Result:
        """Recount everything."""
        consumer = self.cluster.consumer()
        await consumer.start()
        try:
            standing, sets = await self.cluster.rows(partitions), Sets()
            # Read last: whatever a cell was counted under was on this topic before.
            await self.cluster.sets(sets)
            grown = {stream for (stream, number), rows in standing.items() if _has_grown(stream, number, rows)}
            for stream, number in list(standing):
                rows = standing.pop((stream, number))
                found = Standing.of(stream, number, rows)
                await self._partition(consumer, stream, number, found, sets, grown=stream in grown)
        finally:
            # It only reads: where it does not come to rest, the end of the loop ends it.
            await asyncio.wait({asyncio.create_task(consumer.stop())}, timeout=_STOP_S)
        return self.result

    async def _partition(
        self,
        consumer: AIOKafkaConsumer,
        stream: Stream,
        number: int,
        standing: Standing,
        sets: Sets,
        *,
        grown: bool,
    ) -> None:
        progress = standing.progress
        if progress is None:
            if standing.cells:
                raise UsageProblem(f"{stream.topic}/{number} has cells and no progress: `listener rebase` comes first.")
            return
        first = await self.cluster.first(consumer, stream, number)
        # What was there when the topic got more partitions went to others since, and came from others.
        begin = max(first + progress.base, progress.moved + 1)
        one = PartitionRecount(stream, number, standing, progress, sets, begin, self.retention, grown=grown)
        if one.in_force:
            await self._count(consumer, one, first)
        comparison = one.compare()
        self.result.compared += comparison.compared
        self.result.differences += comparison.differences
        self.result.not_covered += comparison.not_covered()
        self.say(f"{stream.topic}/{number}: {len(comparison.differences)} differences, {one.records:,} records")

    async def _count(self, consumer: AIOKafkaConsumer, one: "PartitionRecount", first: int) -> None:
        base = one.progress.base
        last = one.standing.horizon - base
        async for record in self.cluster.records(consumer, one.stream, one.number, (first, last), base):
            one.take(record)
            self.result.records += 1
            if self.result.records % _SAY == 0:
                done = record.stamp - base - first + 1
                self.say(f"{one.stream.topic}/{one.number}: {done:,} of {last - first + 1:,} records")


class PartitionRecount:
    """One partition on its way: what stands there, what is expected."""

    def __init__(
        self,
        stream: Stream,
        number: int,
        standing: Standing,
        progress: Progress,
        sets: Sets,
        first: int,
        retention: bool,  # noqa: FBT001 - the workers' setting
        *,
        grown: bool = False,
    ) -> None:
        self.stream, self.number, self.standing, self.progress = stream, number, standing, progress
        self.records = 0
        where = (stream.topic, number)
        self.in_force = InForce(list(sets.trace.adopted[where].values()), progress.sets, sets.known)
        if self.in_force.missing:
            raise UsageProblem(
                f"campaign set {min(self.in_force.missing)} is no longer on its topic: restore the topic."
            )
        self.retention = retention
        self._outcomes: Counter[int] = Counter()
        self._ledger = Ledger(Clock(sets.zones), progress.durable)
        self._whole = self.in_force.begins and self.in_force.first >= first and not grown
        self.in_force.begin_at(first)
        self._backfills = list(sets.trace.backfilled[where].values())
        self._older = Older(stream)
        self._first = first
        self._counts: PostsRecount | BusinessRecount
        if stream in (POSTS, ARTICLES):
            simulated = [Simulated(one, sets.known[one.version]) for one in self._backfills if one.done]
            self._counts = PostsRecount(stream.topic, self.in_force, simulated, retention=retention)
        else:
            self._counts = BusinessRecount(stream.topic, self.in_force, retention=retention)

    def take(self, record: Input) -> None:
        """Count a record again."""
        self.records += 1
        if not self._whole and record.stamp >= self.in_force.first:
            self._older.take(record)
        outcome = self._counts.take(record)
        if outcome is not None and record.stamp <= self.progress.stamp:
            self._outcomes[outcome] += 1

    def compare(self) -> Comparison:
        """Everything is counted: compare it with what stands there."""
        self._counts.finish(self._ledger)
        comparison = Comparison(
            self.stream.topic,
            self.number,
            self.stream.metrics,
            self._ledger,
            record_time=self._counts.record_time if self.retention else None,
            cuts=self._cuts(),
        )
        comparison.cells(self.standing.cells)
        comparison.outcomes(group(self._outcomes), dict(zip(OUTCOMES, self.progress.outcomes, strict=True)))
        return comparison

    def _cuts(self) -> dict[str | None, Cut]:
        """What is gone, by campaign: a backfill counts from its own first record, for its campaign."""
        cuts: dict[str | None, Cut] = {}
        if not self._whole:
            cuts[None] = self._older.cut(known=bool(self.in_force))
        for campaign in {one.campaign for one in self._backfills}:
            cut = self._backfill_cut([one for one in self._backfills if one.campaign == campaign])
            if cut is not None:
                cuts[campaign] = cut
        return cuts

    def _backfill_cut(self, backfills: Sequence[Backfilled]) -> Cut | None:
        last = max(backfills, key=lambda one: (one.last, one.started_at))
        if not last.done:
            return Cut(0, "a backfill was cut short: run it again", whole=True)
        if last.first < self._first:
            return self._older.cut(known=True)
        return Cut(0, "", minutes=self._older.minutes) if not self._whole else None


def _has_grown(stream: Stream, number: int, rows: Rows) -> bool:
    """Whether the topic had fewer partitions when this one was counted first."""
    progress = Standing.of(stream, number, rows | {table: {} for table in TABLES}).progress
    return progress is not None and progress.moved >= 0
