"""From "at most so many false alerts a week" to thresholds.

``RATES`` was measured, not derived: ``tests/bench/watch_eval.py`` runs the whole watch, all series of a
campaign together, over the labelled brands (split into platforms, authors and measures) and over simulated ones, and
counts the incidents that are in no labelled window. The higher of the two rates stands in the table, made monotone.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

#: Rising threshold of the score → false incidents per campaign and week.
RATES: Final[tuple[tuple[float, float], ...]] = (
    (0.20, 9.8),
    (0.24, 9.2),
    (0.28, 7.8),
    (0.32, 5.6),
    (0.36, 3.0),
    (0.38, 2.35),
    (0.40, 1.68),
    (0.42, 1.17),
    (0.44, 0.80),
    (0.46, 0.60),
    (0.48, 0.32),
    (0.50, 0.27),
    (0.54, 0.16),
    (0.58, 0.13),
)
#: Measure → what its score must reach above the threshold. One viral post makes thousands of likes: their sums have far
#: heavier tails than counts of people, and without this most false incidents were of engagement alone.
MARGINS: Final[Mapping[str, float]] = {"engagement": 0.15}
#: On days whose hours are not like those of other days, half the budget.
_UNUSUAL_SHARE: Final = 0.5


class Thresholds(NamedTuple):
    """What fires: a score of the fast or the long view, a sum of the drift watch; ``rate`` false incidents a week."""

    score: float
    rate: float


def thresholds(
    false_per_week: float, *, unusual: bool = False, rates: Sequence[tuple[float, float]] = RATES
) -> Thresholds:
    """The lowest threshold that keeps to the budget; beyond the table its last step is continued.

    Log-linear between the steps of the table. Raises ValueError for a budget that is not above 0.
    """
    if not false_per_week > 0 or not math.isfinite(false_per_week):
        raise ValueError(f"false_per_week {false_per_week!r} is not above 0")
    budget = false_per_week * (_UNUSUAL_SHARE if unusual else 1.0)
    falling = [-math.log(rate) for _, rate in rates]
    wanted = -math.log(budget)
    after = min(max(bisect_left(falling, wanted), 1), len(rates) - 1)
    (low, _), (high, _) = rates[after - 1], rates[after]
    share = (wanted - falling[after - 1]) / (falling[after] - falling[after - 1])
    score = min(max(low + share * (high - low), rates[0][0]), 0.99)
    return Thresholds(score, budget if score > rates[0][0] else rates[0][1])


def rate_of(score: float, rates: Sequence[tuple[float, float]] = RATES) -> float:
    """False incidents a week at a threshold, as measured; log-linear in between."""
    at = [one for one, _ in rates]
    after = min(max(bisect_left(at, score), 1), len(rates) - 1)
    (low, first), (high, second) = rates[after - 1], rates[after]
    share = (score - low) / (high - low)
    return math.exp(math.log(first) + share * (math.log(second) - math.log(first)))
