"""The store with its threads: who may open it, what it answers while it is closed, and when it purges."""

import asyncio
from pathlib import Path

import pytest

from listener.board.store import MentionQuery, MentionStore, NotNowError
from listener.board.store.following import _Pace
from listener.errors import UsageProblem
from tests.mentioning import NOON, TOPIC, Log, put, said

MINUTE = int(NOON.timestamp())
SOME = put(
    said("twitter:1", 1, author="aa", story="s1"),
    said("twitter:2", 2, minutes=0.5, author="aa", story="s2"),
    said("twitter:3", 3, minutes=0.9, author="bb", story="s1"),
    said("twitter:4", 4, minutes=1, author="cc", story="s3"),
    said("twitter:5", 5, campaign="toofan"),
)


async def fill(store: MentionStore) -> None:
    log = Log()
    await store.mentions(TOPIC, 0, log.append(SOME), log.end)


def test_authors_and_stories_of_a_minute_and_of_a_range(tmp_path: Path) -> None:
    async def scenario() -> None:
        with MentionStore(tmp_path) as store:
            await fill(store)
            assert store.authors_and_stories("berimo", MINUTE) == (2, 2)
            assert store.authors_and_stories("berimo", MINUTE + 60) == (1, 1)
            assert store.authors_and_stories("berimo", MINUTE + 120) == (0, 0)
            assert await store.distinct(MentionQuery("berimo", end_ms=MINUTE * 1000 + 60_000)) == (2, 2)
            assert await store.distinct(MentionQuery("berimo")) == (3, 3)

    asyncio.run(scenario())


def test_potential_reach_takes_each_author_once_with_the_most_that_was_told(tmp_path: Path) -> None:
    records = put(
        said("twitter:1", 1, author="aa", followers=100),
        said("twitter:2", 2, minutes=1, author="aa", followers=120),
        said("twitter:3", 3, minutes=1, author="bb", followers=7),
        said("twitter:4", 4, minutes=1, author="cc"),
        said("twitter:5", 5, minutes=1, followers=5_000),
        said("twitter:6", 6, minutes=3, author="dd", followers=30),
        said("twitter:7", 7, campaign="toofan", author="ee", followers=900),
    )

    async def scenario() -> None:
        with MentionStore(tmp_path) as store:
            assert store.potential_reach("berimo", None, None) is None
            log = Log()
            await store.mentions(TOPIC, 0, log.append(records), log.end)
            assert store.potential_reach("berimo", None, None) == 157
            assert store.potential_reach("berimo", None, (MINUTE + 60) * 1000) == 100
            assert store.potential_reach("berimo", (MINUTE + 60) * 1000, (MINUTE + 120) * 1000) == 127

    asyncio.run(scenario())


def test_what_was_read_is_there_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        with MentionStore(tmp_path) as store:
            await fill(store)
            await store.note("fact", "1")
        with MentionStore(tmp_path) as store:
            assert await store.count(MentionQuery("berimo")) == 4
            assert store.positions == {(TOPIC, 0): 5}
            assert await store.fact("fact") == "1"
            await store.clear()
            assert await store.count(MentionQuery("berimo")) == 0
            assert store.positions == {}

    asyncio.run(scenario())


def test_other_topics_of_the_same_name_begin_a_new_store(tmp_path: Path) -> None:
    async def scenario() -> None:
        with MentionStore(tmp_path) as store:
            await store.fit({TOPIC: "one"})
            await fill(store)
            await store.fit({TOPIC: "one"})
            assert await store.count(MentionQuery("berimo")) == 4
            await store.fit({TOPIC: "another"})
            assert await store.count(MentionQuery("berimo")) == 0

    asyncio.run(scenario())


def test_two_boards_do_not_share_a_directory(tmp_path: Path) -> None:
    with MentionStore(tmp_path), pytest.raises(UsageProblem, match="directory of its own"), MentionStore(tmp_path):
        raise AssertionError
    with MentionStore(tmp_path):
        pass


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match=r"--state-dir: .*file"), MentionStore(tmp_path / "file"):
        raise AssertionError


def test_without_a_directory_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with MentionStore(None):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_not_open_says_so(tmp_path: Path) -> None:
    store = MentionStore(tmp_path)
    assert store.authors_and_stories("berimo", MINUTE) == (0, 0)
    assert store.unreadable == 0
    with pytest.raises(NotNowError, match="opened"):
        asyncio.run(store.count(MentionQuery("berimo")))


def test_traces_are_wiped_soon_but_not_all_the_time() -> None:
    pace = _Pace(100.0)
    assert pace.due(100.1, idle=True)
    assert not pace.due(159.0, idle=False)
    assert pace.due(161.0, idle=False)
    pace.done(161.0, 166.0)
    assert not pace.due(200.0, idle=True), "five seconds of work, fifty of rest"
    assert pace.due(217.0, idle=True)
