"""What must be there, counted by the independent recount, and what is there: in the changelogs and at a board."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.recount.counting import KEEP_MINUTES, Recount, recount
from models.campaign import CampaignSet
from models.cells import LIFETIME, METRICS, PROGRESS, WINDOWS, parse_lifetime_key, parse_window_key, unpack_cell
from models.outcome import OUTCOMES, DeadLetter
from models.post import POSTS_TOPIC
from models.progress import unpack_progress
from processors.match import Match, Matcher
from tests.chaos.stream import Load
from tests.integration.workers import Cluster


@dataclass
class Step:
    """A progress record as it was written: when (epoch seconds), up to which stamp, and the set it took into force."""

    at: float
    stamp: int
    sets: Sequence[tuple[int, str]]


@dataclass
class Fault:
    """Something that was done to the cluster, and the offsets that were produced by then."""

    at: float
    ends: dict[int, int]


class LeftOut(Exception):  # noqa: N818 - nothing failed
    """A scenario cannot be played here; the message says why."""


@dataclass
class Figures:
    """The outcome of a scenario.

    ``recoveries`` and ``pause`` are in seconds; ``None``: it was not under load. ``notes``: what else was measured.
    ``alerts``: those that people would have been told of, ``duplicates`` of them in vain. ``phases``: seconds by name.
    """

    name: str
    faults: int = 0
    records: int = 0
    lost: int = 0
    double: int = 0
    alerts: int = 0
    duplicates: int = 0
    recoveries: list[float] = field(default_factory=list)
    pause: float | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Figures") -> None:
        """Take another part of the same scenario in."""
        self.faults += other.faults
        self.records += other.records
        self.lost += other.lost
        self.double += other.double
        self.alerts += other.alerts
        self.duplicates += other.duplicates
        self.recoveries += other.recoveries
        self.problems += other.problems
        self.notes += other.notes
        for name, seconds in other.phases.items():
            self.phases[name] = self.phases.get(name, 0.0) + seconds
        pauses = [one for one in (self.pause, other.pause) if one is not None]
        self.pause = max(pauses, default=None)

    @property
    def passed(self) -> bool:
        return not (self.lost or self.double or self.duplicates or self.problems)

    def line(self) -> str:
        times = ""
        if self.recoveries:
            times = f", recovery p50 {median(self.recoveries):.1f} s max {max(self.recoveries):.1f} s"
        if self.pause is not None:
            times += f", longest pause {self.pause:.1f} s"
        return (
            f"faults {self.faults}, records {self.records}, lost {self.lost}, double {self.double}, "
            f"duplicate alerts {self.duplicates} of {self.alerts}{times}"
        )


class Aborted(Exception):  # noqa: N818 - what it was aborted by is its cause
    """A scenario did not get to its end; ``figures`` hold what was found until then."""

    def __init__(self, figures: Figures, error: Exception) -> None:
        super().__init__(str(error))
        self.figures = figures
        figures.problems.append(f"{type(error).__name__}: {error}")


class VersionedMatcher:
    """Judges each record under the set that was in force at its offset; ``rows`` says which that is."""

    def __init__(self, sets: Mapping[str, CampaignSet], steps: Mapping[int, Sequence[Step]]) -> None:
        self._matchers = {version: Matcher(one) for version, one in sets.items()}
        self._current = next(iter(self._matchers.values()))
        self._since = {number: in_force(found) for number, found in steps.items()}

    @property
    def prefilter(self) -> Any:
        return self._current.prefilter

    def post(self, *arguments: Any, **named: Any) -> Sequence[Match]:
        return self._current.post(*arguments, **named)

    def rows(self, load: Load) -> Iterator[tuple[int, bytes, int, str]]:
        for number, landed in load.landed.items():
            for offset in sorted(landed):
                value, timestamp = landed[offset]
                version = [name for since, name in self._since[number] if since <= offset][-1]
                self._current = self._matchers[version]
                yield number, value, timestamp, POSTS_TOPIC


def in_force(steps: Sequence[Step]) -> list[tuple[int, str]]:
    """(first stamp, version) of all sets that ever held, oldest first."""
    return sorted({one for step in steps for one in step.sets})


def expected(load: Load, sets: Mapping[str, CampaignSet], steps: Mapping[int, Sequence[Step]]) -> Recount:
    matcher = VersionedMatcher(sets, steps)
    latest = CampaignSet(tuple({one.id: one for some in sets.values() for one in some.campaigns}.values()))
    return recount(matcher.rows(load), latest, matcher, retention=True)


@dataclass
class Found:
    """What the changelogs hold, read anew as a recovery would."""

    totals: Counter[Any] = field(default_factory=Counter)
    minutes: Counter[Any] = field(default_factory=Counter)
    outcomes: Counter[Any] = field(default_factory=Counter)
    sums: dict[str, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))
    overdue: int = 0


def found(cluster: Cluster) -> Found:
    """All cells, summed over partitions. A minute past its age that is not yet removed is only counted as overdue."""
    result = Found()
    for tables in cluster.tables().values():
        (value,) = tables[PROGRESS].values()
        progress = unpack_progress(value)
        result.outcomes.update(dict(zip(OUTCOMES, progress.outcomes, strict=True)))
        for key, cell in tables[LIFETIME].items():
            _add(result.totals, (parse_lifetime_key(key).campaign,), cell)
        for window in WINDOWS:
            for key, cell in tables[window].items():
                name, start = parse_window_key(key)
                _add(result.sums[window], (name.campaign,), cell)
                if window != "minute":
                    continue
                if (progress.record_time or 0) / 1000 - (start + 60) >= KEEP_MINUTES.total_seconds():
                    result.overdue += 1
                else:
                    _add(result.minutes, (name.campaign, start), cell)
    return result


def _add(counts: Counter[Any], where: tuple[Any, ...], cell: bytes) -> None:
    for metric, amount in zip(METRICS, unpack_cell(cell).counters, strict=True):
        if amount:
            counts[(*where, metric)] += amount


def judge(figures: Figures, wanted: Recount, have: Found, whole: Sequence[str] = ("hour", "day")) -> None:
    """Add what is lost and double, over outcomes, totals and minutes; ``whole`` windows must sum to the totals."""
    totals = {(name, metric): amount for name, some in wanted.totals.items() for metric, amount in some.items()}
    minutes = {
        (name, int(start.total_seconds()), metric): amount
        for (name, start), some in wanted.minutes.items()
        for metric, amount in some.items()
    }
    pairs = (
        ("outcome", wanted.outcomes, have.outcomes),
        ("total", totals, have.totals),
        ("minute", minutes, have.minutes),
    )
    for what, want, got in pairs:
        for key in {*want, *got}:
            gap = want.get(key, 0) - got.get(key, 0)
            figures.lost += max(0, gap)
            figures.double += max(0, -gap)
            if gap and len(figures.problems) < 20:
                figures.problems.append(f"{what} {key}: expected {want.get(key, 0)}, found {got.get(key, 0)}")
    for window in whole:
        if have.sums[window] != have.totals:
            figures.problems.append(f"the {window}s do not sum to the totals")


def judge_letters(figures: Figures, cluster: Cluster, wanted: Recount, offsets: int) -> None:
    """Valid and dead letters together are the input; a letter may be written twice but is then the same."""
    letters = {
        (one.topic, one.partition, one.offset)
        for _, _, value in cluster.read(cluster.namespace.dead_letters)
        if value
        for one in [msgspec.json.decode(value, type=DeadLetter)]
    }
    invalid = wanted.outcomes.get("invalid", 0)
    if len(letters) != invalid:
        figures.problems.append(f"{invalid} of {offsets} records are invalid, {len(letters)} have a dead letter")


def steps(cluster: Cluster) -> dict[int, list[Step]]:
    """Every progress record that raised a partition's progress, in the order of the log."""
    return asyncio.run(_steps(cluster))


