from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from listener.board.board import Board
from listener.board.metrics import BoardCollector
from listener.board.service import all_parts
from listener.board.settings import BoardSettings
from listener.kafka.settings import KafkaSettings
from listener.metrics import CLOSED_WINDOWS as WINDOWS
from listener.metrics import METRICS
from models.campaign import CampaignSet
from models.cells import LIFETIME, PROGRESS
from models.outcome import OUTCOMES
from models.progress import Progress, pack_progress, progress_key
from models.series import ClosedMinute
from models.streams import POSTS, SPEND, WEB, Stream
from tests.business import a_bit_of_everything, campaign
from tests.recounting import Partition

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeBoard = Callable[..., Board]
MakeProgress = Callable[..., Progress]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(board: Board, render: Any = generate_latest, parse: Any = parse_text, max_series: int = 50_000) -> Samples:
    """Every sample of a page by name and labels; fails on a series that is there twice."""
    registry = CollectorRegistry()
    registry.register(BoardCollector(board, max_series))
    samples: Samples = {}
    for family in parse(render(registry).decode()):
        for sample in family.samples:
            where = sample.name, frozenset(sample.labels.items())
            assert where not in samples
            samples[where] = sample.value
    return samples


def sample(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.fixture
def counted(board: MakeBoard, cell: MakeRow, progress: MakeProgress) -> Board:
    cells = [
        cell(LIFETIME, "mellat", 9, mentions=3, likes=5, likes_net=4),
        cell(LIFETIME, "mellat", 9, partition=1, mentions=1),
    ]
    done = progress(7, counted=5, invalid=3, reasons={"json": 3}, record_time=60_500, written_at=61_000)
    return board({LIFETIME: cells, PROGRESS: [(progress_key("social.posts.v1", 2), pack_progress(done))]})


@pytest.mark.parametrize(
    ("render", "parse"), [(generate_latest, parse_text), (openmetrics.generate_latest, parse_openmetrics)]
)
def test_campaigns_and_pipeline(counted: Board, render: Any, parse: Any) -> None:
    found = scrape(counted, render, parse)
    where = {"campaign": "mellat", "platform": "twitter"}
    assert found[sample("listener_campaign_mentions_total", **where)] == 4
    assert found[sample("listener_campaign_likes_total", **where)] == 5
    assert found[sample("listener_campaign_likes_net", **where)] == 4
    partition = {"topic": "social.posts.v1", "partition": "2"}
    assert found[sample("listener_records_total", **partition, outcome="counted")] == 5
    assert found[sample("listener_records_total", **partition, outcome="late")] == 0
    assert found[sample("listener_records_invalid_total", **partition, reason="json")] == 3
    assert found[sample("listener_record_time_timestamp_seconds", **partition)] == 60.5
    assert found[sample("listener_progress_written_timestamp_seconds", **partition)] == 61
    assert found[sample("listener_board_cells", table="lifetime")] == 2
    assert found[sample("listener_board_caught_up")] == 1
    assert found[sample("listener_board_connected")] == 1


def test_nothing_of_campaigns_or_pipeline_until_caught_up(counted: Board) -> None:
    changelog = TopicPartition(counted.namespace.changelog("minute"), 0)
    counted.reading.caught_up, counted.reading.silent = False, True
    counted.reading.positions, counted.reading.ends = {changelog: 3}, {changelog: 10}
    found = scrape(counted)
    assert {name for name, _ in found} == {
        "listener_board_caught_up",
        "listener_board_connected",
        "listener_board_lag_records",
        "listener_board_cells",
        "listener_board_stale_records_total",
    }
    assert found[sample("listener_board_caught_up")] == 0
    assert found[sample("listener_board_connected")] == 0
    assert found[sample("listener_board_lag_records")] == 7


def test_a_page_is_of_one_moment(counted: Board, cell: MakeRow) -> None:
    collector = BoardCollector(counted)
    before = [(metric.name, metric.samples) for metric in collector.collect()]
    counted.state.apply(LIFETIME, [cell(LIFETIME, "mellat", 10, mentions=30), cell(LIFETIME, "snapp", 1, mentions=1)])
    assert [(metric.name, metric.samples) for metric in collector.collect()] == before
    collector.prepare()
    assert [(metric.name, metric.samples) for metric in collector.collect()] != before


def test_stale_records_are_counted(counted: Board, cell: MakeRow) -> None:
    counted.state.apply(LIFETIME, [cell(LIFETIME, "mellat", 1, mentions=1)])
    found = scrape(counted)
    assert found[sample("listener_board_stale_records_total")] == 1
    assert found[sample("listener_campaign_mentions_total", campaign="mellat", platform="twitter")] == 4


@pytest.mark.parametrize("name", ['a"b\\c', "a\nb", "a\r\x00\x1f\x85b", "خبر‌نامه", "a\u2028b"])
def test_odd_labels_keep_the_page_valid(board: MakeBoard, cell: MakeRow, name: str) -> None:
    made = board({LIFETIME: [cell(LIFETIME, "mellat", 1, mentions=1)]})
    made.state.tables[LIFETIME].totals[name] = dict(made.state.tables[LIFETIME].totals["mellat"])
    assert len([1 for where, _ in scrape(made) if where == "listener_campaign_mentions_total"]) == 2
    assert len([1 for where, _ in scrape(made, openmetrics.generate_latest, parse_openmetrics)]) > 2


def closed_minute(number: int, **counts: int) -> ClosedMinute:
    return ClosedMinute("mellat", 60 * number, {"twitter": counts} if counts else {}, completeness=0.5, delay_s=30.0)


def test_closed_minutes_are_exported_by_window(counted: Board) -> None:
    for number in range(100):
        counted.closed.take(closed_minute(number, mentions=1))
    counted.closed.take(closed_minute(100))
    found = scrape(counted)
    where = {"campaign": "mellat", "platform": "twitter"}
    assert {
        window: found[sample("listener_campaign_closed_mentions", **where, window=window)] for window in WINDOWS
    } == {
        "1m": 0,
        "1h": 59,
        "24h": 100,
    }
    assert found[sample("listener_campaign_closed_timestamp_seconds", campaign="mellat")] == 101 * 60
    assert found[sample("listener_campaign_completeness", campaign="mellat")] == 0.5
    assert found[sample("listener_campaign_closing_delay_seconds", campaign="mellat")] == 30
    assert sample("listener_campaign_closed_saves", **where, window="1h") not in found, "nothing was ever counted"


def test_the_least_active_campaigns_make_room(board: MakeBoard, cell: MakeRow) -> None:
    """Each of the two has 3 series, 1 lifetime value and 3 windows of ``mentions``: together 14."""
    cells = [cell(LIFETIME, "mellat", 9, mentions=1), cell(LIFETIME, "snapp", 9, mentions=50)]
    made = board({LIFETIME: cells})
    made.closed.take(closed_minute(1, mentions=1))
    made.closed.take(ClosedMinute("snapp", 60))
    for most, exported in ((14, {"mellat", "snapp"}), (13, {"mellat"}), (6, set())):
        found = scrape(made, max_series=most)
        assert {
            dict(labels).get("campaign") for name, labels in found if name == "listener_campaign_mentions_total"
        } == exported
        assert found[sample("listener_board_series_dropped_campaigns")] == 2 - len(exported)


def test_lone_surrogates_and_names_that_become_equal(board: MakeBoard, cell: MakeRow) -> None:
    made = board({LIFETIME: [cell(LIFETIME, "mellat", 1, mentions=1)]})
    windows = made.state.tables[LIFETIME].totals["mellat"]
    for odd in ("x\ud800", "x\udfff"):
        made.state.tables[LIFETIME].totals[odd] = dict(windows)
    found = scrape(made)
    assert found[sample("listener_campaign_mentions_total", campaign="x\ufffd", platform="twitter")] == 2


def test_everything_a_board_exports_is_declared_for_boards(counted: Board) -> None:
    kafka = KafkaSettings(("localhost:9092",))
    parts = all_parts(counted, BoardSettings(kafka, counted.namespace))
    exported = {metric.name for source in (BoardCollector(counted), *parts) for metric in source.collect()}
    assert exported == {spec.name for spec in METRICS.values() if spec.by == "board"}


@pytest.mark.parametrize("stream", [POSTS, WEB, SPEND], ids=lambda stream: stream.name)
def test_what_was_read_is_the_sum_of_all_outcomes_per_partition(board: MakeBoard, stream: Stream) -> None:
    """From the records to the page: every record that was read has one outcome there, whatever became of it."""
    valid = [value for topic, value in a_bit_of_everything() if topic == stream.topic]
    made = board()
    read = {}
    for number, extra in enumerate(([], [b"{no json", b"", valid[0], valid[-1]])):
        one = Partition(stream, number=number)
        one.count([*valid, *extra], CampaignSet((campaign(),)))
        made.state.apply(stream.table(PROGRESS), one.tables[PROGRESS].items())
        read[str(number)] = len(valid) + len(extra)
    sums: dict[str, float] = dict.fromkeys(read, 0)
    outcomes: dict[str, set[str]] = {number: set() for number in read}
    for (name, labels), value in scrape(made).items():
        where = dict(labels)
        if name == "listener_records_total" and where["topic"] == stream.topic:
            sums[where["partition"]] += value
            outcomes[where["partition"]].add(where["outcome"])
    assert sums == read
    assert all(found == set(OUTCOMES) for found in outcomes.values())
