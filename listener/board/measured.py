"""How complete the closed minutes of a campaign were, for as long as the series topic is kept.

Minutes of equal completeness that follow each other are one run, so a year without trouble is a single one.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

#: As long as the series topic is kept.
KEEP_S: Final = 400 * 86_400
_MINUTE_S: Final = 60
#: Beyond so many runs of a campaign the two oldest become one, with their mean.
_MOST_RUNS: Final = 10_000
_DIGITS: Final = 4

#: [first minute, end (epoch seconds, exclusive), completeness].
Run = list[float]


class Measure(NamedTuple):
    """Over a span: closed minutes, their mean completeness, and the lowest one."""

    minutes: int
    mean: float
    least: float


class Measured:
    """The completeness of every campaign's closed minutes; minutes that were never closed are in no run."""

    def __init__(self, runs: dict[str, list[Run]] | None = None) -> None:
        self.runs: dict[str, list[Run]] = {} if runs is None else runs

    def take(self, campaign: str, minute: int, completeness: float) -> None:
        """The next closed minute of a campaign."""
        runs = self.runs.setdefault(campaign, [])
        known = round(completeness, _DIGITS)
        if runs and runs[-1][1] == minute and runs[-1][2] == known:
            runs[-1][1] = minute + _MINUTE_S
        else:
            runs.append([minute, minute + _MINUTE_S, known])
            if len(runs) > _MOST_RUNS:
                runs[:2] = [_merged(runs[0], runs[1])]
        while runs[0][1] <= minute - KEEP_S:
            del runs[0]

    def over(self, campaign: str, first: int | None, end: int | None) -> Measure | None:
        """Over the minutes from ``first`` to before ``end`` (epoch seconds); None where none of them is closed."""
        parts = list(self._parts(campaign, first, end))
        total = sum(length for length, _ in parts)
        if not total:
            return None
        mean = sum(length * completeness for length, completeness in parts) / total
        return Measure(int(total // _MINUTE_S), mean, min(completeness for _, completeness in parts))

    def _parts(self, campaign: str, first: int | None, end: int | None) -> Iterator[tuple[float, float]]:
        for began, ended, completeness in self.runs.get(campaign, ()):
            low = began if first is None else max(began, first)
            high = ended if end is None else min(ended, end)
            if low < high:
                yield high - low, completeness


def _merged(one: Run, other: Run) -> Run:
    """Two runs as one; what lies between them, if anything, is taken for as complete as they were."""
    lengths = one[1] - one[0], other[1] - other[0]
    return [one[0], other[1], (lengths[0] * one[2] + lengths[1] * other[2]) / sum(lengths)]
