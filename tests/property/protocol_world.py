"""What survives the crashes of a worker: the source log, the changelogs, the commit; and the rules of the protocol."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from models import cells
from models.entity import entity_stamp
from models.mention import Label
from models.outcome import Outcome
from models.post import POSTS_TOPIC
from models.progress import Progress, pack_progress, progress_key, unpack_progress
from processors.enrich import Analysis, Item
from processors.overlay import CompiledSet, FlushPlan, Tables
from processors.plane import PartitionPlane
from processors.resume import Resume, Source, resume
from tests.finding import one_by_one

TOPIC_ID = "topic-1"
LETTERS = "letters"
MENTIONS = "mentions"
ZONES = {"alpha": "Asia/Tehran", "beta": "UTC", "gamma": "America/New_York"}
NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)


class Hit(NamedTuple):
    """A match."""

    campaign_id: str


def campaign_set(version: str, campaigns: Sequence[str]) -> CompiledSet:
    """A set whose campaigns match the posts that contain their names."""
    names = [name.encode() for name in campaigns]
    return CompiledSet(
        version=version,
        find=one_by_one(lambda raw: any(name in raw for name in names)),
        match=lambda post: [Hit(name) for name in campaigns if name in (post.text or "")],
        zones={name: ZONES[name] for name in campaigns},
        analyse=lambda items: [judged(item) for item in items],
    )


def judged(item: Item) -> Analysis:
    """What the models say: a function of text and campaign."""
    label: Label = "positive" if (len(item.text) + len(item.campaign)) % 2 else "negative"
    return Analysis("", label, {}, "beta" not in item.text, None, "")


SETS = {
    one.version: one
    for one in (
        campaign_set("v1", ["alpha", "beta"]),
        campaign_set("v2", ["alpha", "beta", "gamma"]),
        campaign_set("v3", ["beta", "gamma"]),
    )
}


class Record(NamedTuple):
    """A record of the source log. ``fault``: what it cannot hide (``always``), or only when looked at in full."""

    offset: int
    timestamp: int
    value: bytes | None
    fault: str = ""


Write = tuple[str, bytes, bytes | None]


def stamp_of(table: str, value: bytes) -> tuple[int, ...]:
    """What recovery compares."""
    if table == cells.PROGRESS:
        return unpack_progress(value).rank
    return (entity_stamp(value) if table == cells.ENTITIES else cells.cell_stamp(value),)


class Rules:
    """The protocol as it is meant."""

    plane: type[PartitionPlane] = PartitionPlane

    def patched(self) -> AbstractContextManager[object]:
        """Replaces product code while a world runs; nothing here."""
        return nullcontext()

    def recover(self, logs: dict[str, list[tuple[bytes, bytes | None]]]) -> Tables:
        """The tables from the changelogs."""
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in cells.TABLES}
        for table, part in tables.items():
            for key, value in logs[table]:
                if value is not None and (key not in part or stamp_of(table, value) >= stamp_of(table, part[key])):
                    part[key] = value
        return tables

    def resume(self, tables: Tables, source: Source) -> Resume:
        """Where to go on."""
        return resume(tables, source)

    def sets(self, progress: Progress, current: str) -> list[tuple[int, CompiledSet]]:
        """The sets to recover with."""
        return [(one.since, SETS[one.version]) for one in progress.sets]

    def steps(self, plan: FlushPlan, plane: PartitionPlane) -> Iterator[list[Write]]:
        """What a flush writes: each step in any order, and only when the one before it is durable."""
        yield cell_writes(plan)
        yield letter_writes(plan)
        yield entity_writes(plan)

    def may_restate(self, plane: PartitionPlane) -> bool:
        """Whether progress may be restated."""
        return plane.pending is None and not plane.overlay.records

    commits_early = False


def cell_writes(plan: FlushPlan) -> list[Write]:
    return [(table, key, value) for table, records in plan.cells.items() for key, value in records]


def letter_writes(plan: FlushPlan) -> list[Write]:
    """What goes between cells and entities: dead letters, and mentions."""
    letters: list[Write] = [(LETTERS, b"%d" % letter.offset, letter.reason.encode()) for letter in plan.letters]
    return letters + [(MENTIONS, key, value) for key, value in plan.mentions]


def entity_writes(plan: FlushPlan) -> list[Write]:
    entities: list[Write] = [(cells.ENTITIES, key, value) for key, value in plan.entities]
    return entities + [(table, key, None) for table, keys in plan.tombstones.items() for key in keys]


@dataclass
class World:
    """What survives a crash of the owner; ``said`` and ``letters`` are history that only the test sees.

    ``late_from``: where in each changelog the zombies' records begin; ``late_stamp``: the highest they wrote.
    """

    records: list[Record]
    end: int
    rules: Rules = field(default_factory=Rules)
    retention: bool = True
    base: int = 0
    current: str = "v1"
    committed: int | None = None
    logs: dict[str, list[tuple[bytes, bytes | None]]] = field(default_factory=dict)
    said: list[Progress] = field(default_factory=list)
    zombies: list[Any] = field(default_factory=list)
    late_from: dict[str, int] = field(default_factory=dict)
    late_stamp: int = -1
    letters: set[int] = field(default_factory=set)
    had_zombies: bool = False
    mentions: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs = {table: [] for table in cells.TABLES}
        if self.base:
            stamp = self.first + self.base - 1
            rebased = Progress(
                stamp=stamp, durable=stamp, outcomes=(0,) * len(Outcome), sets=(), topic_id=TOPIC_ID, base=self.base
            )
            self.append((cells.PROGRESS, progress_key(POSTS_TOPIC, 0), pack_progress(rebased)))

    @property
    def first(self) -> int:
        """The log start offset."""
        return self.records[0].offset if self.records else 0

    def source(self) -> Source:
        """The source partition as the broker tells it."""
        return Source(0, TOPIC_ID, self.first, self.end, self.committed)

    def append(self, write: Write, *, late: bool = False) -> None:
        """One record reaches its topic."""
        table, key, value = write
        if table == LETTERS:
            self.letters.add(int(key))
            return
        if table == MENTIONS:
            self.mentions.append((key, value))
            return
        if table == cells.PROGRESS and value is not None:
            self.said.append(unpack_progress(value))
        if late:
            self.late_from.setdefault(table, len(self.logs[table]))
        self.logs[table].append((key, value))

    def compact(self, share: float) -> None:
        """Keep only the last record per key of the oldest part of each changelog."""
        for table, log in self.logs.items():
            border = int(len(log) * share)
            border = min(border, self.late_from.get(table, border))
            last = {key: index for index, (key, _) in enumerate(log[:border])}
            kept = [log[index] for index in sorted(last.values())]
            if table in self.late_from:
                self.late_from[table] -= border - len(kept)
            self.logs[table] = kept + log[border:]
