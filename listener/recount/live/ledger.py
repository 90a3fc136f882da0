"""What is expected in the cells: sums up to the durable stamp, and one by one behind it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_S: Final = 60
_QUARTER_S: Final = 900
#: Zones have rules from 1970 on; before that, and at the end of the calendar, the nearest rule is taken.
_LAST_S: Final = 253_370_000_000

LIFETIME: Final = "lifetime"
#: Seconds of a window by table, longest-lived last; the lifetime has no end.
SIZES: Final = {"minute": 60, "hour": 3600, "day": 86_400}
TABLES: Final = (*SIZES, LIFETIME)


class CellId(NamedTuple):
    """A cell of one source partition. ``start``: seconds, UTC for minutes and local for hours and days; 0: lifetime."""

    table: str
    campaign: str
    dimension: str
    start: int


class Clock:
    """Which windows a moment belongs to, by the zone of its campaign; one that no set knows is taken for UTC."""

    def __init__(self, zones: dict[str, str]) -> None:
        self._zones = zones
        self._offsets: dict[tuple[str, int], int] = {}
        self._starts: dict[tuple[str, str, int], frozenset[int]] = {}

    def start(self, table: str, campaign: str, minute: int) -> int:
        """Start of the window of a table that holds a UTC minute (seconds since 1970)."""
        if table == LIFETIME:
            return 0
        if table == "minute":
            return minute
        local = minute + self._offset(self._zones.get(campaign, "UTC"), minute)
        return local - local % SIZES[table]

    def starts(self, table: str, campaign: str, minutes: frozenset[int]) -> frozenset[int]:
        """Starts of all windows of a table that hold one of the UTC minutes."""
        key = (table, self._zones.get(campaign, "UTC"), id(minutes))
        if key not in self._starts:
            self._starts[key] = frozenset(self.start(table, campaign, minute) for minute in minutes)
        return self._starts[key]

    def _offset(self, zone: str, minute: int) -> int:
        quarter = minute - minute % _QUARTER_S
        known = self._offsets.get((zone, quarter))
        if known is None:
            moment = _EPOCH + timedelta(seconds=min(max(quarter, 0), _LAST_S))
            offset = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
            known = self._offsets[zone, quarter] = int(offset.total_seconds())
        return known


@dataclass
class Ledger:
    """Expected cells. ``durable``: everything up to this stamp is in every cell; behind it a cell's own stamp tells."""

    clock: Clock
    durable: int
    _sums: dict[CellId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _later: dict[CellId, list[tuple[int, str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, campaign: str, dimension: str, ms: int, metric: str, amount: int, stamp: int, reach: int = 4) -> None:
        """An amount at a moment (epoch ms), in the ``reach`` longest-lived tables, from the record at ``stamp``."""
        if not amount:
            return
        minute = ms // 1000 // _MINUTE_S * _MINUTE_S
        for table in TABLES[len(TABLES) - reach :]:
            cell = CellId(table, campaign, dimension, self.clock.start(table, campaign, minute))
            if stamp <= self.durable:
                self._sums[cell][metric] += amount
            else:
                self._later[cell].append((stamp, metric, amount))

    @property
    def cells(self) -> set[CellId]:
        """All in which something is expected."""
        return {*self._sums, *self._later}

    def expected(self, cell: CellId, stamp: int) -> Counter[str]:
        """What a cell with that stamp must hold."""
        sums = Counter(self._sums.get(cell, Counter()))
        for since, metric, amount in self._later.get(cell, ()):
            if since <= stamp:
                sums[metric] += amount
        return sums
