"""Three views of how far a count lies above what the series led us to expect, in standard deviations.

Each view is the plain average of members that differ in transform and memory. Nothing here was fitted: the transforms
are the usual ones for counts and the spans run from half a day to a week.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from processors.spikes.state import HOURS, BankState, DayState

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
#: Memory of the moving means, seconds.
SPANS: Final = (DAY / 2, DAY, 2 * DAY, 4 * DAY, 7 * DAY)
#: Memory of the levels by hour of the day, days.
DAY_SPANS: Final = (7, 14)
#: Memory of the residuals' variance, seconds.
RESIDUAL_SPAN: Final = 7 * DAY
#: Rows a bank learns from before it says anything: two hours of five-minute counts.
FIRST_ROWS: Final = 24


class Transform(NamedTuple):
    """A scale for counts and the smallest deviation that can matter on it, for a sum over ``rows`` rows."""

    apply: Callable[[float], float]
    floor: Callable[[float], float]


def _anscombe(count: float) -> float:
    # Anscombe 1948: the variance of a Poisson count becomes 1.
    return 2 * math.sqrt(count + 0.375)


TRANSFORMS: Final = (
    Transform(lambda count: count, math.sqrt),
    Transform(_anscombe, lambda _rows: 1.0),
    Transform(math.log1p, lambda rows: 0.3 / math.sqrt(rows)),
)


def _weight(seen: int, span_rows: float) -> float:
    """The weight of the newest row: a plain mean at first, an exponential one of this span later."""
    return max(1.0 / seen, 2.0 / (span_rows + 1.0))


def score_bank(bank: BankState, count: float, *, rows: float, step: float) -> float:
    """The average deviation of ``count`` (a sum over ``rows`` rows), which is learnt afterwards."""
    if not bank.means:
        bank.means = [0.0] * (len(TRANSFORMS) * len(SPANS))
        bank.variances = [0.0] * len(bank.means)
    bank.seen += 1
    warm = bank.seen > FIRST_ROWS
    weights = [_weight(bank.seen, span / step) for span in SPANS]
    means, variances = bank.means, bank.variances
    total, member = 0.0, 0
    for transform in TRANSFORMS:
        value, lowest = transform.apply(count), transform.floor(rows) ** 2
        for weight in weights:
            away, variance = value - means[member], variances[member]
            if warm and away > 0.0:
                total += away / math.sqrt(max(variance, lowest))
            means[member] += weight * away
            variances[member] = (1.0 - weight) * (variance + weight * away * away)
            member += 1
    return total / member


def score_day(day: DayState, count: float, *, hour: int, step: float, scoring: bool) -> float:
    """The average deviation from the level of this hour of the day, which learns afterwards.

    While not ``scoring`` (the first day) only the levels learn: a residual needs a level of another day.
    """
    if not day.levels:
        day.levels = [[0.0] * HOURS for _ in range(len(TRANSFORMS) * len(DAY_SPANS))]
        day.variances = [0.0] * len(day.levels)
    scoring = scoring and day.counted[hour] > 0
    day.counted[hour] += 1
    day.residuals += scoring
    rows_an_hour = max(1.0, HOUR / step)
    weights = [_weight(day.counted[hour], span * rows_an_hour) for span in DAY_SPANS]
    spread_weight = _weight(max(1, day.residuals), RESIDUAL_SPAN / step)
    total, member = 0.0, 0
    for transform in TRANSFORMS:
        value, lowest = transform.apply(count), transform.floor(1.0) ** 2
        for weight in weights:
            levels = day.levels[member]
            away = value - levels[hour]
            if scoring:
                variance = day.variances[member]
                total += max(0.0, away) / math.sqrt(max(variance, lowest))
                day.variances[member] += spread_weight * (away * away - variance)
            levels[hour] += weight * away
            member += 1
    return total / member
