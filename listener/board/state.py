"""Materialised cells: what a board knows, as a pure function of the changelog records it was given.

The highest stamp per key wins, at equal stamps the later record; a lower stamp is ignored and counted as a regression.
So duplicates, stale appends and any order across keys end in the same state. Totals over source topics and partitions
are kept by difference: a total is always the sum of its cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import add, itemgetter, neg, sub
from typing import Final

import msgspec

from models.cells import (
    CELL_TABLES,
    LIFETIME,
    METRICS,
    PROGRESS,
    CellName,
    parse_lifetime_key,
    parse_window_key,
    unpack_cell,
)
from models.progress import Progress, unpack_progress
from models.streams import STREAMS

#: Immutable, in the order of ``METRICS``: a shallow copy of what holds them is a snapshot.
Counters = tuple[int, ...]
#: (window start, platform) → counters.
Windows = dict[tuple[int, str], Counters]
#: A changelog record without its offset: key, value or None for a tombstone.
Record = tuple[bytes, bytes | None]

_PROGRESS_TABLES: Final = frozenset(stream.table(PROGRESS) for stream in STREAMS)
ZERO: Final[Counters] = (0,) * len(METRICS)
#: The "window start" of the lifetime table.
ALWAYS: Final = 0


class CellTable:
    """The cells of one table, packed as on the wire, and their totals per campaign, window start and platform."""

    def __init__(self, short: str, metrics: Sequence[str] = METRICS) -> None:
        self.cells: dict[bytes, bytes] = {}
        self.totals: dict[str, Windows] = {}
        self.regressions = 0
        self._lifetime = short == LIFETIME
        self._zero: Counters = (0,) * len(metrics)

    def apply(self, records: Iterable[Record]) -> None:
        """Take over changelog records; ValueError for one that this program cannot read."""
        cells = self.cells
        for key, value in records:
            known = cells.get(key)
            if value is None:
                if known is not None:
                    self._add(key, map(neg, unpack_cell(known).counters))
                    del cells[key]
                continue
            cell = unpack_cell(value)
            if known is None:
                self._add(key, cell.counters)
            elif known != value:
                stamp, counters = unpack_cell(known)
                if cell.stamp < stamp:
                    self.regressions += 1
                    continue
                self._add(key, map(sub, cell.counters, counters))
            cells[key] = value

    def _add(self, key: bytes, amounts: Iterable[int]) -> None:
        name, start = self._where(key)
        windows = self.totals.get(name.campaign)
        if windows is None:
            windows = self.totals[name.campaign] = {}
        where = start, name.platform
        # A counter that a newer program put at the end is left out: the shorter one ends the sum.
        windows[where] = counters = tuple(map(add, windows.get(where, self._zero), amounts))
        if not any(counters):
            del windows[where]
            if not windows:
                del self.totals[name.campaign]

    def _where(self, key: bytes) -> tuple[CellName, int]:
        return (parse_lifetime_key(key), ALWAYS) if self._lifetime else parse_window_key(key)


def _all_tables() -> dict[str, CellTable]:
    return {stream.table(short): CellTable(short, stream.metrics) for stream in STREAMS for short in CELL_TABLES}


@dataclass
class BoardState:
    """All cells by full table name, their totals, and the progress cell of every (source topic, partition).

    Posts and articles share their counters (``METRICS``), so their cells add up to one total per campaign and platform;
    a stream with counters of its own is in ``tables`` only.
    """

    tables: Mapping[str, CellTable] = field(default_factory=_all_tables)
    progress: dict[tuple[str, int], Progress] = field(default_factory=dict)
    _progress_regressions: int = 0

    @property
    def regressions(self) -> int:
        """Records ignored so far because a higher stamp was known."""
        return self._progress_regressions + sum(table.regressions for table in self.tables.values())

    def apply(self, table: str, records: Iterable[Record]) -> None:
        """Take over changelog records of a table (full name); ValueError for one that this program cannot read."""
        if table in _PROGRESS_TABLES:
            self._apply_progress(records)
        else:
            self.tables[table].apply(records)

    def campaigns(self) -> set[str]:
        """Every campaign that has counted something."""
        return {campaign for table in self._social(LIFETIME) for campaign in table.totals}

    def platforms(self, campaign: str) -> dict[str, Counters]:
        """Lifetime counters of a campaign by platform."""
        windows = self._windows(LIFETIME, campaign)
        return {platform: counters for (_, platform), counters in sorted(windows.items())}

    def lifetime(self, campaign: str) -> Counters:
        """Lifetime counters of a campaign over all platforms; zeros for one that has none."""
        return total(self.platforms(campaign).values())

    def series(self, short: str, campaign: str) -> Iterator[tuple[int, Counters]]:
        """(window start, counters) over all platforms, oldest first; only windows with something that is not zero."""
        windows = self._windows(short, campaign)
        for start, group in groupby(sorted(windows.items()), key=lambda item: item[0][0]):
            counters = total(map(itemgetter(1), group))
            if any(counters):
                yield start, counters

    def _social(self, short: str) -> list[CellTable]:
        return [self.tables[stream.table(short)] for stream in STREAMS if stream.metrics == METRICS]

    def _windows(self, short: str, campaign: str) -> Windows:
        """(window start, platform) → counters over all streams."""
        found = [table.totals[campaign] for table in self._social(short) if campaign in table.totals]
        merged: Windows = dict(found[0]) if found else {}
        for windows in found[1:]:
            for where, counters in windows.items():
                known = merged.get(where)
                merged[where] = counters if known is None else total((known, counters))
        return merged

    def _apply_progress(self, records: Iterable[Record]) -> None:
        for key, value in records:
            topic, _, partition = msgspec.json.decode(key, type=str).rpartition("|")
            where = topic, int(partition)
            if value is None:
                self.progress.pop(where, None)
                continue
            progress = unpack_progress(value)
            known = self.progress.get(where)
            if known is not None and progress.rank < known.rank:
                self._progress_regressions += 1
            else:
                self.progress[where] = progress


def total(parts: Iterable[Counters]) -> Counters:
    """The sum of counters."""
    return tuple(map(sum, zip(ZERO, *parts, strict=True)))
