"""Summed cells: what evaluation asks for, whoever keeps them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from processors.kpis.distinct import Distinct
from processors.kpis.periods import Span
from processors.windows import MINUTE_MS

#: Dimension → amounts in the order of the stream's metrics.
Amounts = Mapping[str, Sequence[int]]


class Figures(Protocol):
    """The cells of all campaigns, summed over source partitions."""

    def amounts(self, campaign: str, stream: str, span: Span) -> Amounts:
        """Sums over a span, by dimension."""

    def last(self, campaign: str, stream: str, span: Span, metric: int, rows: int) -> Mapping[str, int]:
        """By dimension: the metric in the last window before the span's end in which ``rows`` is not zero."""

    def stories(self, campaign: str, span: Span) -> int | None:
        """Distinct stories of the press mentions of a span; None where nobody has counted them."""

    def authors(self, campaign: str, span: Span) -> int | None:
        """Distinct authors of the mentions of a span; None where nobody has counted them."""

    def potential_reach(self, campaign: str, span: Span) -> int | None:
        """Followers of the distinct authors of a span; None where nobody knows any."""


class MinuteFigures:
    """Figures kept by UTC minute, in memory: for files, and as the oracle of what a board answers."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], dict[tuple[int, str], list[int]]] = defaultdict(dict)
        self._stories: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._said: dict[str, list[tuple[int, str, int | None]]] = defaultdict(list)
        self._sums: dict[tuple[str, str, Span], Amounts] = {}

    def add(self, campaign: str, stream: str, time: int, dimension: str, metric: int, amount: int, width: int) -> None:
        """Add an amount at a time (epoch milliseconds); ``width``: how many metrics the stream has."""
        self._sums.clear()
        key = (time // MINUTE_MS * MINUTE_MS, dimension)
        cells = self._cells[campaign, stream]
        cells.setdefault(key, [0] * width)[metric] += amount

    def add_story(self, campaign: str, time: int, story: str) -> None:
        """A press mention with that story at that time."""
        self._stories[campaign].append((time, story))

    def add_author(self, campaign: str, time: int, author: str, followers: int | None) -> None:
        """A mention at that time by that author, who has so many followers."""
        self._said[campaign].append((time, author, followers))

    def authors(self, campaign: str, span: Span) -> int | None:
        """Distinct authors of the mentions of a span: exact to ``distinct.EXACT``, then within its error."""
        found = Distinct()
        for time, author, _ in self._said.get(campaign, ()):
            if span.holds(_minute(time)):
                found.add(author)
        return found.count()

    def potential_reach(self, campaign: str, span: Span) -> int | None:
        """Followers of the distinct authors of a span, of each the most that was told."""
        known: dict[str, int] = {}
        for time, author, followers in self._said.get(campaign, ()):
            if followers is not None and span.holds(_minute(time)):
                known[author] = max(followers, known.get(author, 0))
        return sum(known.values()) if known else None

    def amounts(self, campaign: str, stream: str, span: Span) -> Amounts:
        """Sums over a span, by dimension."""
        asked = campaign, stream, span
        if asked not in self._sums:
            self._sums[asked] = self._sum(campaign, stream, span)
        return self._sums[asked]

    def _sum(self, campaign: str, stream: str, span: Span) -> Amounts:
        sums: dict[str, list[int]] = {}
        for (minute, dimension), amounts in self._cells.get((campaign, stream), {}).items():
            if span.holds(minute):
                into = sums.setdefault(dimension, [0] * len(amounts))
                for index, amount in enumerate(amounts):
                    into[index] += amount
        return sums

    def last(self, campaign: str, stream: str, span: Span, metric: int, rows: int) -> Mapping[str, int]:
        """By dimension: the metric in the last window before the span's end in which ``rows`` is not zero."""
        windows = self._cells.get((campaign, stream), {}).items()
        return last_of(((minute, dim, cell) for (minute, dim), cell in windows), span.end, metric, rows)

    def stories(self, campaign: str, span: Span) -> int | None:
        """Distinct stories of the press mentions of a span."""
        return len(
            {story for time, story in self._stories.get(campaign, ()) if span.holds(time // MINUTE_MS * MINUTE_MS)}
        )


def _minute(time: int) -> int:
    return time // MINUTE_MS * MINUTE_MS


def last_of(
    windows: Iterable[tuple[int, str, Sequence[int]]], end: int | None, metric: int, rows: int
) -> dict[str, int]:
    """The metric of the latest window per dimension that starts before ``end`` and has rows."""
    found: dict[str, tuple[int, int]] = {}
    for start, dimension, amounts in windows:
        if amounts[rows] and (end is None or start < end) and start >= found.get(dimension, (start, 0))[0]:
            found[dimension] = (start, amounts[metric])
    return {dimension: value for dimension, (_, value) in found.items()}
