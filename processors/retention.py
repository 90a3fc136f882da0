"""Retention follows record time: what is older than its limit gets a tombstone.

Late records are refused 48 h behind, and minutes stay 96 h: no record can still want a cell that is gone. Kept per
partition, in memory only, rebuilt from the recovered keys: a piece at a time while counting goes on already, since to
look at a million keys takes half as long as to read them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from models.cells import ENTITIES, WINDOWS, cell_stamp, window_start
from models.entity import entity_changed
from processors.kinds import Entity
from processors.windows import DAY_MS, HOUR_MS

#: How long a window stays after its end, in milliseconds of record time. Hours and days start in local seconds, which
#: are at most 14 h off: nothing against days.
KEEP_MS: Final = {"minute": 96 * HOUR_MS, "hour": 35 * DAY_MS, "day": 400 * DAY_MS}
#: How long an entity stays after its last change.
KEEP_ENTITY_MS: Final = 8 * DAY_MS
#: Tombstones per table and flush: a long pause must not end in one giant flush.
MOST: Final = 5000
#: Recovered keys that are looked at in one go: some 5 ms.
PIECE: Final = 10_000


class Retention:
    """Finds what has expired without looking at what has not: keys are grouped by window start or day of change."""

    def __init__(self, keep_entity_ms: int | None = None) -> None:
        self._keep_ms = KEEP_ENTITY_MS if keep_entity_ms is None else keep_entity_ms
        self._windows: dict[str, dict[int, set[bytes]]] = {table: defaultdict(set) for table in KEEP_MS}
        self._entities: dict[int, set[bytes]] = defaultdict(set)
        self._unseen: list[tuple[str, list[bytes]]] = []

    @property
    def complete(self) -> bool:
        """Whether all that was recovered has been looked at."""
        return not self._unseen

    def recovered(self, tables: Mapping[str, Mapping[bytes, bytes]]) -> None:
        """All keys of these tables are to be looked at, the first of them now."""
        self._unseen = [(table, list(tables[table])) for table in (*KEEP_MS, ENTITIES) if tables[table]]
        self.look(tables)

    def look(self, tables: Mapping[str, Mapping[bytes, bytes]]) -> None:
        """Look at the next ``PIECE`` of the recovered keys; one that is gone meanwhile is no loss."""
        left = PIECE
        while left and self._unseen:
            table, keys = self._unseen[-1]
            piece, known = keys[-left:], tables[table]
            del keys[-left:]
            left -= len(piece)
            records = [(key, known[key]) for key in piece if key in known]
            self.remember({table: records}, records if table == ENTITIES else ())
            if not keys:
                self._unseen.pop()

    def remember(
        self, cells: Mapping[str, Iterable[tuple[bytes, bytes]]], entities: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """These keys are in the tables now. Once for each is enough: what has changed since is seen when it is due."""
        for table, groups in self._windows.items():
            for key, _ in cells.get(table, ()):
                groups[window_start(key)].add(key)
        for key, value in entities:
            self._entities[entity_changed(value) // DAY_MS].add(key)

    def waits(self, record_time: int | None) -> bool:
        """Whether keys have passed their limit and are not forgotten yet, or may have."""
        if record_time is None:
            return False
        return (
            bool(self._unseen)
            or any(
                start <= _last_start(table, record_time) for table, groups in self._windows.items() for start in groups
            )
            or any(day < (record_time - self._keep_ms) // DAY_MS for day in self._entities)
        )

    def expired(
        self,
        tables: Mapping[str, Mapping[bytes, bytes]],
        record_time: int,
        *,
        keep: Mapping[str, AbstractSet[bytes]],
        durable: int,
    ) -> dict[str, list[bytes]]:
        """Keys past their limit per table; they are forgotten here.

        What a replay from behind ``durable`` could touch stays: ``keep`` has the keys per table that this flush
        touches, and cells above ``durable`` have records that it skipped.
        """
        self.look(tables)
        gone = {
            table: self._expired_cells(table, tables[table], record_time, keep[table], durable) for table in KEEP_MS
        }
        gone[ENTITIES] = self._expired_entities(tables[ENTITIES], record_time, keep[ENTITIES])
        return {table: keys for table, keys in gone.items() if keys}

    def _expired_cells(
        self, table: str, known: Mapping[bytes, bytes], record_time: int, keep: AbstractSet[bytes], durable: int
    ) -> list[bytes]:
        groups = self._windows[table]
        gone = []
        for key in _drain(groups, _last_start(table, record_time)):
            value = known.get(key)
            if value is None:
                continue
            if key in keep or cell_stamp(value) > durable:
                groups[window_start(key)].add(key)
            else:
                gone.append(key)
        return gone

    def _expired_entities(
        self, entities: Mapping[bytes, bytes], record_time: int, keep: AbstractSet[bytes]
    ) -> list[bytes]:
        today = (record_time - self._keep_ms) // DAY_MS
        gone = []
        for key in _drain(self._entities, today - 1):
            value = entities.get(key)
            if value is None:
                continue
            changed = entity_changed(value)
            if key in keep or record_time - changed < self._keep_ms:
                self._entities[max(changed // DAY_MS, today)].add(key)
            else:
                gone.append(key)
        return gone


def entity_expired(entity: Entity, record_time: int | None, keep_ms: int | None = None) -> bool:
    """Whether an entity counts as gone at ``record_time``."""
    kept = KEEP_ENTITY_MS if keep_ms is None else keep_ms
    return record_time is not None and record_time - entity.changed >= kept


def _last_start(table: str, record_time: int) -> int:
    """The last window start that has passed its limit."""
    return (record_time - KEEP_MS[table]) // 1000 - WINDOWS[table]


def _drain(groups: dict[int, set[bytes]], last: int) -> list[bytes]:
    """Take up to ``MOST`` keys out of the groups up to ``last``, oldest first."""
    taken: list[bytes] = []
    for start in sorted(start for start in groups if start <= last):
        group = groups[start]
        while group and len(taken) < MOST:
            taken.append(group.pop())
        if group:
            break
        del groups[start]
    return taken
