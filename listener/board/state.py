"""Materialised cells: what a board knows, as a pure function of the changelog records it was given.

The highest stamp per key wins, at equal stamps the later record; a lower stamp is ignored and counted as a regression.
So duplicates, stale appends and any order across keys end in the same state. Totals over source topics and partitions
are kept by difference: a total is always the sum of its cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add, neg, sub
from typing import Final

import msgspec

from listener.board.blocks import COLD_S, SPAN_S, Block, Counters, Windows, pack, span_of, unpack_cells, unpack_totals
from models.cells import (
    CELL_TABLES,
    LIFETIME,
    METRICS,
    PROGRESS,
    WINDOWS,
    CellName,
    parse_lifetime_key,
    parse_window_key,
    unpack_cell,
)
from models.progress import Progress, unpack_progress
from models.streams import STREAMS

#: A changelog record without its offset: key, value or None for a tombstone.
Record = tuple[bytes, bytes | None]
#: (campaign, span start) of a block.
Where = tuple[str, int]

ZERO: Final[Counters] = (0,) * len(METRICS)
#: The "window start" of the lifetime table.
ALWAYS: Final = 0
#: A span that came back is not packed again before so many records: it may be one of many late ones.
_REST_RECORDS: Final = 20_000
_PROGRESS_TABLES: Final = frozenset(stream.table(PROGRESS) for stream in STREAMS)


class CellTable:
    """The cells of one table, packed as on the wire, and their totals per campaign, window start and platform.

    ``cells`` and ``totals`` are of the warm windows; ``blocks`` of the cold ones, which come back when one is touched.
    """

    def __init__(self, short: str, metrics: Sequence[str] = METRICS) -> None:
        self.short = short
        self.cells: dict[bytes, bytes] = {}
        self.totals: dict[str, Windows] = {}
        self.blocks: dict[str, dict[int, Block]] = {}
        self.regressions = 0
        self._lifetime = short == LIFETIME
        self._zero: Counters = (0,) * len(metrics)
        self._keys: dict[Where, list[bytes]] = {}
        self._rest: dict[Where, int] = {}
        self._applied = 0
        self._newest = 0
        #: The block of each campaign that was asked for last: a series asks for one window after the other.
        self._unpacked: dict[str, tuple[Block, Windows]] = {}

    def __len__(self) -> int:
        return len(self.cells) + sum(block.size for spans in self.blocks.values() for block in spans.values())

    def apply(self, records: Iterable[Record]) -> None:
        """Take over changelog records; ValueError for one that this program cannot read."""
        cells = self.cells
        for key, value in records:
            self._applied += 1
            known = cells.get(key)
            found = self._where(key) if known is None else None
            if found is not None and self._thaw(found):
                known = cells.get(key)
            if value is None:
                if known is not None:
                    self._add(self._where(key), map(neg, unpack_cell(known).counters))
                    del cells[key]
                continue
            cell = unpack_cell(value)
            if known is None:
                found = found or self._where(key)
                self._index(key, found)
                self._add(found, cell.counters)
            elif known != value:
                stamp, counters = unpack_cell(known)
                if cell.stamp < stamp:
                    self.regressions += 1
                    continue
                self._add(self._where(key), map(sub, cell.counters, counters))
            cells[key] = value

    def windows(self, campaign: str, first: int | None = None, end: int | None = None) -> Windows:
        """The totals of a campaign's windows from ``first`` to before ``end``; not to be changed."""
        found: Windows = {}
        for span, block in self.blocks.get(campaign, {}).items():
            if (end is None or span < end) and (first is None or span + SPAN_S[self.short] > first):
                found |= unpack_totals(block)
        found |= self.totals.get(campaign, {})
        if first is None and end is None:
            return found
        return {
            start: platforms
            for start, platforms in found.items()
            if (first is None or start >= first) and (end is None or start < end)
        }

    def window(self, campaign: str, start: int) -> Mapping[str, Counters]:
        """Platform → counters of one window; empty where nothing was counted."""
        warm = self.totals.get(campaign, {}).get(start)
        spans = self.blocks.get(campaign)
        block = spans.get(span_of(self.short, start)) if spans and warm is None else None
        if block is None:
            return warm or {}
        known, windows = self._unpacked.get(campaign, (None, {}))
        if known is not block:
            windows = unpack_totals(block)
            self._unpacked[campaign] = block, windows
        return windows.get(start, {})

    def oldest(self) -> int | None:
        """The earliest span or window start with cells; None without any."""
        starts = [start for windows in self.totals.values() for start in windows]
        return min(starts + [span for spans in self.blocks.values() for span in spans], default=None)

    def cold(self) -> list[Where]:
        """What may be packed: spans that have long ended, but none that came back a short while ago."""
        if self._lifetime:
            return []
        last = self._newest - SPAN_S[self.short] - COLD_S[self.short]
        self._rest = {where: since for where, since in self._rest.items() if self._applied - since < _REST_RECORDS}
        return [where for where in self._keys if where[1] <= last and where not in self._rest]

    def freeze(self, where: Where) -> None:
        """Pack the cells of a span."""
        keys = dict.fromkeys(self._keys.pop(where, ()))
        campaign, span = where
        windows = self.totals.get(campaign, {})
        mine = [start for start in range(span, span + SPAN_S[self.short], WINDOWS[self.short]) if start in windows]
        cells = [(key, self.cells[key]) for key in keys if key in self.cells]
        block = pack(self.short, cells, {start: windows[start] for start in mine})
        for key, _ in cells:
            del self.cells[key]
        for start in mine:
            del windows[start]
        if not windows:
            self.totals.pop(campaign, None)
        if cells:
            self.blocks.setdefault(campaign, {})[span] = block

    def dump(self) -> tuple[dict[bytes, bytes], dict[str, Windows], dict[str, dict[int, Block]]]:
        """Warm cells, their totals, cold blocks: what ``restore`` takes, sharing nothing that changes."""
        totals = {campaign: dict(windows) for campaign, windows in self.totals.items()}
        return dict(self.cells), totals, {campaign: dict(spans) for campaign, spans in self.blocks.items()}

    def restore(
        self, cells: dict[bytes, bytes], totals: dict[str, Windows], blocks: dict[str, dict[int, Block]]
    ) -> None:
        """Take over what a snapshot holds, into an empty table."""
        self.cells, self.totals, self.blocks = cells, totals, blocks
        for key in cells:
            self._index(key, self._where(key))
        self._newest = max([self._newest, *(span for spans in blocks.values() for span in spans)])

    def _thaw(self, found: tuple[CellName, int]) -> bool:
        campaign = found[0].campaign
        spans = self.blocks.get(campaign)
        if not spans:
            return False
        span = span_of(self.short, found[1])
        where = campaign, span
        block = spans.pop(span, None)
        if block is None:
            return False
        if not spans:
            del self.blocks[campaign]
        cells = unpack_cells(self.short, block)
        self.cells.update(cells)
        self.totals.setdefault(campaign, {}).update(unpack_totals(block))
        self._keys[where] = [*self._keys.get(where, ()), *(key for key, _ in cells)]
        self._rest[where] = self._applied
        return True

    def _index(self, key: bytes, found: tuple[CellName, int]) -> None:
        """Note a new key, by what it counts and its window start."""
        if self._lifetime:
            return
        name, start = found
        where = name.campaign, span_of(self.short, start)
        keys = self._keys.get(where)
        if keys is None:
            self._keys[where] = [key]
        else:
            keys.append(key)
        self._newest = max(self._newest, start)

    def _add(self, found: tuple[CellName, int], amounts: Iterable[int]) -> None:
        name, start = found
        windows = self.totals.get(name.campaign)
        if windows is None:
            windows = self.totals[name.campaign] = {}
        # Made anew at every change: who holds a copy of the windows has a snapshot.
        platforms = {**windows.get(start, {})}
        # A counter that a newer program put at the end is left out: the shorter one ends the sum.
        counters = tuple(map(add, platforms.get(name.platform, self._zero), amounts))
        if any(counters):
            platforms[name.platform] = counters
        else:
            platforms.pop(name.platform, None)
        if platforms:
            windows[start] = platforms
            return
        windows.pop(start, None)
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
    progress_regressions: int = 0

    @property
    def regressions(self) -> int:
        """Records ignored so far because a higher stamp was known."""
        return self.progress_regressions + sum(table.regressions for table in self.tables.values())

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
        return self.window(LIFETIME, campaign, ALWAYS)

    def lifetime(self, campaign: str) -> Counters:
        """Lifetime counters of a campaign over all platforms; zeros for one that has none."""
        return total(self.platforms(campaign).values())

    def window(self, short: str, campaign: str, start: int) -> dict[str, Counters]:
        """Counters of one window by platform, over all streams."""
        return _merged([table.window(campaign, start) for table in self._social(short)])

    def series(
        self, short: str, campaign: str, first: int | None = None, end: int | None = None, platform: str | None = None
    ) -> Iterator[tuple[int, Counters]]:
        """(window start, counters), oldest first; only windows with something that is not zero.

        From ``first`` to before ``end``, of one platform or over all.
        """
        streams = [table.windows(campaign, first, end) for table in self._social(short)]
        for start in sorted({start for windows in streams for start in windows}):
            platforms = _merged([windows.get(start, {}) for windows in streams])
            parts = platforms.values() if platform is None else [platforms[platform]] if platform in platforms else []
            counters = total(parts)
            if any(counters):
                yield start, counters

    def oldest_minute(self) -> int | None:
        """The earliest minute (or the hour that it is packed in) of which anything is kept."""
        starts = [table.oldest() for table in self._social("minute")]
        return min((start for start in starts if start is not None), default=None)

    def tidy(self, most: int) -> int:
        """Pack up to ``most`` cold spans; how many there were."""
        packed = 0
        for table in self.tables.values():
            for where in table.cold()[: most - packed]:
                table.freeze(where)
                packed += 1
        return packed

    def _social(self, short: str) -> list[CellTable]:
        return [self.tables[stream.table(short)] for stream in STREAMS if stream.metrics == METRICS]

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
                self.progress_regressions += 1
            else:
                self.progress[where] = progress


def _merged(parts: Sequence[Mapping[str, Counters]]) -> dict[str, Counters]:
    """Platform → counters, summed over streams, platforms in order."""
    return {
        platform: total(part[platform] for part in parts if platform in part)
        for platform in sorted({platform for part in parts for platform in part})
    }


def total(parts: Iterable[Counters]) -> Counters:
    """The sum of counters."""
    return tuple(map(sum, zip(ZERO, *parts, strict=True)))
