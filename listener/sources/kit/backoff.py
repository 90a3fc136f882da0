"""Full jitter: waits that grow, each a random share of its bound, so that many clients do not come back at once.

M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from random import Random
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 300.0
_LAST_DOUBLING: Final = 30


class FullJitter:
    """Seconds to wait before the next try: uniform in 0 … ``first`` · 2^n, at most ``longest``."""

    def __init__(self, random: Random, first: float = FIRST_S, longest: float = LONGEST_S) -> None:
        self._random = random
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self) -> float:
        """The wait after one more failure."""
        bound = min(self._longest, self._first * 2.0 ** min(self._failures, _LAST_DOUBLING))
        self._failures += 1
        return self._random.uniform(0, bound)

    def reset(self) -> None:
        """Something worked."""
        self._failures = 0
