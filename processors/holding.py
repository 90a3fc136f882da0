"""What the tables of a partition surely hold: a changelog that lost records, at either end, is told by it.

Per table the number of keys and the sum of their stamps. Every progress cell states both, of what was durable when it
was written, less what its own flush retires. Flushes only add keys and raise stamps, so what is recovered whole comes
to at least as much: fewer keys mean that a beginning is gone (truncated, or the topic was made anew), a lower sum that
an end is. A flush that was cut short may hide as much as it added itself.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from models.cells import CELL_TABLES, ENTITIES, cell_stamp, cell_stamps
from models.entity import entity_stamp, entity_stamps
from models.progress import Holding
from processors.overlay import FlushPlan, Tables

#: How to read the stamp of a table's values.
STAMP: Final[Mapping[str, Callable[[bytes], int]]] = {**dict.fromkeys(CELL_TABLES, cell_stamp), ENTITIES: entity_stamp}


class Missing(NamedTuple):
    """A table that holds less than it must: what was stated and what was found, each (keys, sum of stamps)."""

    table: str
    stated: Holding
    found: Holding


def stamps_of(tables: Tables) -> dict[str, list[int]]:
    """The stamps of all keys, by table."""
    stamps = {table: cell_stamps(tables[table].values()) for table in CELL_TABLES}
    return stamps | {ENTITIES: entity_stamps(tables[ENTITIES].values())}


def held(stamps: Mapping[str, list[int]]) -> dict[str, Holding]:
    """What tables with these stamps hold."""
    return {table: (len(some), sum(some)) for table, some in stamps.items()}


def missing(stated: Mapping[str, Holding], found: Mapping[str, Holding]) -> Missing | None:
    """The first table that holds less than ``stated``."""
    for table, (keys, total) in stated.items():
        if found[table][0] < keys or found[table][1] < total:
            return Missing(table, (keys, total), found[table])
    return None


def grown(before: Mapping[str, Holding], tables: Tables, plan: FlushPlan) -> dict[str, Holding]:
    """What the tables hold once ``plan`` is durable; ``tables`` are those before it."""
    after = without(before, tables, plan.tombstones)
    new = plan.progress.stamp  # all that a flush writes bears its stamp
    for table, stamp in STAMP.items():
        known, (keys, total) = tables[table], after[table]
        for key, _ in plan.entities if table == ENTITIES else plan.cells[table]:
            old = known.get(key)
            if old is None:
                keys, total = keys + 1, total + new
            else:
                total += new - stamp(old)
        after[table] = keys, total
    return after


def without(before: Mapping[str, Holding], tables: Tables, gone: Mapping[str, list[bytes]]) -> dict[str, Holding]:
    """What the tables hold once the keys in ``gone``, all of which they have, are retired."""
    after = dict(before)
    for table, retired in gone.items():
        keys, total = after[table]
        after[table] = keys - len(retired), total - sum(STAMP[table](tables[table][key]) for key in retired)
    return after