async def _steps(cluster: Cluster) -> dict[int, list[Step]]:
    consumer = AIOKafkaConsumer(**cluster.kafka.aiokafka(), enable_auto_commit=False)
    await consumer.start()
    try:
        tps = [TopicPartition(cluster.namespace.changelog(PROGRESS), number) for number in range(cluster.partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        result: dict[int, list[Step]] = {number: [] for number in range(cluster.partitions)}
        ranks: dict[int, Any] = {}
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    if record.value is None:
                        ranks.pop(record.partition, None)
                        continue
                    one = unpack_progress(record.value)
                    if one.rank >= ranks.get(record.partition, one.rank):
                        ranks[record.partition] = one.rank
                        sets = [(held.since, held.version) for held in one.sets]
                        result[record.partition].append(Step(record.timestamp / 1000, one.stamp, sets))
        return result
    finally:
        await consumer.stop()


def recovery(fault: Fault, found_steps: Mapping[int, Sequence[Step]]) -> float | None:
    """Seconds from a fault until each partition has a record durable that was produced after it; None: never."""
    worst = 0.0
    for number, some in found_steps.items():
        after = [step.at for step in some if step.at > fault.at and step.stamp >= fault.ends[number]]
        if not after:
            return None
        worst = max(worst, after[0] - fault.at)
    return worst


def longest_pause(found_steps: Mapping[int, Sequence[Step]], began: float, ended: float) -> float:
    """The longest time between two moments at which more of a partition became durable, while records came."""
    pause = 0.0
    for some in found_steps.values():
        stamps, times = -1, []
        for step in some:
            if step.stamp > stamps:
                stamps = step.stamp
                times.append(step.at)
        inside = [moment for moment in times if began <= moment <= ended]
        pause = max([pause, *(later - earlier for earlier, later in itertools.pairwise(inside))])
    return pause
