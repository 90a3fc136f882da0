import asyncio
from collections.abc import Callable

import pytest
from aiokafka import TopicPartition

from listener.board.board import Board
from listener.board.topics import Cluster, read_topics
from listener.errors import Halt
from models.campaign import Campaign, CampaignSet
from models.cells import LIFETIME, METRIC_INDEX, PROGRESS, WINDOWS
from models.series import ClosedMinute
from models.streams import STREAMS
from models.topics import Namespace
from models.trace import Adopted, adopted_record, set_record

NAMESPACE = Namespace(app="boards", prefix="boards.")
MINUTES = NAMESPACE.changelog("minute")
#: A cell of a later version.
NEWER = b"\x93\x02\x01\x01"
SETS = TopicPartition(NAMESPACE.campaigns, 0)

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeBoard = Callable[..., Board]


def test_it_reads_the_counts_of_every_stream_campaigns_and_closed_minutes_but_no_entities() -> None:
    tables = [stream.table(short) for stream in STREAMS for short in (*WINDOWS, LIFETIME, PROGRESS)]
    others = {NAMESPACE.campaigns, NAMESPACE.series}
    assert set(read_topics(NAMESPACE)) == {NAMESPACE.changelog(table) for table in tables} | others


def test_streams_may_have_different_numbers_of_partitions() -> None:
    cluster = Cluster({"posts": 2, "press": 1}, {})
    assert set(cluster.assignment()) == {
        TopicPartition("posts", 0),
        TopicPartition("posts", 1),
        TopicPartition("press", 0),
    }


def test_the_cells_of_all_streams_are_one_campaign(cell: MakeRow) -> None:
    board = Board(NAMESPACE)
    for table, metric in (("minute", "mentions"), ("press-minute", "press_mentions")):
        key, value = cell("minute", "mellat", 1, start=60, topic=table, **{metric: 2})
        board.take(TopicPartition(NAMESPACE.changelog(table), 1), [(0, key, value)])
    ((start, counters),) = board.state.series("minute", "mellat")
    assert (start, counters[METRIC_INDEX["mentions"]], counters[METRIC_INDEX["press_mentions"]]) == (60, 2, 2)


def test_the_last_set_is_in_force_and_earlier_campaigns_stay_known() -> None:
    board = Board(NAMESPACE)
    old, new = CampaignSet((Campaign(id="old", team="a"),)), CampaignSet((Campaign(id="new"),))
    board.take(SETS, [(0, b"1", old.to_json()), (1, b"2", None), (2, b"3", new.to_json())])
    board.take(SETS, [(3, *set_record(old)), (4, *adopted_record("posts", 0, Adopted("1", 7)))])
    assert board.campaigns == new
    assert board.known["old"].team == "a"


@pytest.mark.parametrize("topic", [NAMESPACE.campaigns, MINUTES])
def test_what_cannot_be_read_halts_and_says_where(topic: str, cell: MakeRow, board: MakeBoard) -> None:
    key = b"v1" if topic == NAMESPACE.campaigns else cell("minute", "mellat", 1)[0]
    with pytest.raises(Halt, match=rf"{topic}, partition 0, between offsets 7 and 7.*newer Listener"):
        board(caught_up=True).take(TopicPartition(topic, 0), [(7, key, NEWER)])


@pytest.mark.parametrize("foreign", [b"no key", b'"no|key"'])
def test_what_could_not_be_read_may_have_been_retired_behind(foreign: bytes, cell: MakeRow, board: MakeBoard) -> None:
    """A rebuild writes a tombstone over it; the record itself stays until compaction."""
    made, tp = board(caught_up=False), TopicPartition(MINUTES, 0)
    (key, value), (other, newer) = cell("minute", "mellat", 1, mentions=2), cell("minute", "snapp", 1)
    made.take(tp, [(7, key, value), (8, foreign, b"no cell"), (9, other, NEWER)])
    made.take(tp, [(10, foreign, None), (11, other, newer)])
    made.reading.caught_up = True
    made.turn()
    ((_, counters),) = made.state.series("minute", "mellat")
    assert counters[METRIC_INDEX["mentions"]] == 2, "what stood beside it is taken over once"


def test_what_could_not_be_read_and_stays_halts_once_all_is_read(cell: MakeRow, board: MakeBoard) -> None:
    made = board(caught_up=False)
    made.take(TopicPartition(MINUTES, 0), [(7, b"no key", b"no cell"), (8, *cell("minute", "mellat", 1))])
    made.turn()
    made.reading.caught_up = True
    with pytest.raises(Halt, match=r"between offsets 7 and 7.*newer Listener.*listener rebase --rebuild"):
        made.turn()


def test_how_far_it_has_read(board: MakeBoard) -> None:
    made = board(caught_up=False)
    first, second = TopicPartition(MINUTES, 0), TopicPartition(MINUTES, 1)
    made.reading.positions = {first: 10, second: 4, SETS: 0}
    made.reading.ends = {first: 10, second: 9, SETS: 1}
    assert made.unread == {MINUTES: 5, NAMESPACE.campaigns: 1}
    assert made.positions == {MINUTES: {"0": 10, "1": 4}}
    assert not made.caught_up


def test_before_the_topics_are_open_nothing_is_known() -> None:
    made = Board(NAMESPACE)
    assert (made.caught_up, made.unread, made.positions) == (False, {}, {})


def test_reading_to_the_present_waits_for_what_the_brokers_have_now(board: MakeBoard) -> None:
    made, tp = board(), TopicPartition(MINUTES, 0)
    made.reading.positions, made.reading.ends = {tp: 3}, {tp: 5}

    async def scenario() -> list[str]:
        said: list[str] = []
        waiting = asyncio.create_task(made.read_to_present([tp]))
        waiting.add_done_callback(lambda _: said.append("present"))
        for position in (4, 5):
            await asyncio.sleep(0)
            made.reading.positions = {tp: position}
            said.append(f"read to {position}")
            made.turn()
        await waiting
        return said

    assert asyncio.run(scenario()) == ["read to 4", "read to 5", "present"]
    asyncio.run(Board(NAMESPACE).read_to_present([tp]))


def test_what_is_forgotten_leaves_nothing(board: MakeBoard, cell: MakeRow) -> None:
    made = board({"minute": [cell("minute", "mellat", 1, mentions=1)]})
    made.closed.take(ClosedMinute("mellat", 60))
    made.forget()
    assert (made.campaigns, made.known, made.closed.last, made.caught_up) == (CampaignSet(), {}, {}, False)
    assert not made.state.tables["minute"].cells
