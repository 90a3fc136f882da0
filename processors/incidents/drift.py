"""Slow rises, day by day: a CUSUM of daily totals against the median of four weeks.

Page 1954; reference value ½ standard deviation, decision interval 5: in independent normal days one false alarm in
about two and a half years (Siegmund's approximation: 938 days). A single wild day counts as 3 at most: it is a spike,
not a drift.
"""

import statistics
from typing import Final

import msgspec

_DAYS: Final = 28
#: Days of the same kind that a median needs.
_FIRST_DAYS: Final = 8
_REFERENCE: Final = 0.5
DECISION: Final = 5.0
_MOST: Final = 3.0
#: A scaled median of absolute deviations estimates the standard deviation.
_MAD: Final = 1.4826
_FIRST_ROWS: Final = 274
_A_DAY: Final = 288


class Drift(msgspec.Struct):
    """``day``: number of the local day being summed; ``past``: (total, day off) of the last four weeks' whole days."""

    day: int | None = None
    off: bool = False
    rows: int = 0
    total: int = 0
    past: list[tuple[int, bool]] = []
    sum: float = 0.0

    def take(self, day: int, amount: int, *, off: bool) -> tuple[float, int, float] | None:
        """Add a row of the local day; when a day has ended: (CUSUM, its total, the usual), else None.

        A day with less than 95 % of its rows is left out.
        """
        ended = None
        if self.day is not None and day != self.day:
            if self.rows >= _FIRST_ROWS:
                ended = self._end(self.total * _A_DAY // self.rows)
            self.rows = self.total = 0
        self.day, self.off = day, off
        self.rows += 1
        self.total += amount
        return ended

    def _end(self, total: int) -> tuple[float, int, float] | None:
        alike = [_root(one) for one, off in self.past if off == self.off] or []
        if len(alike) < _FIRST_DAYS:
            alike = [_root(one) for one, _ in self.past]
        self.past = [*self.past[1 - _DAYS :], (total, self.off)]
        if len(alike) < _FIRST_DAYS:
            return None
        usual = statistics.median(alike)
        spread = max(1.0, _MAD * statistics.median([abs(one - usual) for one in alike]))
        self.sum = max(0.0, self.sum + min((_root(total) - usual) / spread, _MOST) - _REFERENCE)
        return self.sum, total, (usual / 2) ** 2


def _root(total: int) -> float:
    # Anscombe's transform: the standard deviation of a Poisson count becomes 1.
    return float(2 * (total + 0.375) ** 0.5)
