"""How long something takes, as a histogram."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

#: Upper bounds of the buckets in seconds: a write to a broker that is well takes milliseconds, one given up takes 20 s.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)


class Durations:
    """Counts by bucket, the last one above all bounds, and the sum of all. Read from any thread."""

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def took(self, seconds: float) -> None:
        """One more; a duration equal to a bound is in its bucket."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds
