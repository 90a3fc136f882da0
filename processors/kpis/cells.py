"""Figures from the cells that a board has read: each span is cut into the largest windows that fit.

Minutes are kept 96 h, hours 35 days, days 400 days, the lifetime for ever: whole local days can be asked for long back,
single minutes only of late.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from models.cells import LIFETIME
from processors.kpis.figures import Amounts, last_of
from processors.kpis.periods import Span
from processors.windows import local_seconds

#: Window start → dimension → counters; minutes start in UTC seconds, hours and days in local ones.
Windows = Mapping[int, Mapping[str, Sequence[int]]]
#: (stream's short name, table's short name, campaign, first start, end) → its windows of that range; None: no bound.
WindowsOf = Callable[[str, str, str, int | None, int | None], Windows]
#: (campaign, span) → how many distinct ones its mentions have, None where nobody knows.
CountOf = Callable[[str, Span], int | None]

_HOUR: Final = 3600
_DAY: Final = 86400
_NEVER: Final = 1 << 62


class Cut(NamedTuple):
    """Windows of a table from ``first`` to ``last`` exclusive, in the table's own seconds."""

    table: str
    first: int
    last: int


class CellFigures:
    """Figures at one moment; what was summed once is remembered, so make a new one for the next moment."""

    def __init__(
        self,
        windows: WindowsOf,
        zones: Mapping[str, str],
        stories: CountOf | None = None,
        authors: CountOf | None = None,
        reach: CountOf | None = None,
    ) -> None:
        self._windows = windows
        self._zones = zones
        self._stories, self._authors, self._reach = stories, authors, reach
        self._known: dict[tuple[str, str, Span], Amounts] = {}

    def amounts(self, campaign: str, stream: str, span: Span) -> Amounts:
        """Sums over a span, by dimension."""
        key = campaign, stream, span
        if key not in self._known:
            self._known[key] = self._sum(campaign, stream, span)
        return self._known[key]

    def last(self, campaign: str, stream: str, span: Span, metric: int, rows: int) -> Mapping[str, int]:
        """By dimension: the metric in the last day before the span's end in which ``rows`` is not zero."""
        zone = self._zones[campaign]
        end = None if span.end is None else local_seconds(span.end, zone)
        days = self._windows(stream, "day", campaign, None, end).items()
        cells = ((start, dimension, cell) for start, by_dimension in days for dimension, cell in by_dimension.items())
        return last_of(cells, end, metric, rows)

    def stories(self, campaign: str, span: Span) -> int | None:
        """Distinct stories of the press mentions of a span."""
        return None if self._stories is None else self._stories(campaign, span)

    def authors(self, campaign: str, span: Span) -> int | None:
        """Distinct authors of the mentions of a span."""
        return None if self._authors is None else self._authors(campaign, span)

    def potential_reach(self, campaign: str, span: Span) -> int | None:
        """Followers of the distinct authors of a span."""
        return None if self._reach is None else self._reach(campaign, span)

    def _sum(self, campaign: str, stream: str, span: Span) -> Amounts:
        sums: dict[str, list[int]] = {}
        if span.start is None:
            _add(sums, self._windows(stream, LIFETIME, campaign, None, None), 1)
            if span.end is not None:
                self._add_cuts(sums, campaign, stream, Span(span.end, None), -1)
        else:
            self._add_cuts(sums, campaign, stream, span, 1)
        return sums

    def _add_cuts(self, sums: dict[str, list[int]], campaign: str, stream: str, span: Span, sign: int) -> None:
        for table, first, last in cuts(span, self._zones[campaign]):
            if first < last:
                _add(sums, self._windows(stream, table, campaign, first, None if last == _NEVER else last), sign)


def cuts(span: Span, zone: str) -> Iterator[Cut]:
    """The windows that make up a span with a start: whole days, whole hours beside them, minutes at the ends."""
    start = span.start or 0
    low = local_seconds(start, zone)
    high = _NEVER if span.end is None else local_seconds(span.end, zone)
    head_offset = low - start // 1000
    tail_offset = head_offset if span.end is None else high - span.end // 1000
    first_day, last_day = _up(low, _DAY), _down(high, _DAY)
    if first_day <= last_day:
        yield Cut("day", first_day, last_day)
        yield from _hours(low, first_day, head_offset, head_offset)
        if high != _NEVER:
            yield from _hours(last_day, high, tail_offset, tail_offset)
    else:
        yield from _hours(low, high, head_offset, tail_offset)


def _hours(low: int, high: int, head: int, tail: int) -> Iterator[Cut]:
    """Hours and minutes between two local moments; ``head`` and ``tail`` are the zone's offsets there, in seconds."""
    if low >= high:
        return
    first, last = _up(low, _HOUR), _down(high, _HOUR)
    if first > last:
        yield Cut("minute", low - head, high - tail)
        return
    yield Cut("hour", first, last)
    yield Cut("minute", low - head, first - head)
    yield Cut("minute", last - tail, high - tail)


def _up(moment: int, size: int) -> int:
    return -(-moment // size) * size


def _down(moment: int, size: int) -> int:
    return moment // size * size


def _add(sums: dict[str, list[int]], windows: Windows, sign: int) -> None:
    for by_dimension in windows.values():
        for dimension, amounts in by_dimension.items():
            into = sums.setdefault(dimension, [0] * len(amounts))
            for index, amount in enumerate(amounts):
                into[index] += sign * amount
