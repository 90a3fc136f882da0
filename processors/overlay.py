"""What passes between the steps of the counting plane: chunks in, folds on their way, flush plans out."""

from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from models.outcome import DeadLetter
from models.post import POSTS_TOPIC, Post
from models.progress import Progress
from processors.enrich import Analysis, Item
from processors.mentions import Draft, Erasure

#: The durable state of one partition: table name → changelog key → value. Owned by the Faust tables.
Tables = Mapping[str, dict[bytes, bytes]]


class MatchedCampaign(Protocol):
    """What the plane reads of a match."""

    @property
    def campaign_id(self) -> str:
        """The campaign that matches."""


#: (raw records, their texts as they stand there) → indices, in order, of those that may match.
Find = Callable[[Sequence[bytes], Sequence[bytes]], Sequence[int]]


class Reader(NamedTuple):
    """How a campaign set reads one stream.

    ``find``: the indices of the records that may match, in order, given the raw records and what ``Kind.text`` shows of
    each; it may err on the side of yes only. ``match``: the campaigns of a decoded record. ``in_force``: what its fold
    is given as the campaigns in force; None: the ids of all of them.
    """

    find: Find
    match: Callable[[Any], Sequence[MatchedCampaign]]
    in_force: Container[str] | None = None


class CompiledSet(NamedTuple):
    """A campaign set ready for use.

    ``find`` and ``match``: how it reads posts; ``readers``: streams by topic; posts need none there. ``zones``:
    campaign id → IANA zone of its hours and days. ``analyse``: what mentions say beyond their words; None: nothing is
    asked.
    """

    version: str
    find: Find
    match: Callable[[Post], Sequence[MatchedCampaign]]
    zones: Mapping[str, str]
    readers: Mapping[str, Reader] = {}
    analyse: Callable[[Sequence[Item]], Sequence[Analysis]] | None = None

    def reader(self, topic: str) -> Reader:
        """How this set reads a stream."""
        known = self.readers.get(topic)
        return Reader(self.find, self.match) if known is None and topic == POSTS_TOPIC else self.readers[topic]


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


def slices(chunk: Chunk, most: int) -> Iterator[Chunk]:
    """A chunk in parts of up to ``most`` records, which together are the chunk."""
    count = len(chunk.offsets)
    if count <= most:
        yield chunk
        return
    begin = chunk.begin
    for first in range(0, count, most):
        last = min(first + most, count)
        end = chunk.end if last == count else chunk.offsets[last - 1] + 1
        yield Chunk(
            begin,
            end,
            chunk.offsets[first:last],
            chunk.timestamps[first:last],
            chunk.values[first:last],
            {index - first: one for index, one in chunk.headers.items() if first <= index < last},
            chunk.keys[first:last],
        )
        begin = end


class Pending(NamedTuple):
    """A step of the mentions topic, and where its mention was counted.

    ``window``: (campaign, dimension, UTC minute, reach) of the deltas. ``lacking``: in a replay, the cells that do not
    have the record yet. Both None: its mention was counted before, or there is none.
    """

    step: Draft | Erasure
    compiled: CompiledSet
    window: "Window | None" = None
    lacking: "Sequence[tuple[str, bytes]] | None" = None


#: (campaign, dimension, UTC minute in epoch seconds, tables from the longest-lived on).
Window = tuple[str, str, int, int]


K = TypeVar("K", bound=Hashable)


def give(amounts: dict[K, list[int]], to: K, metric: int, amount: int) -> None:
    """Add to one metric; a list ends with its last metric that was given anything, as cells do."""
    into = amounts.get(to)
    if into is None:
        into = amounts[to] = []
    if metric >= len(into):
        into.extend([0] * (metric + 1 - len(into)))
    into[metric] += amount


@dataclass
class Overlay:
    """Folds that are not durable yet.

    ``deltas``    window → amounts; hours, days and lifetime follow from the minutes
    ``replayed``  (table, changelog key) → amounts of replayed records, for the cells that do not have them yet
    ``entities``  changelog key → new state; ``looked_up``: keys that a record asked for
    ``pending``   what goes to the mentions topic, in order
    """

    deltas: dict[Window, list[int]] = field(default_factory=dict)
    replayed: dict[tuple[str, bytes], list[int]] = field(default_factory=dict)
    entities: dict[bytes, Any] = field(default_factory=dict)
    looked_up: set[bytes] = field(default_factory=set)
    letters: list[DeadLetter] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    records: int = 0


class FlushPlan(NamedTuple):
    """What makes an overlay durable, in three steps.

    ``cells``; then ``letters`` and ``mentions``; then ``entities`` and ``tombstones``. After that ``next_offset`` may
    be committed. Letters and mentions go before entities, because a replay asks no more about
    a record whose entity is durable.
    """

    cells: dict[str, list[tuple[bytes, bytes]]]
    letters: list[DeadLetter]
    entities: list[tuple[bytes, bytes]]
    tombstones: dict[str, list[bytes]]
    progress: Progress
    next_offset: int
    records: int
    mentions: list[tuple[bytes, bytes | None]] = []  # noqa: RUF012 - nobody appends to a plan
