"""The detector: how far above the expected, against the series' own record, and only above all of the last day."""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from processors.spikes.state import BankState, DayState, DetectorState
from processors.spikes.views import DAY, HOUR, score_bank, score_day

#: Score at and above which to alert; frozen on five labelled series by tests/bench/spikes_eval.py.
RECOMMENDED_THRESHOLD: Final = 0.42

#: A deviation (in standard deviations) counts as half a record even in a series that never had one.
_FLOOR: Final = 5.0
#: A record halves in so many seconds; what the score is made of is the mean over all of them.
_HALF_LIVES: Final = (7 * DAY, 14 * DAY, 28 * DAY)
#: What is summed, in seconds: the row itself (whatever its length), a quarter of an hour, an hour.
SPANS: Final = (0.0, 900.0, HOUR)
#: A view that says nothing counts as this, so that one silent view does not silence all.
_LEAST: Final = 0.001
_BUCKET: Final = 300.0
_BUCKETS_A_DAY: Final = int(DAY / _BUCKET)
_SHORTEST_STEP: Final = 60.0
#: Beyond this a number is no count, and its square leaves the range of floats.
_LARGEST: Final = 1e15


class SpikeDetector:
    """Scores each count of one series, then learns it; nothing later than the count is ever looked at.

    The distance between rows is taken from the rows seen so far (the shortest, at least a minute), so gaps are gaps and
    not zeros; when it shrinks, the views of sums start to learn anew. Scores are 0 in the first day.

    ``spans``: seconds that are summed, the longest last; 0 is the row itself. A detector goes on with the spans that
    its state was made with.
    """

    def __init__(self, state: DetectorState | None = None, spans: Sequence[float] = SPANS) -> None:
        self._spans = tuple(spans)
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
        before = state.step or 0.0
        state.step = max(_SHORTEST_STEP, min(before or elapsed, elapsed))
        for index, span in enumerate(self._spans):
            if state.banks and _rows(span, state.step) != _rows(span, before):
                # Sums over another number of rows cannot be compared with those learnt.
                state.banks[index], state.days[index] = BankState(), DayState()
                state.hour = []
        state.last = at
        return elapsed

    def _views(self, at: float, count: float) -> list[float]:
        """Deviations of the sums of every span: from their level, and from that of the hour of the day."""
        state = self._state
        step = state.step or _BUCKET
        if not state.banks:
            state.banks, state.days = [BankState() for _ in self._spans], [DayState() for _ in self._spans]
        longest = _rows(self._spans[-1], step)
        since = at - longest * step + step / 2
        state.hour = [row for row in state.hour if row[0] > since][1 - longest :] if longest > 1 else []
        state.hour.append((at, count))
        hour, warm, views = int(at // HOUR) % 24, self._is_warm(at), []
        for span, bank, day in zip(self._spans, state.banks, state.days, strict=True):
            rows = _rows(span, step)
            total = self._sum(at, rows)
            views.append(score_bank(bank, total, rows=float(rows), step=step))
            views.append(score_day(day, total, hour=hour, step=step, scoring=warm))
        return views

    def _sum(self, at: float, rows: int) -> float:
        """What the last ``rows`` rows come to; a gap leaves fewer: their mean stands for the missing ones."""
        since = at - (rows - 0.5) * (self._state.step or _BUCKET)
        counts = [count for when, count in self._state.hour if when > since]
        return sum(counts) * rows / len(counts)

    def _strength(self, views: list[float], elapsed: float) -> float:
        """What the views, each measured against its own records, come to."""
        against = self._against_records(views, elapsed)
        return self._agree(against) if any(views) else 0.0

    def _against_records(self, views: list[float], elapsed: float) -> list[float]:
        """Each view against a record, and against the geometric mean of record and floor; averaged over the memories.

        The views are learnt.
        """
        state = self._state
        records = state.records or [[_FLOOR] * len(_HALF_LIVES) for _ in views]
        against = []
        for view, kept in zip(views, records, strict=True):
            total = 0.0
            for index, half_life in enumerate(_HALF_LIVES):
                record = max(kept[index] * 0.5 ** (elapsed / half_life), _FLOOR)
                total += view / (view + record) + view / (view + math.sqrt(record * _FLOOR))
                kept[index] = max(record, view)
            against.append(total / (2 * len(_HALF_LIVES)))
        state.records = records
        return against

    def _agree(self, against: list[float]) -> float:
        """The geometric mean: all must agree."""
        return math.exp(sum(math.log(max(one, _LEAST)) for one in against) / len(against))

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


def _rows(span: float, step: float) -> int:
    """How many rows of ``step`` seconds make a span."""
    return max(1, round(span / (step or _BUCKET)))


def _copy(state: DetectorState) -> DetectorState:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=DetectorState)
