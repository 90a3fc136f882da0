"""Merging a changelog: whatever a zombie appended, the highest stamp is what counts."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.kafka.settings import KafkaSettings
from listener.worker.places import posts
from listener.worker.recovery import Recovery, merge
from listener.worker.sets import SetStore
from listener.worker.stamps import STAMPS
from models.cells import ENTITIES, LIFETIME, METRICS, PROGRESS, TABLES, pack_cell
from models.entity import PostEntity, pack_entity
from models.post import POSTS_TOPIC
from models.progress import NO_OUTCOMES, Progress, SetInForce, pack_progress, progress_key
from models.topics import Namespace
from processors.resume import Refused, Source

KEY = b'"brand|social.posts.v1|0|twitter"'


def cell(stamp: int, likes: int = 0) -> bytes:
    return pack_cell(stamp, [likes] + [0] * (len(METRICS) - 1))


def entity(stamp: int) -> bytes:
    return pack_entity(PostEntity(stamp, 1, 2, 3, 4, 0, 0, 0, [], [], []))


def progress(stamp: int, *sets: tuple[str, int], written_at: int = 0) -> bytes:
    in_force = tuple(SetInForce(*one) for one in sets)
    return pack_progress(Progress(stamp, stamp, NO_OUTCOMES, in_force, "topic", written_at=written_at))


def merged(table: str, *values: bytes | None) -> bytes | None:
    part: dict[bytes, bytes] = {}
    merge(part, [(offset, KEY, value) for offset, value in enumerate(values)], STAMPS[table], {})
    return part.get(KEY)


@pytest.mark.parametrize(("table", "value"), [(LIFETIME, cell), (ENTITIES, entity), (PROGRESS, progress)])
def test_a_later_record_of_lower_stamp_is_ignored(table: str, value: Callable[[int], bytes]) -> None:
    assert merged(table, value(7), value(9), value(8)) == value(9)


def test_of_equal_stamps_the_later_record_counts() -> None:
    assert merged(LIFETIME, cell(7, 1), cell(7, 2)) == cell(7, 2)
    assert merged(PROGRESS, progress(7, written_at=1), progress(7, written_at=2)) == progress(7, written_at=2)


def test_a_zombie_does_not_take_back_an_adoption() -> None:
    """Adopting a set writes the progress cell again with the same stamp."""
    adopted = progress(7, ("old", 0), ("new", 8))
    assert merged(PROGRESS, progress(7, ("old", 0)), adopted, progress(7, ("old", 0), written_at=5)) == adopted


def test_tombstones() -> None:
    assert merged(LIFETIME, cell(7), None) is None
    assert merged(LIFETIME, None, cell(7)) == cell(7)
    assert merged(LIFETIME, cell(9), None, cell(7)) == cell(7), "after a rebuild stamps begin anew"


def test_a_lower_record_that_is_the_last_of_its_key_is_known() -> None:
    part: dict[bytes, bytes] = {}
    behind: dict[bytes, bytes | None] = {}
    records = [(b"a", 7), (b"b", 7), (b"c", 7), (b"a", 5), (b"b", 5), (b"b", 8), (b"c", 4), (b"c", 7)]
    merge(part, [(offset, key, cell(stamp)) for offset, (key, stamp) in enumerate(records)], STAMPS[LIFETIME], behind)
    assert behind == {b"a": cell(5)}
    merge(part, [(9, b"a", None)], STAMPS[LIFETIME], behind)
    assert behind == {}


@given(stamps=st.lists(st.integers(0, 10**15), min_size=1, max_size=12, unique=True), data=st.data())
def test_any_order_of_records_gives_the_highest_stamp(stamps: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(stamps))
    assert merged(LIFETIME, *(cell(stamp, stamp % 97) for stamp in order)) == cell(max(stamps), max(stamps) % 97)


@given(
    keyed=st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 50)), max_size=30, unique=True),
    cut=st.integers(0, 30),
)
def test_fetches_may_be_cut_anywhere(keyed: list[tuple[bytes, int]], cut: int) -> None:
    records = [(offset, key, cell(stamp)) for offset, (key, stamp) in enumerate(keyed)]
    whole: dict[bytes, bytes] = {}
    parts: dict[bytes, bytes] = {}
    merge(whole, records, STAMPS[LIFETIME], {})
    merge(parts, records[:cut], STAMPS[LIFETIME], {})
    merge(parts, records[cut:], STAMPS[LIFETIME], {})
    assert whole == parts == {key: cell(max(s for k, s in keyed if k == key)) for key, _ in keyed}


@given(
    keyed=st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.integers(0, 9)), max_size=20),
    cuts=st.sets(st.integers(0, 20)),
)
def test_fetches_cut_anywhere_give_what_single_records_give(
    keyed: list[tuple[bytes, int | None]], cuts: set[int]
) -> None:
    """Tombstones and overtaken records included, and what is said to be behind."""
    records = [(at, key, None if stamp is None else cell(stamp, at)) for at, (key, stamp) in enumerate(keyed)]
    pieces: tuple[dict[bytes, bytes], dict[bytes, bytes | None]] = {}, {}
    singly: tuple[dict[bytes, bytes], dict[bytes, bytes | None]] = {}, {}
    for begin, end in pairwise([0, *sorted(cuts), len(records)]):
        merge(pieces[0], records[begin:end], STAMPS[LIFETIME], pieces[1])
    for one in records:
        merge(singly[0], [one], STAMPS[LIFETIME], singly[1])
    assert pieces == singly


class FakeStore:
    def __init__(self) -> None:
        self.parts: dict[int, dict[bytes, bytes]] = {}

    def partition(self, number: int) -> dict[bytes, bytes]:
        return self.parts.setdefault(number, {})

    def drop(self) -> None:
        self.parts = {}


def make(stores: Mapping[str, FakeStore] | None) -> Recovery:
    kafka, namespace = KafkaSettings(("nowhere:9092",)), Namespace()
    recovery = Recovery(kafka, namespace, SetStore(kafka, namespace), lambda: datetime.now(UTC))
    recovery.stores = stores
    return recovery


def test_a_worker_without_partitions_recovers_nothing_and_forgets_what_it_had() -> None:
    stores = {table: FakeStore() for table in TABLES}
    stores[LIFETIME].partition(3)[KEY] = cell(1)
    recovery = make(stores)

    async def sources(_partitions: set[int]) -> Mapping[int, tuple[int, int, int | None]]:
        raise AssertionError("nothing is to be asked")

    recovery.sources = sources
    assert asyncio.run(recovery.planes(set())) == {}
    assert stores[LIFETIME].parts == {}


def test_recovery_needs_an_engine() -> None:
    with pytest.raises(RuntimeError, match="not wired"):
        asyncio.run(make(None).planes({posts(0)}))


def test_a_value_that_is_none_of_ours_is_refused_with_the_command_that_helps() -> None:
    stores = {table: FakeStore() for table in TABLES}
    stores[LIFETIME].partition(3)[KEY] = b"no cell"
    stores[PROGRESS].partition(3)[progress_key(POSTS_TOPIC, 3)] = progress(5)
    with pytest.raises(Refused, match=r"social.posts.v1/3: .*cannot be read.*listener rebase --rebuild"):
        asyncio.run(make(stores)._plane(posts(3), Source(3, "topic", 0, 10, None)))


def test_a_recovery_under_way_says_since_when_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    recovery = make({table: FakeStore() for table in TABLES})
    seen: list[tuple[bool, int]] = []

    class Gone(Exception):  # noqa: N818 - the broker is
        pass

    async def read_to_end(_kafka: object, _wanted: object, _take: object, left: Callable[[int], None]) -> None:
        for records in (900, 20):
            left(records)
            seen.append((recovery.started is not None, recovery.left))
        raise Gone

    async def nothing(*_: object) -> dict[object, object]:
        return {}

    monkeypatch.setattr("listener.worker.recovery.read_to_end", read_to_end)
    monkeypatch.setattr("listener.worker.recovery.topic_id", lambda *_: "topic")
    monkeypatch.setattr(recovery.sets, "load", nothing)
    recovery.sources = nothing  # type: ignore[assignment]
    with pytest.raises(Gone):
        asyncio.run(recovery.planes({posts(0)}))
    assert seen == [(True, 900), (True, 20)]
    assert (recovery.started, recovery.left) == (None, 0), "a failed one is over, too"
