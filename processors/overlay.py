"""What passes between the steps of the counting plane: chunks in, folds on their way, flush plans out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from models.entity import PostEntity
from models.outcome import DeadLetter
from models.post import Post
from models.progress import Progress

#: The durable state of one partition: table name → changelog key → value. Owned by the Faust tables.
Tables = Mapping[str, dict[bytes, bytes]]


class MatchedCampaign(Protocol):
    """What the plane reads of a match."""

    @property
    def campaign_id(self) -> str:
        """The campaign that matches."""


class CompiledSet(NamedTuple):
    """A campaign set ready for use.

    ``find``: truthy for a lower-cased raw record that may match; it may err on the side of yes only.
    ``match``: the campaigns of a decoded post. ``zones``: campaign id → IANA zone of its hours and days.
    """

    version: str
    find: Callable[[bytes], object]
    match: Callable[[Post], Sequence[MatchedCampaign]]
    zones: Mapping[str, str]


class Chunk(NamedTuple):
    """The records of one partition from one fetch.

    ``begin`` and ``end`` are the consumer's positions before and after it: what lies between without being listed
    (transaction markers) does not exist. ``headers`` holds only the records that have some, by index. ``keys`` may be
    left out: they are only kept in dead letters.
    """

    begin: int
    end: int
    offsets: Sequence[int]
    timestamps: Sequence[int]
    values: Sequence[bytes | None]
    headers: Mapping[int, dict[str, bytes]] = {}
    keys: Sequence[bytes | None] = ()


@dataclass
class Overlay:
    """Folds that are not durable yet.

    ``deltas``    (campaign, platform, UTC minute) → amounts; hours, days and lifetime follow from the minutes
    ``replayed``  (table, changelog key) → amounts of replayed records, for the cells that do not have them yet
    ``entities``  changelog key → new state; ``looked_up``: keys that a record asked for
    """

    deltas: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)
    replayed: dict[tuple[str, bytes], list[int]] = field(default_factory=dict)
    entities: dict[bytes, PostEntity] = field(default_factory=dict)
    looked_up: set[bytes] = field(default_factory=set)
    letters: list[DeadLetter] = field(default_factory=list)
    records: int = 0


class FlushPlan(NamedTuple):
    """What makes an overlay durable, in three steps: ``cells``, ``letters``, then ``entities`` and ``tombstones``.

    Then ``next_offset`` may be committed. Letters go before entities, because a replay asks no more about a record
    whose entity is durable.
    """

    cells: dict[str, list[tuple[bytes, bytes]]]
    letters: list[DeadLetter]
    entities: list[tuple[bytes, bytes]]
    tombstones: dict[str, list[bytes]]
    progress: Progress
    next_offset: int
    records: int
