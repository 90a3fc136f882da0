"""Which cells of the four tables a delta goes to, and what a flush makes of them."""

from collections.abc import Callable, Iterator, Mapping
from operator import add

from models import cells
from models.cells import CELL_TABLES, LIFETIME, WINDOWS, CellName
from processors.overlay import Overlay, Tables, Window
from processors.windows import day_start, hour_start

#: (cell name, window start): a cell within its table.
Address = tuple[str, int]


class Addresses:
    """The cells of one partition. ``zone_of``: the IANA zone of a campaign's hours and days."""

    def __init__(self, topic: str, partition: int, zone_of: Callable[[str], str]) -> None:
        self._topic = topic
        self._partition = partition
        self._zone_of = zone_of
        self._names: dict[tuple[str, str], str] = {}
        self._zones: dict[str, str] = {}

    def keys(self, window: Window) -> list[tuple[str, bytes]]:
        """(table, changelog key) of the cells that hold a window's minute, as far as it reaches."""
        name, starts = self._of(window)
        return [
            (table, _key(table, name, start)) for table, start in zip(CELL_TABLES[-len(starts) :], starts, strict=True)
        ]

    def planned(self, overlay: Overlay, stamp: int, tables: Tables) -> dict[str, list[tuple[bytes, bytes]]]:
        """The cells of each table as they will be, with what the overlay adds to them."""
        touched: dict[str, dict[bytes, list[int]]] = {table: {} for table in CELL_TABLES}
        for (table, key), amounts in overlay.replayed.items():
            touched[table][key] = amounts
        for table, sums in self._summed(overlay.deltas).items():
            into = touched[table]
            for (name, start), amounts in sums.items():
                key = _key(table, name, start)
                into[key] = _sum(into[key], amounts) if key in into else amounts
        return {table: list(_packed(stamp, some, tables[table])) for table, some in touched.items()}

    def _summed(self, deltas: Mapping[Window, list[int]]) -> dict[str, dict[Address, list[int]]]:
        """By table: minutes share most of their hours, days and lifetimes, whose keys are written out once."""
        sums: dict[str, dict[Address, list[int]]] = {table: {} for table in CELL_TABLES}
        of_tables = tuple(sums.values())
        for window, amounts in deltas.items():
            name, starts = self._of(window)
            for into, start in zip(of_tables[-len(starts) :], starts, strict=True):
                address = name, start
                known = into.get(address)
                into[address] = amounts if known is None else _sum(known, amounts)
        return sums

    def _of(self, window: Window) -> tuple[str, tuple[int, ...]]:
        """A window's cell name, and where it begins in each table that it reaches."""
        campaign, dimension, minute, reach = window
        name = self._names.get((campaign, dimension))
        if name is None:
            name = CellName(campaign, self._topic, self._partition, dimension).text()
            self._names[campaign, dimension] = name
        zone = self._zones.get(campaign)
        if zone is None:
            zone = self._zones[campaign] = self._zone_of(campaign)
        ms = minute * 1000
        # A campaign's lifetime begins nowhere.
        return name, (minute, hour_start(ms, zone), day_start(ms, zone), 0)[-reach:]


def _sum(some: list[int], more: list[int]) -> list[int]:
    """Of lists that end with their last metric."""
    return [*map(add, some, more), *some[len(more) :], *more[len(some) :]]


def _key(table: str, name: str, start: int) -> bytes:
    return cells.lifetime_key(name) if table == LIFETIME else cells.window_key(name, start, WINDOWS[table])


def _packed(
    stamp: int, touched: Mapping[bytes, list[int]], known: Mapping[bytes, bytes]
) -> Iterator[tuple[bytes, bytes]]:
    for key, amounts in touched.items():
        old = known.get(key)
        yield key, cells.pack_cell(stamp, amounts) if old is None else cells.add_to_cell(stamp, old, amounts)
