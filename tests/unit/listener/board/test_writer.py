"""The writer over a real board, with a topic that is a list: what it sends is read back, as by every board."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from listener.board.board import Board
from listener.board.closing import Closing
from listener.board.writer import SeriesPart, SeriesWriter
from listener.kafka.settings import KafkaSettings
from models.cells import PROGRESS
from models.progress import Progress, pack_progress, progress_key
from models.series import ClosedMinute, unpack_minute
from processors.closing import USUAL

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeBoard = Callable[..., Board]
MakeProgress = Callable[..., Progress]

MINUTE = 1_525_545_960
NOW = MINUTE + 10_000_000


@dataclass
class Election:
    term: int | None = 1


@dataclass
class Topic:
    """``listener.series.v1`` and what may go wrong with it: ``refuses`` before a record is there, ``mumbles`` after."""

    boards: list[Board] = field(default_factory=list)
    records: list[ClosedMinute] = field(default_factory=list)
    refuses: bool = False
    mumbles: bool = False
    after: Callable[[], None] = lambda: None

    async def send(self, records: list[tuple[bytes, bytes]]) -> None:
        if self.refuses:
            raise KafkaConnectionError
        self.put(records)
        self.after()
        if self.mumbles:
            raise KafkaConnectionError

    def put(self, records: list[tuple[bytes, bytes]]) -> None:
        for key, value in records:
            self.records.append(unpack_minute(value))
            for board in self.boards:
                series = TopicPartition(board.namespace.series, 0)
                board.take(series, [(len(self.records) - 1, key, value)])
                board.reading.positions = board.reading.ends = {series: len(self.records)}


@dataclass
class Bench:
    """A board, its clock, and its writer on a topic."""

    board: Board
    topic: Topic
    progress: MakeProgress
    election: Election = field(default_factory=Election)
    now: int = NOW * 1000

    def __post_init__(self) -> None:
        self.board.reading.ends = self.board.reading.positions = {TopicPartition(self.board.namespace.series, 0): 0}
        self.topic.boards.append(self.board)
        self.closing = Closing(self.board, USUAL, lambda: self.now)
        self.writer = SeriesWriter(
            self.board, self.closing, self.election, self.topic.send, lambda _campaign, minute: (minute % 7, 1)
        )

    def read_until(self, seconds: int, **fields: object) -> None:
        cell = self.progress(9, record_time=seconds * 1000, written_at=self.now, **fields)
        self.board.state.apply(PROGRESS, [(progress_key("social.posts.v1", 0), pack_progress(cell))])

    def write(self) -> list[tuple[str, int]]:
        """(campaign, minutes since MINUTE) of the records that were sent."""
        before = len(self.topic.records)

        async def turn() -> None:
            await self.closing.look()
            await self.writer.write()

        asyncio.run(turn())
        return [(one.campaign, (one.minute - MINUTE) // 60) for one in self.topic.records[before:]]


@pytest.fixture
def bench(board: MakeBoard, cell: MakeRow, progress: MakeProgress) -> Bench:
    cells = [
        cell("minute", "mellat", 9, start=MINUTE, mentions=3, likes=1),
        cell("minute", "mellat", 9, start=MINUTE, platform="instagram", partition=1, mentions=1),
        cell("minute", "snapp", 9, start=MINUTE + 120, mentions=1),
    ]
    return Bench(board({"minute": cells}), Topic(), progress)


def both(*minutes: int) -> list[tuple[str, int]]:
    return [(campaign, minute) for minute in minutes for campaign in ("mellat", "snapp")]


def test_closed_minutes_are_written_for_every_campaign_from_the_first_count_on(bench: Bench) -> None:
    bench.read_until(MINUTE + 210)
    assert bench.write() == both(0, 1, 2)
    first, silent = bench.topic.records[0], bench.topic.records[1]
    assert first == ClosedMinute(
        "mellat",
        MINUTE,
        {"instagram": {"mentions": 1}, "twitter": {"mentions": 3, "likes": 1}},
        authors=MINUTE % 7,
        stories=1,
        completeness=1.0,
        delay_s=150.0,
        replayed=True,
    )
    assert (silent.campaign, silent.counts) == ("snapp", {}), "silence is a measurement"


def test_nothing_is_written_twice_and_nothing_left_out(bench: Bench) -> None:
    bench.read_until(MINUTE + 90)
    assert bench.write() == both(0)
    assert bench.write() == []
    bench.read_until(MINUTE + 269)
    assert bench.write() == both(1, 2)


def test_later_arrivals_change_totals_but_no_verdict(bench: Bench, cell: MakeRow) -> None:
    bench.read_until(MINUTE + 90)
    bench.write()
    bench.board.state.apply("minute", [cell("minute", "mellat", 12, start=MINUTE, mentions=8)])
    bench.read_until(MINUTE + 150)
    assert bench.write() == both(1)
    assert [one.total("mentions") for one in bench.board.closed.minutes("mellat", MINUTE, MINUTE + 60)] == [4]
    assert bench.board.state.window("minute", "mellat", MINUTE)["twitter"][0] == 8


def test_only_the_leader_writes(bench: Bench) -> None:
    bench.read_until(MINUTE + 210)
    bench.election.term = None
    assert bench.write() == []
    bench.election.term = 2
    assert bench.write() == both(0, 1, 2)


def test_a_lost_leadership_stops_between_two_writes_and_the_next_leader_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, board: MakeBoard, progress: MakeProgress
) -> None:
    monkeypatch.setattr("listener.board.writer._WRITE_RECORDS", 3)
    bench.read_until(MINUTE + 210)
    bench.topic.after = lambda: setattr(bench.election, "term", None)
    assert bench.write() == [*both(0), ("mellat", 1)]
    follower = Bench(board(), bench.topic, progress)
    for one in bench.topic.records:
        follower.board.closed.take(one)
    bench.topic.after = lambda: None
    follower.read_until(MINUTE + 270)
    assert follower.write() == [("snapp", 1), *both(2), *both(3)]
    assert follower.board.closed.last == bench.board.closed.last


def test_a_frozen_leader_that_wakes_up_changes_nothing_for_any_reader(
    bench: Bench, board: MakeBoard, progress: MakeProgress, cell: MakeRow
) -> None:
    """Its process does not know yet that it lost the group: the topic gets a second word on minute 1."""
    bench.read_until(MINUTE + 90)
    bench.write()
    other = Bench(
        board({"minute": [cell("minute", "mellat", 5, start=MINUTE + 60, mentions=5)]}), bench.topic, progress
    )
    other.board.closed.take(bench.topic.records[0])
    other.board.closed.take(bench.topic.records[1])
    stale = dict(bench.board.closed.last)
    other.read_until(MINUTE + 150)
    assert other.write() == both(1)
    bench.board.closed.last = stale
    bench.read_until(MINUTE + 150)
    assert bench.write() == both(1)
    assert [one.total("mentions") for one in other.board.closed.minutes("mellat", MINUTE + 60, MINUTE + 120)] == [5]
    assert other.board.closed.repeated == 2
    other.read_until(MINUTE + 210)
    assert other.write() == both(2)


@pytest.mark.parametrize("failure", ["refuses", "mumbles"])
def test_after_a_write_that_failed_the_topic_is_read_and_writing_goes_on(bench: Bench, failure: str) -> None:
    bench.read_until(MINUTE + 90)
    setattr(bench.topic, failure, True)
    bench.write()
    setattr(bench.topic, failure, False)
    bench.read_until(MINUTE + 150)
    bench.write()
    written = [(one.campaign, (one.minute - MINUTE) // 60) for one in bench.topic.records]
    assert written == [*both(0), *both(1)]


def test_minutes_whose_counts_are_gone_are_left_out_and_counted(bench: Bench) -> None:
    bench.read_until(MINUTE + 90)
    bench.write()
    later = MINUTE + 97 * 3600
    bench.board.state.tables["minute"].apply([(key, None) for key in list(bench.board.state.tables["minute"].cells)])
    bench.read_until(later + 90)
    written = bench.write()
    assert written[0] == ("mellat", 60)
    assert written[-1] == ("snapp", 97 * 60)
    assert bench.writer.skipped == 2 * 59


def test_the_metrics_of_closing(board: MakeBoard, progress: MakeProgress) -> None:
    bench = Bench(board(), Topic(), progress)
    part = SeriesPart(bench.board, bench.closing, KafkaSettings(("127.0.0.1:1",)), lambda *_: (0, 0))
    bench.read_until(MINUTE + 90)
    asyncio.run(bench.closing.look())
    part.prepare()
    found = {sample.name: sample.value for family in part.collect() for sample in family.samples}
    assert found["listener_board_leader"] == 0
    assert found["listener_topic_read_timestamp_seconds"] == MINUTE + 90
    assert found["listener_topic_delay_seconds"] == NOW - MINUTE - 90
    assert found["listener_topic_replaying"] == 1
    assert found["listener_topic_completeness"] == 1
