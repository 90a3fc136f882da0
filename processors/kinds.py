"""Kinds of input: what the counting plane must know of a stream to count it. The plane itself knows none of them."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from models.outcome import Outcome
from models.streams import Stream
from processors.mentions import Said

#: Every delta goes to all four tables of its stream unless it says otherwise.
ALL_TABLES: Final = 4


class Bounds(NamedTuple):
    """Lateness bounds in ms. ``behind`` (record time minus ``observed_at``) is None where retention is off."""

    late: int = 48 * 3_600_000
    behind: int | None = 48 * 3_600_000


class Delta(NamedTuple):
    """Add ``amount`` to ``metric`` of ``campaign`` in the windows that hold ``time`` (epoch milliseconds).

    ``dimension`` is the last part of the cell's name; None: that of the entity (of a post its platform). ``reach``:
    to how many tables it goes, counted from the longest-lived: 4 minute to lifetime, 3 from the hour on, 1 lifetime.
    """

    campaign: str
    time: int
    metric: int
    amount: int
    dimension: str | None = None
    reach: int = ALL_TABLES


class Entity(Protocol):
    """What the plane reads of an entity: packed, it begins with ``stamp, observed, content, changed``."""

    stamp: int
    #: Record time of the last change, epoch milliseconds: retention counts from here.
    changed: int


class Folded(NamedTuple):
    """What one event did. ``entity`` is None where nothing is kept or changed; deltas exist only for ``COUNTED``.

    ``said``: campaigns whose mention this record is, or changes; ``erased``: those whose mention is gone.
    """

    outcome: Outcome
    entity: Any | None
    deltas: list[Delta]
    said: Sequence[str] = ()
    erased: Sequence[str] = ()


class Skimmed(Protocol):
    """What every record is checked for."""

    @property
    def op(self) -> str:
        """What happened."""

    @property
    def observed_at(self) -> datetime:
        """When the source looked."""

    @property
    def key(self) -> object:
        """The entity's id as it is written, of whatever type."""


def no_texts(skims: Sequence[object]) -> list[bytes]:
    """What a stream without texts has to search."""
    return [b""] * len(skims)


FoldEvent = Callable[[Any | None, Any, Sequence[str], int | None, Bounds, Container[str]], Folded]


class MentionMetrics(NamedTuple):
    """Where a mention and its analysis are counted: indices into the stream's metrics."""

    mentions: int
    mentions_net: int
    #: By sentiment label.
    sentiment: dict[str, int]
    relevant: int


@dataclass(frozen=True)
class Kind:
    """One stream and its fold.

    ``skim``       the cheap look at a record; raises what ``msgspec`` raises
    ``decode``     the whole record, or why it is none
    ``moment``     (name, value) of the field with the event's time
    ``fold``       (entity, record, matched campaigns, record time, bounds, campaigns in force) → what it did
    ``tracked``    whether a record with this op concerns the entity
    ``texts``      ops that bring something to match
    ``written``    what is searched of each skimmed record, as the record writes it
    ``dimension``  last part of the cell's name for an entity
    ``mentions``   where mentions are counted; None for streams that have none
    ``say``        what was said, for ``listener.mentions.v1``; see processors/mentions.py
    """

    stream: Stream
    skim: Callable[[bytes], Skimmed]
    decode: Callable[[bytes], Any]
    moment: Callable[[Any], tuple[str, datetime]]
    fold: FoldEvent
    tracked: Callable[[Any | None, str], bool]
    unpack: Callable[[bytes], Any]
    pack: Callable[[Any], bytes]
    dimension: Callable[[Any], str]
    texts: frozenset[str] = field(default=frozenset({"create", "update"}))
    mentions: MentionMetrics | None = None
    #: How long an entity stays after its last change, milliseconds of record time; None: the usual 8 days.
    keep_ms: int | None = None
    say: Callable[[Any], Said] | None = None
    written: Callable[[Sequence[Any]], list[bytes]] = no_texts
