"""Counts go on as if nothing had happened when a topic gets more partitions in the middle of any history."""

from collections import Counter, defaultdict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.inputs.reading import partition
from models import cells
from models.cells import ENTITIES, LIFETIME, PROGRESS
from models.mention import Origin
from models.post import POSTS_TOPIC
from models.progress import Progress, SetInForce, pack_progress, progress_key, unpack_progress
from models.streams import ARTICLES, POSTS, STREAMS, WEB, Stream
from processors.inputs import KINDS
from processors.overlay import CompiledSet, Tables
from processors.plane import PartitionPlane
from processors.repartition import Change, Misplaced, first_progress, leaving, marked, rehomed, settled
from processors.resume import Source, resume
from tests.finding import one_by_one
from tests.mentioning import said
from tests.property.protocol_world import NOON, Hit
from tests.property.test_live_recount import SETS, TOGETHER
from tests.property.test_streams_survive import records as records_of
from tests.recounting import compiled as compiled_set
from tests.unit.processors.plane_rig import chunk, empty_tables

SET = CompiledSet(
    "only",
    one_by_one(lambda _raw: True),
    lambda post: [Hit(name) for name in "ab" if name in (post.text or "").split()],
    {"a": "Asia/Tehran", "b": "America/New_York"},
)


class Topic:
    """Partitions with their records and tables, counted like those of a real topic; every stop is in good order."""

    def __init__(self, count: int, stream: Stream = POSTS, compiled: CompiledSet = SET) -> None:
        self.count, self.stream, self.compiled, self.kind = count, stream, compiled, KINDS[stream.topic]
        self.tables: dict[int, Tables] = {number: empty_tables() for number in range(count)}
        self.ends: Counter[int] = Counter()

    def tell(self, values: list[bytes]) -> None:
        """Produce records and count them."""
        found: dict[int, list[bytes]] = defaultdict(list)
        for value in values:
            found[partition(key_of(value, self.stream), self.count)].append(value)
        for number in range(self.count):
            self._count(number, found[number])

    def _count(self, number: int, values: list[bytes]) -> None:
        tables, begin = self.tables[number], self.ends[number]
        known = resume(tables, Source(number, "id", 0, 10**6, begin or None), self.stream.topic)
        sets = [(one.since, self.compiled) for one in known.progress.sets]
        plane = PartitionPlane(number, tables, known, sets, clock=lambda: NOON, retention=False, kind=self.kind)
        if not sets:
            plane.adopt(self.compiled)
        if values:
            plane.count(chunk(values, begin=begin))
            plane.flushed(plane.take_flush())
        key, value = plane.progress_record(plane.heartbeat(caught_up=True))
        tables[PROGRESS][key] = value
        self.ends[number] += len(values)

    def grow(self, after: int, times: int) -> None:
        """What the command does to the tables; each step ``times`` times over, as after crashes."""
        change = Change(self.count, after, partition)
        progress = {number: unpack_progress(self._progress(number)) for number in range(self.count)}
        for number in range(self.count, after):
            self.tables[number] = empty_tables()
            progress[number] = first_progress(progress, change, number, "id")
        for number, one in progress.items():
            self.tables[number][PROGRESS][progress_key(self.stream.topic, number)] = pack_progress(
                marked(one) if number < self.count else one
            )
        for number in range(self.count):
            kept = self.tables[number][ENTITIES]
            moving = leaving(change, number, kept)
            for _ in range(times):
                for home, keys in moving.items():
                    for key in keys:
                        entity = settled(self.kind.unpack(kept[key]), progress[home].stamp)
                        self.tables[home][ENTITIES][key] = self.kind.pack(entity)
            for keys in moving.values():
                for key in keys:
                    del kept[key]
        self.count = after

    def _progress(self, number: int) -> bytes:
        return self.tables[number][PROGRESS][progress_key(self.stream.topic, number)]

    @property
    def totals(self) -> Counter[tuple[str, int]]:
        """(campaign, counter) → amount over all partitions, zeros left out."""
        found: Counter[tuple[str, int]] = Counter()
        for tables in self.tables.values():
            for key, value in tables[LIFETIME].items():
                for metric, amount in enumerate(cells.unpack_cell(value, len(self.stream.metrics)).counters):
                    found[cells.parse_lifetime_key(key).campaign, metric] += amount
        return Counter({where: amount for where, amount in found.items() if amount})

    @property
    def entities(self) -> dict[bytes, int]:
        """Every entity, and how many partitions have it."""
        return Counter(key for tables in self.tables.values() for key in tables[ENTITIES])


