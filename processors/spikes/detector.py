"""The detector: how far above the expected, against the series' own record, and only above all of the last day."""

import math
from typing import Final

import msgspec

from processors.spikes.state import BankState, DetectorState
from processors.spikes.views import DAY, HOUR, score_bank, score_day

#: Score at and above which to alert; frozen on five labelled series by tests/bench/spikes_eval.py.
RECOMMENDED_THRESHOLD: Final = 0.445

#: A deviation (in standard deviations) counts as half a record even in a series that never had one.
_FLOOR: Final = 5.0
_RECORD_HALF_LIFE: Final = 14 * DAY
_BUCKET: Final = 300.0
_BUCKETS_A_DAY: Final = int(DAY / _BUCKET)
_SHORTEST_STEP: Final = 60.0
#: Beyond this a number is no count, and its square leaves the range of floats.
_LARGEST: Final = 1e15


class SpikeDetector:
    """Scores each count of one series, then learns it; nothing later than the count is ever looked at.

    The distance between rows is taken from the rows seen so far (the shortest, at least a minute), so gaps are gaps and
    not zeros; when it shrinks, the view of the last hour starts to learn anew. Scores are 0 in the first day.
    """

    def __init__(self, state: DetectorState | None = None) -> None:
        self._state = DetectorState() if state is None else _copy(state)

    def snapshot(self) -> DetectorState:
        """A copy of everything remembered; a detector made from it goes on with the same scores."""
        return _copy(self._state)

    def score(self, at: float, count: float) -> float:
        """How much of a spike ``count`` is, from 0 to 1.

        ``at`` is in seconds since the epoch. Raises ValueError, and learns nothing, when it is not later than the row
        before or when ``count`` is not a finite number from 0 to 1e15.
        """
        if not 0.0 <= count <= _LARGEST:
            raise ValueError(f"value {count!r} is not a count (0 to 1e15)")
        state = self._state
        if not math.isfinite(at) or (state.last is not None and at <= state.last):
            raise ValueError("timestamp is not later than the one of the row before")
        elapsed = self._advance(at)
        strength = self._strength(self._views(at, count), elapsed)
        return self._emit(at, strength)

    def _advance(self, at: float) -> float:
        """Move to ``at``; the seconds since the row before."""
        state = self._state
        if state.first is None or state.last is None:
            state.first = state.last = at
            return 0.0
        elapsed = at - state.last
        before = _rows_an_hour(state)
        state.step = max(_SHORTEST_STEP, elapsed if state.step is None else min(state.step, elapsed))
        if _rows_an_hour(state) != before:
            # Sums over another number of rows cannot be compared with those learnt.
            state.hourly, state.hour = BankState(), []
        state.last = at
        return elapsed

    def _views(self, at: float, count: float) -> tuple[float, float, float]:
        """Deviations of this row, of the last hour, and from the hour of the day."""
        state = self._state
        step, rows = state.step or _BUCKET, _rows_an_hour(state)
        state.hour = [row for row in state.hour if row[0] > at - HOUR + step / 2][1 - rows :] if rows > 1 else []
        state.hour.append((at, count))
        # A gap leaves fewer rows than an hour holds: their mean stands for the missing ones.
        total = sum(row[1] for row in state.hour) * rows / len(state.hour)
        return (
            score_bank(state.now, count, rows=1.0, step=step),
            score_bank(state.hourly, total, rows=float(rows), step=step),
            score_day(state.day, count, hour=int(at // HOUR) % 24, step=step, scoring=self._is_warm(at)),
        )

    def _strength(self, views: tuple[float, float, float], elapsed: float) -> float:
        """Each view against its record, and against the geometric mean of record and floor, averaged."""
        state = self._state
        records = state.records or [_FLOOR] * len(views)
        kept = 0.5 ** (elapsed / _RECORD_HALF_LIFE)
        total = 0.0
        for index, view in enumerate(views):
            record = records[index] = max(records[index] * kept, _FLOOR)
            total += view / (view + record) + view / (view + math.sqrt(record * _FLOOR))
            records[index] = max(record, view)
        state.records = records
        return total / (2 * len(views))

    def _emit(self, at: float, strength: float) -> float:
        """The strength if it is above everything of the last 24 hours, otherwise 0; 0 in the first day."""
        state = self._state
        bucket = int(at // _BUCKET)
        peaks = [peak for peak in state.peaks if peak[0] >= bucket - _BUCKETS_A_DAY]
        highest = peaks[0][1] if peaks else 0.0
        while peaks and peaks[-1][1] <= strength:
            peaks.pop()
        if not peaks or peaks[-1][0] != bucket:
            peaks.append((bucket, strength))
        state.peaks = peaks
        return strength if strength > highest and self._is_warm(at) else 0.0

    def _is_warm(self, at: float) -> bool:
        return self._state.first is not None and at - self._state.first >= DAY


def _rows_an_hour(state: DetectorState) -> int:
    return max(1, round(HOUR / (state.step or _BUCKET)))


def _copy(state: DetectorState) -> DetectorState:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=DetectorState)
