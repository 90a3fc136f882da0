"""The numbers of a campaign from closed minutes: rows of five minutes, each scored by every view, then learnt.

::

    minute ─► row of 5 ─► score fast (5 min, 15 min, 1 h) ─► learn ─► baselines
                 └──► hour of 12 rows ─► score long (1 h, 3 h, 6 h)
                 └──► local day ─► drift

A row with a minute missing, or read incompletely, is no row: it is neither scored nor learnt.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from models.series import ClosedMinute
from processors.incidents.baseline import Baseline
from processors.incidents.calendar import local_day, slot
from processors.incidents.series import METRICS_OF, amounts, platform_of
from processors.incidents.state import KEPT_ROWS, Filling, Row, WatchState
from processors.spikes import SpikeDetector

MINUTE: Final = 60
ROW: Final = 300
HOUR: Final = 3600
_ROW_MINUTES: Final = ROW // MINUTE
ROWS_AN_HOUR: Final = HOUR // ROW
#: Seconds that the long view sums, for brands that are named twice an hour; its rows are hours.
LONG_SPANS: Final = (0.0, 3 * HOUR, 6 * HOUR)
#: A row counts when all input that had something to tell was read past it.
_COMPLETE: Final = 0.999
#: A platform that owes so many mentions is taken for dead: its zeros teach nothing.
_DEAD: Final = 10.0
#: After a hole, what was counted meanwhile (likes above all) arrives at once: as long as the hole, at most this.
_LONGEST_UNSETTLED: Final = 6 * HOUR
_SHORTEST_UNSETTLED: Final = HOUR


class Score(NamedTuple):
    """What a view says about a series at the end of a row. ``observed``, ``expected``: of the last ``seconds``."""

    series: str
    span: str
    value: float
    seconds: int


class Scored(NamedTuple):
    """A whole row. ``live``: none of it was replayed. ``drift``: (CUSUM, a day's total, the usual) when a day ended."""

    row: Row
    live: bool
    scores: list[Score]
    drift: tuple[float, int, float] | None
    completeness: float
    delay_s: float


class Views:
    """Everything that is learnt about one campaign; the state is given and stays the owner's."""

    def __init__(self, state: WatchState, zone: str) -> None:
        self._state = state
        self._zone = zone
        self._fast = {name: SpikeDetector(kept) for name, kept in state.fast.items()}
        self._long = {name: SpikeDetector(kept, LONG_SPANS) for name, kept in state.long.items()}

    def snapshot(self) -> WatchState:
        """A copy of the whole state."""
        state = self._state
        state.fast = {name: detector.snapshot() for name, detector in self._fast.items()}
        state.long = {name: detector.snapshot() for name, detector in self._long.items()}
        return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=WatchState)

    def take(self, minute: ClosedMinute) -> Scored | None:
        """Take in the next minute; a scored row when it completes one. Minutes not after the last are ignored."""
        state = self._state
        if state.through is not None and minute.minute <= state.through:
            return None
        state.through = minute.minute
        start = minute.minute - minute.minute % ROW
        if state.row is None or state.row.start != start:
            state.row = Filling(start)
        row = state.row
        _add(row, amounts(minute, state.platforms), live=not minute.replayed, whole=minute.completeness >= _COMPLETE)
        row.completeness = min(row.completeness, minute.completeness)
        row.delay_s = max(row.delay_s, minute.delay_s)
        if row.parts < _ROW_MINUTES:
            return None
        state.row = None
        return self._row(row) if row.whole else None

    def _row(self, row: Filling) -> Scored:
        state = self._state
        for platform in state.platforms:
            for measure in METRICS_OF:
                row.amounts.setdefault(f"{measure}:{platform}", 0)
        self._note_holes(row)
        dead = self._note_dead(row)
        expected, where = {}, slot(row.start, self._zone)
        scores = []
        for series, amount in sorted(row.amounts.items()):
            expected[series] = self._baseline(series).expected(where)
            if not _is_dead(series, dead):
                value = self._detector(self._fast, series).score(row.start, float(amount))
                scores.append(Score(series, "fast", value, HOUR))
        scores += self._hour(row, dead)
        day = local_day(row.start, self._zone)
        drift = state.drift.take(day.ordinal, row.amounts["mentions"], off=day.off)
        told = Row(
            row.start,
            {series: amount for series, amount in row.amounts.items() if amount},
            {series: round(value, 3) for series, value in expected.items() if value},
        )
        state.recent = [*state.recent[1 - KEPT_ROWS :], told]
        state.authors_known |= row.amounts["authors"] > 0
        return Scored(told, row.live, scores, drift, row.completeness, row.delay_s)

    def learn_usual(self, row: Row) -> None:
        """Take a row into the baselines: not while an incident is open."""
        where = slot(row.start, self._zone)
        for series, baseline in self._state.baselines.items():
            baseline.learn(where, row.amounts.get(series, 0))

    def _hour(self, row: Filling, dead: set[str]) -> Iterator[Score]:
        """Scores of the long view when an hour is complete."""
        state = self._state
        start = row.start - row.start % HOUR
        if state.hour is None or state.hour.start != start:
            state.hour = Filling(start)
        hour = state.hour
        _add(hour, row.amounts, live=row.live, whole=True)
        if hour.parts < ROWS_AN_HOUR:
            return
        state.hour = None
        for series, amount in sorted(hour.amounts.items()):
            if not _is_dead(series, dead):
                value = self._detector(self._long, series).score(start, float(amount))
                yield Score(series, "long", value, 6 * HOUR)

    def _detector(self, detectors: dict[str, SpikeDetector], series: str) -> SpikeDetector:
        if series not in detectors:
            detectors[series] = SpikeDetector() if detectors is self._fast else SpikeDetector(spans=LONG_SPANS)
        return detectors[series]

    def _baseline(self, series: str) -> Baseline:
        return self._state.baselines.setdefault(series, Baseline())

    def _note_holes(self, row: Filling) -> None:
        """After a hole, and after what was replayed, engagement arrives in a heap."""
        state = self._state
        last = state.recent[-1].start if state.recent else row.start - ROW
        hole = row.start - last - ROW
        if hole > 0 or not row.live:
            self._unsettle(row.start, hole)

    def _note_dead(self, row: Filling) -> set[str]:
        """Platforms that owe so much that they must be dead.

        One that is back is unsettled for as long as it was away.
        """
        state = self._state
        where, dead = slot(row.start, self._zone), set()
        for platform in state.platforms:
            series = f"mentions:{platform}"
            owed = state.owed.get(platform, 0.0)
            if row.amounts.get(series, 0):
                if owed >= _DEAD:
                    self._unsettle(row.start, HOUR)
                state.owed[platform] = 0.0
                continue
            state.owed[platform] = owed + self._baseline(series).expected(where)
            if state.owed[platform] >= _DEAD:
                dead.add(platform)
        return dead

    def _unsettle(self, at: int, seconds: int) -> None:
        length = min(max(seconds, _SHORTEST_UNSETTLED), _LONGEST_UNSETTLED)
        self._state.unsettled_until = max(self._state.unsettled_until, at + length)


def _is_dead(series: str, dead: set[str]) -> bool:
    """Whether a dead platform falsifies a series: its own, and the whole."""
    return bool(dead) and (platform_of(series) in dead or not platform_of(series))


def _add(into: Filling, amounts_: dict[str, int], *, live: bool, whole: bool) -> None:
    into.parts += 1
    into.live &= live
    into.whole &= whole
    for series, amount in amounts_.items():
        into.amounts[series] = into.amounts.get(series, 0) + amount
