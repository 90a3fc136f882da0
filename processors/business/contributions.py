"""What an entity contributes to the cells, and the difference that a record makes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from models.outcome import Outcome
from processors.windows import to_ms


class Place(NamedTuple):
    """Where an amount is counted: campaign, epoch ms, dimension, index into the stream's metrics."""

    campaign: str
    time: int
    dimension: str
    metric: int


#: Place → amount.
Contributions = Counter[Place]


class Change(NamedTuple):
    """What one record did; ``entity`` is None where nothing is kept or changed."""

    outcome: Outcome
    entity: Any = None
    deltas: Mapping[Place, int] = {}


class Observed(Protocol):
    """What every record has."""

    @property
    def event_id(self) -> str:
        """Unique per event."""

    @property
    def observed_at(self) -> datetime:
        """When the source was read."""


def difference(before: Contributions, after: Contributions) -> Contributions:
    """What must be added to the cells to get from ``before`` to ``after``; places without a change are left out."""
    delta = Counter(after)
    delta.subtract(before)
    return Counter({place: amount for place, amount in delta.items() if amount})


def event_hash(event_id: str) -> int:
    """63 bits of an event id: by it an event is known when it comes again."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big") >> 1


def row_hash(row: msgspec.Struct) -> int:
    """63-bit hash of what a record says, whoever sends it in whatever version: equal for a row delivered again."""
    content = msgspec.json.encode(msgspec.structs.replace(row, event_id="-", source=None, schema_version=1))
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1


def upsert_outcome(known: tuple[int, int] | None, observed: int, content: int) -> Outcome:
    """Of a row whose last (observed, content) is ``known``: stale, duplicate, or counted."""
    if known is not None:
        if observed < known[0]:
            return Outcome.STALE
        if (observed, content) == known:
            return Outcome.DUPLICATE
    return Outcome.COUNTED


def midnight(day: date, zone: str) -> int:
    """The start of a local day, epoch milliseconds."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def steps(rows: Sequence[tuple[int, int]], base: int) -> Iterator[tuple[int, int]]:
    """(day ordinal, value) in order of days → (day ordinal, change since the row before): a level as net deltas."""
    last = base
    for day, value in rows:
        yield day, value - last
        last = value
