"""Partitions of one worker never see one another's cells, though Faust's own store has one dictionary for all."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.streams import _current_event

from listener.engine.app import create_app
from listener.engine.tables import PartitionStore, StampRecovery
from listener.kafka.settings import KafkaSettings
from models.cells import TABLES, WINDOWS, window_key
from models.streams import ALL_TABLES, ARTICLES, POSTS, STREAMS
from models.topics import Namespace

NAME = "brand|social.posts.v1|0|twitter"


class Nobody:
    async def acquire(self, partitions: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return {}

    async def release(self) -> None: ...

    async def count(self, topic: str, partition: int, chunk: Any) -> None: ...


@pytest.fixture(scope="module")
def app() -> faust.App:
    namespace = Namespace("unit", "p.")
    partitions = dict.fromkeys(STREAMS, 1) | {POSTS: 4, ARTICLES: 2}
    return create_app(
        KafkaSettings(("nowhere:9092",)), namespace, Nobody(), partitions=partitions, session_timeout=10.0
    )


@pytest.fixture
def store(app: faust.App) -> Iterator[PartitionStore]:
    found = app.tables["lifetime"].data
    yield found
    found.drop()


class On:
    """Inside: as in an agent that has an event of this partition."""

    def __init__(self, partition: int) -> None:
        self._event = SimpleNamespace(message=SimpleNamespace(partition=partition))

    def __enter__(self) -> None:
        self._token = _current_event.set(lambda: self._event)  # type: ignore[arg-type]

    def __exit__(self, *_: object) -> None:
        _current_event.reset(self._token)


def test_partitions_are_apart(store: PartitionStore) -> None:
    store.partition(1)[b"key"] = b"one"
    store.partition(2)[b"key"] = b"two"
    with On(1):
        assert store._get(b"key") == b"one"
        store._set(b"key", b"changed")
        store._set(b"other", b"new")
    with On(2):
        assert store._get(b"key") == b"two"
        assert not store._contains(b"other")
        store._set(b"key", None)
    assert store.partitions == {1: {b"key": b"changed", b"other": b"new"}, 2: {}}


def test_looking_at_all_partitions_needs_no_event(store: PartitionStore) -> None:
    store.partition(1)[b"a"] = b"1"
    store.partition(2)[b"b"] = b"2"
    assert sorted(store._iterkeys()) == [b"a", b"b"]
    assert sorted(store._itervalues()) == [b"1", b"2"]
    assert sorted(store._iteritems()) == [(b"a", b"1"), (b"b", b"2")]
    assert store._size() == 2


def test_outside_an_agent_there_is_no_partition(store: PartitionStore) -> None:
    with pytest.raises(RuntimeError, match="inside an agent"):
        store._get(b"key")


def test_nothing_stays_after_a_drop(store: PartitionStore) -> None:
    part = store.partition(1)
    part[b"key"] = b"value"
    store.drop()
    assert store.partition(1) == {}
    store.partition(1)[b"key"] = b"value"
    store._clear()
    assert store._size() == 0


def test_faust_keys_and_values_are_ours(app: faust.App, store: PartitionStore) -> None:
    """What Faust's own API asks for is what the counting plane put there."""
    store.partition(3)[b'"%b"' % NAME.encode()] = b"value"
    minute = app.tables["minute"].data
    minute.partition(3)[window_key(NAME, 1_525_545_960, 60)] = b"cell"
    try:
        with On(3):
            assert app.tables["lifetime"][NAME] == b"value"
            assert minute[NAME, (1_525_545_960.0, 1_525_546_019.9)] == b"cell"
            assert list(minute.values()) == [b"cell"]
    finally:
        minute.drop()


def test_tables_are_declared_as_the_changelogs_are(app: faust.App) -> None:
    assert set(app.tables) == set(ALL_TABLES)
    assert {table.changelog_topic_name for table in app.tables.values()} == {
        f"unit-{name}-changelog" for name in ALL_TABLES
    }
    assert {app.tables[POSTS.table(name)].partitions for name in TABLES} == {4}
    assert {app.tables[ARTICLES.table(name)].partitions for name in TABLES} == {2}
    windows = {name: app.tables[name].window for name in WINDOWS}
    assert {name: window.size for name, window in windows.items() if window} == WINDOWS
    never = [window for window in windows.values() if window and not window.stale(0.0, 1e12)]
    assert len(never) == len(WINDOWS), "Faust would expire them by the wall clock"
    assert isinstance(app.tables.recovery, StampRecovery)
