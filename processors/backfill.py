"""A campaign counted anew from retained records, put into the durable state of a partition as if it had always held.

The records are folded by a plane of their own, under the whole new campaign set (``simulated`` tables). What that comes
to for the campaign replaces all that is durable of it: run it twice and nothing changes. What other campaigns have been
given stays as it is.
"""

from typing import NamedTuple

import msgspec

from models import cells
from models.cells import CELL_TABLES, ENTITIES, LIFETIME
from models.entity import PostEntity, Tracking, pack_entity, unpack_entity
from processors.overlay import Tables

Records = list[tuple[bytes, bytes | None]]


class Backfill(NamedTuple):
    """What to write, in this order: ``cells`` per table (None retires one), then ``entities``."""

    cells: dict[str, Records]
    entities: Records


def has_counts(tables: Tables, campaign: str) -> bool:
    """Whether anything is counted for a campaign."""
    return any(cells.parse_lifetime_key(key).campaign == campaign for key in tables[LIFETIME])


def backfill(tables: Tables, simulated: Tables, campaign: str, stamp: int) -> Backfill:
    """What brings ``tables`` to hold what ``simulated`` counted for ``campaign`` up to ``stamp``.

    Everything must be durable up to ``stamp``: a replay would count what the entities do not know yet.
    """
    return Backfill(
        {table: _cells(tables, simulated, table, campaign, stamp) for table in CELL_TABLES},
        _entities(tables, simulated, campaign, stamp),
    )


def _cells(tables: Tables, simulated: Tables, table: str, campaign: str, stamp: int) -> Records:
    counted = {
        key: cells.pack_cell(stamp, cells.unpack_cell(value).counters)
        for key, value in simulated[table].items()
        if _campaign(table, key) == campaign
    }
    gone = [(key, None) for key in tables[table] if key not in counted and _campaign(table, key) == campaign]
    return [*counted.items(), *gone]


def _campaign(table: str, key: bytes) -> str:
    name = cells.parse_lifetime_key(key) if table == LIFETIME else cells.parse_window_key(key)[0]
    return name.campaign


def _entities(tables: Tables, simulated: Tables, campaign: str, stamp: int) -> Records:
    """Entities with a share of the campaign as they were simulated, other campaigns keeping what they were given.

    A share that is durable but was not counted again is taken away.
    """
    found: Records = []
    for key, value in simulated[ENTITIES].items():
        entity = unpack_entity(value)
        share = _share(entity, campaign)
        if share is not None:
            known = tables[ENTITIES].get(key)
            others = [] if known is None else _others(unpack_entity(known), campaign)
            found.append((key, pack_entity(msgspec.structs.replace(entity, stamp=stamp, campaigns=[*others, share]))))
    again = {key for key, _ in found}
    for key, value in tables[ENTITIES].items():
        entity = unpack_entity(value)
        if key not in again and _share(entity, campaign) is not None:
            found.append((key, pack_entity(msgspec.structs.replace(entity, campaigns=_others(entity, campaign)))))
    return found


def _others(entity: PostEntity, campaign: str) -> list[Tracking]:
    return [one for one in entity.campaigns if one.campaign != campaign]


def _share(entity: PostEntity, campaign: str) -> Tracking | None:
    return next((one for one in entity.campaigns if one.campaign == campaign), None)
