"""Materialised cells: what a board knows, as a pure function of the changelog records it was given.

The highest stamp per key wins, at equal stamps the later record, a lower stamp is ignored; so duplicates, stale appends
and any order across keys end in the same state. Totals over topics, partitions and platforms are kept by difference.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, TypeVar

from models.cells import (
    CELL_TABLES,
    LIFETIME,
    METRICS,
    PROGRESS,
    Cell,
    parse_lifetime_key,
    parse_window_key,
    unpack_cell,
)
from models.progress import Progress, unpack_progress

K = TypeVar("K")
#: Counters in the order of ``METRICS``.
Counters = list[int]
#: The "window" of the lifetime table.
ALWAYS: Final = 0


@dataclass
class BoardState:
    """All cells and their totals.

    ``totals``: table → campaign → window start → counters. ``platforms``: campaign → platform → lifetime counters.
    ``progress``: (topic, partition) → progress cell. ``stale``: records ignored because a higher stamp was known.
    """

    cells: dict[str, dict[bytes, Cell]] = field(default_factory=lambda: {table: {} for table in CELL_TABLES})
    totals: dict[str, dict[str, dict[int, Counters]]] = field(
        default_factory=lambda: {table: defaultdict(dict) for table in CELL_TABLES}
    )
    platforms: dict[str, dict[str, Counters]] = field(default_factory=lambda: defaultdict(dict))
    progress: dict[tuple[str, int], Progress] = field(default_factory=dict)
    stale: int = 0

    def apply(self, table: str, key: bytes, value: bytes | None) -> None:
        """Take over one changelog record of ``table``; a value of None is a tombstone."""
        if table == PROGRESS:
            self._apply_progress(key, value)
            return
        known = self.cells[table].get(key)
        if value is None:
            if known is not None:
                del self.cells[table][key]
                self._add(table, key, [-amount for amount in known.counters], gone=True)
            return
        cell = unpack_cell(value)
        if known is None:
            self._add(table, key, cell.counters)
        elif cell.stamp < known.stamp:
            self.stale += 1
            return
        else:
            self._add(table, key, [new - old for new, old in zip(cell.counters, known.counters, strict=True)])
        self.cells[table][key] = cell

    def _apply_progress(self, key: bytes, value: bytes | None) -> None:
        topic, _, partition = key.decode().strip('"').rpartition("|")
        where = topic, int(partition)
        if value is None:
            self.progress.pop(where, None)
            return
        progress = unpack_progress(value)
        known = self.progress.get(where)
        if known is not None and progress.stamp < known.stamp:
            self.stale += 1
        else:
            self.progress[where] = progress

    def _add(self, table: str, key: bytes, amounts: Counters, *, gone: bool = False) -> None:
        name, start = (parse_lifetime_key(key), ALWAYS) if table == LIFETIME else parse_window_key(key)
        _add_to(self.totals[table][name.campaign], start, amounts, drop_zero=gone)
        if table == LIFETIME:
            _add_to(self.platforms[name.campaign], name.platform, amounts, drop_zero=gone)

    def lifetime(self, campaign: str) -> Counters:
        """Lifetime counters of a campaign, zeros for one that has none."""
        return self.totals[LIFETIME].get(campaign, {}).get(ALWAYS, [0] * len(METRICS))

    def campaigns(self) -> set[str]:
        """Every campaign that has counted something."""
        return set(self.totals[LIFETIME])


def _add_to(totals: dict[K, Counters], key: K, amounts: Counters, *, drop_zero: bool) -> None:
    into = totals.get(key)
    if into is None:
        totals[key] = list(amounts)
        return
    for index, amount in enumerate(amounts):
        into[index] += amount
    if drop_zero and not any(into):
        del totals[key]