#: What the records of a stream that may grow are keyed by.
KEYS = {POSTS: "post_id", ARTICLES: "article_id", WEB: "session_id"}


def key_of(value: bytes, stream: Stream) -> bytes:
    try:
        return str(msgspec.json.decode(value)[KEYS[stream]]).encode()
    except (msgspec.DecodeError, KeyError, TypeError):
        return b""


def test_every_stream_that_may_grow_is_played() -> None:
    assert set(KEYS) == {stream for stream in STREAMS if stream.partitions is None}


@pytest.mark.parametrize("stream", KEYS, ids=lambda stream: stream.name)
@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(0, 12), st.integers(1, 4), st.integers(0, 5), st.integers(1, 2))
def test_the_counts_are_those_of_a_topic_that_never_grew(
    stream: Stream, data: st.DataObject, cut: int, before: int, more: int, times: int
) -> None:
    records = data.draw(records_of(stream))
    compiled = SET if stream is POSTS else compiled_set(TOGETHER if stream is WEB else SETS[0])
    grown, always = Topic(before, stream, compiled), Topic(before, stream, compiled)
    always.tell(records)
    grown.tell(records[:cut])
    totals = grown.totals
    grown.grow(before + more, times)
    assert grown.totals == totals, "moving alone changes no count"
    grown.tell(records[cut:])
    assert grown.totals == always.totals
    assert set(grown.entities.values()) <= {1}, "nothing is kept twice"
    assert grown.entities.keys() == always.entities.keys()


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=20), st.integers(1, 60), st.integers(1, 60))
def test_keys_come_only_from_the_sources_of_a_partition(key: bytes, one: int, other: int) -> None:
    before, after = sorted((one, other))
    change = Change(before, after, partition)
    home = change.home(key, partition(key, before))
    assert home == partition(key, after)
    assert partition(key, before) in change.sources(home)


def test_the_sources_of_a_partition() -> None:
    assert [list(Change(4, 8, partition).sources(number)) for number in (0, 3, 5)] == [[0], [3], [1]]
    assert list(Change(4, 6, partition).sources(5)) == [1, 3]
    assert list(Change(2, 3, partition).sources(2)) == [0, 1]


def test_a_topic_that_is_keyed_otherwise_is_refused() -> None:
    change = Change(2, 4, partition)
    key = b"twitter:1"
    wrong = next(number for number in range(4) if number not in (partition(key, 2), partition(key, 4)))
    with pytest.raises(Misplaced, match="twitter:1"):
        leaving(change, wrong, [key])


def test_a_new_partition_has_the_clock_of_its_sources() -> None:
    def progress(time: int | None) -> Progress:
        return Progress(9, 9, (0,) * 6, (SetInForce("v", 0),), "id", record_time=time)

    before = {0: progress(100), 1: progress(None), 2: progress(300), 3: progress(50)}
    change = Change(4, 6, partition)
    assert first_progress(before, change, 4, "id").record_time == 300
    assert first_progress(before, change, 5, "id").durable_record_time == 50
    assert first_progress({}, change, 5, "id").record_time is None
    assert first_progress(before, change, 5, "id").stamp == -1


def test_what_was_marked_is_durable_as_a_whole() -> None:
    one = marked(Progress(9, 4, (0,) * 6, (SetInForce("v", 0),), "id", record_time=7, durable_record_time=5))
    assert (one.moved, one.durable, one.durable_record_time) == (9, 9, 7)


def test_a_mention_has_its_new_place() -> None:
    assert rehomed(said(), 5, -1) == msgspec.structs.replace(said(), origin=Origin(POSTS_TOPIC, 5, -1))
