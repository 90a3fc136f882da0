"""Expected against found, cell by cell; what cannot be recounted is told apart from what differs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from listener.recount.live.ledger import LIFETIME, SIZES, CellId, Ledger
from models.outcome import OUTCOMES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: With retention a window is removed so long after its end, ms of record time.
_KEEP_MS: Final = {"minute": 96 * 3_600_000, "hour": 35 * 86_400_000, "day": 400 * 86_400_000}
#: Local hours and days start at most so long before UTC's, in seconds.
_FIRST_ZONE_S: Final = 14 * 3600
#: What a model said of a mention is not worked out again: only the mentions themselves are.
JUDGED: Final = ("negative", "neutral", "positive", "relevant")

#: Metrics to which only the first records of a post add.
_NEW_ONLY: Final = ("mentions", "press_mentions")
_OLDER: Final = "all but mentions: posts from before the first retained record add to them"


class Difference(Struct, frozen=True):
    """One figure that is not what the records come to. ``campaign`` is ``-`` for the outcomes of a partition."""

    campaign: str
    window: str
    metric: str
    expected: int
    found: int
    topic: str
    partition: int
    dimension: str

    def line(self) -> str:
        """As printed: tab-separated."""
        where = f"{self.topic}/{self.partition} {self.dimension}".rstrip()
        return "\t".join((self.campaign, self.window, self.metric, str(self.expected), str(self.found), where))


class NotCovered(Struct, frozen=True):
    """Windows that cannot be recounted: ``campaign`` ``*`` means all; ``first`` and ``last`` are windows."""

    campaign: str
    topic: str
    partition: int
    table: str
    windows: int
    first: str
    last: str
    reason: str

    def line(self) -> str:
        """As printed."""
        span = self.first if self.first == self.last else f"{self.first} to {self.last}"
        what = f"{self.windows} × {self.table}" if self.table != "all" else "everything"
        return f"not covered: {self.campaign} {self.topic}/{self.partition}: {what} ({span}): {self.reason}"


@dataclass(frozen=True)
class Cut:
    """Records of the partition are gone. ``before``: windows that begin earlier (epoch ms) may hold some of them.

    ``whole``: nothing can be recounted. ``minutes``: UTC minutes (seconds) that were touched by something from before.
    """

    before: int
    reason: str
    whole: bool = False
    minutes: frozenset[int] = frozenset()


@dataclass
class Found:
    """One cell as it stands."""

    stamp: int
    counters: Mapping[str, int]


@dataclass
class Comparison:
    """Compares one partition. ``record_time``: what retention goes by, None: retention is off.

    ``cuts``: by campaign, None for all others.
    """

    topic: str
    partition: int
    metrics: Sequence[str]
    ledger: Ledger
    record_time: int | None = None
    cuts: Mapping[str | None, Cut] = field(default_factory=dict)
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    _open: dict[tuple[str, str, str], list[CellId]] = field(default_factory=dict)

    def cells(self, found: Mapping[CellId, Found]) -> None:
        """Compare all cells that are found or expected."""
        for cell in sorted({*found, *self.ledger.cells}):
            cut = self.cuts.get(cell.campaign, self.cuts.get(None))
            if cut is not None and self._is_before(cell, cut):
                self._open.setdefault((cell.campaign, cell.table, cut.reason), []).append(cell)
            else:
                self._compare(cell, found.get(cell), self._metrics(cell, cut))

    def outcomes(self, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
        """Compare how many records had which outcome."""
        if None in self.cuts:
            return
        for name in OUTCOMES:
            self.compared += 1
            if expected.get(name, 0) != found.get(name, 0):
                self._differ("-", "all", f"outcome {name}", expected.get(name, 0), found.get(name, 0), "")

    def not_covered(self) -> Iterator[NotCovered]:
        """What could not be compared, by campaign and table."""
        for (campaign, table, reason), cells in sorted(self._open.items()):
            windows = [window_text(cell) for cell in cells]
            first, last = min(windows), max(windows)
            yield NotCovered(campaign, self.topic, self.partition, table, len(set(windows)), first, last, reason)

    def _compare(self, cell: CellId, found: Found | None, metrics: Iterable[str]) -> None:
        if found is None and self._expired(cell):
            return
        expected = self.ledger.expected(cell, found.stamp if found is not None else self.ledger.durable)
        counters = found.counters if found is not None else {}
        self.compared += 1
        for metric in metrics:
            want, have = expected.get(metric, 0), counters.get(metric, 0)
            if want != have:
                self._differ(cell.campaign, window_text(cell), metric, want, have, cell.dimension)

    def _differ(self, campaign: str, window: str, metric: str, want: int, have: int, dimension: str) -> None:
        one = Difference(campaign, window, metric, want, have, self.topic, self.partition, dimension)
        self.differences.append(one)

    def _expired(self, cell: CellId) -> bool:
        if self.record_time is None or cell.table == LIFETIME:
            return False
        return self.record_time - (cell.start + SIZES[cell.table]) * 1000 >= _KEEP_MS[cell.table]

    @staticmethod
    def _is_before(cell: CellId, cut: Cut) -> bool:
        if cut.whole or cell.table == LIFETIME:
            return cut.whole or cut.before > 0
        start = cell.start if cell.table == "minute" else cell.start - _FIRST_ZONE_S
        return start * 1000 <= cut.before

    def _metrics(self, cell: CellId, cut: Cut | None) -> Iterator[str]:
        """What can be compared: where something older was seen, only what new posts alone add to."""
        touched = cut is not None and (
            bool(cut.minutes)
            if cell.table == LIFETIME
            else cell.start in self.ledger.clock.starts(cell.table, cell.campaign, cut.minutes)
        )
        if touched:
            self._open.setdefault((cell.campaign, cell.table, _OLDER), []).append(cell)
        for metric in self.metrics:
            if any(word in metric for word in JUDGED):
                continue
            if not touched or metric in _NEW_ONLY:
                yield metric


def window_text(cell: CellId) -> str:
    """A window for people: minutes in UTC, hours and days on the campaign's clock."""
    if cell.table == LIFETIME:
        return LIFETIME
    start = (_EPOCH + timedelta(seconds=cell.start)).replace(tzinfo=None)
    if cell.table == "day":
        return f"day {start.date()}"
    return f"{cell.table} {start.isoformat()}{'Z' if cell.table == 'minute' else ''}"


def group(counted: Mapping[int, int]) -> Counter[str]:
    """Outcomes by name."""
    return Counter({OUTCOMES[outcome]: number for outcome, number in counted.items()})
