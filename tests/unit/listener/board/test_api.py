import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiokafka import TopicPartition

from listener import __version__
from listener.board.api import board_app
from listener.board.board import Board
from models.campaign import CampaignSet
from models.cells import LIFETIME, METRICS, PROGRESS
from models.progress import Progress, pack_progress, progress_key
from models.series import ClosedMinute
from models.topics import Namespace
from processors.closing import TopicNow

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeBoard = Callable[..., Board]
MakeProgress = Callable[..., Progress]


def ask(board: Board, path: str, method: str = "GET") -> tuple[int, Any]:
    """(status, JSON) of one request."""

    async def scenario() -> tuple[int, Any]:
        async with TestClient(TestServer(board_app(board))) as client, client.request(method, path) as answer:
            return answer.status, json.loads(await answer.read())

    return asyncio.run(scenario())


@pytest.fixture
def counted(board: MakeBoard, cell: MakeRow) -> Board:
    return board(
        {
            LIFETIME: [
                cell(LIFETIME, "mellat", 9, mentions=3, likes=5, likes_net=4),
                cell(LIFETIME, "mellat", 8, partition=1, platform="instagram", mentions=1),
                cell(LIFETIME, "gone", 7, mentions=2),
            ],
            "minute": [
                cell("minute", "mellat", 9, start=120, mentions=3),
                cell("minute", "mellat", 9, start=60, platform="instagram", likes=1),
                cell("minute", "mellat", 9, start=60, partition=1, likes=2),
            ],
            "day": [cell("day", "mellat", 9, start=86_400, mentions=4)],
        }
    )


def test_campaigns_are_sorted_with_zeros_and_those_that_left_the_set(counted: Board) -> None:
    status, body = ask(counted, "/api/campaigns")
    assert status == 200
    mellat, snapp = (next(one for one in body["campaigns"] if one["id"] == name) for name in ("mellat", "snapp"))
    assert [(one["id"], one["configured"]) for one in body["campaigns"]] == [
        ("gone", False),
        ("mellat", True),
        ("snapp", True),
    ]
    assert mellat["name"] == "نام mellat"
    assert (mellat["team"], mellat["group"], mellat["timezone"]) == ("آنلاین", "", "Asia/Tehran")
    assert mellat["totals"] == dict.fromkeys(METRICS, 0) | {"mentions": 4, "likes": 5, "likes_net": 4}
    assert {platform: counters["mentions"] for platform, counters in mellat["platforms"].items()} == {
        "instagram": 1,
        "twitter": 3,
    }
    assert snapp["totals"] == dict.fromkeys(METRICS, 0)
    assert snapp["platforms"] == {}


def test_text_is_utf8_and_not_escaped(counted: Board) -> None:
    async def scenario() -> bytes:
        async with TestClient(TestServer(board_app(counted))) as client, client.get("/api/campaigns") as answer:
            return await answer.read()

    assert "آنلاین".encode() in asyncio.run(scenario())


def test_minutes_of_a_campaign(counted: Board) -> None:
    status, body = ask(counted, "/api/campaigns/mellat/series")
    assert status == 200
    assert (body["campaign"], body["window"], "timezone" in body) == ("mellat", "minute", False)
    assert [(row["start"], row["mentions"], row["likes"]) for row in body["series"]] == [
        ("1970-01-01T00:01:00Z", 0, 3),
        ("1970-01-01T00:02:00Z", 3, 0),
    ]
    assert set(body["series"][0]) == {"start", *METRICS}


def test_days_are_on_the_campaigns_clock(counted: Board) -> None:
    status, body = ask(counted, "/api/campaigns/mellat/series?window=day&from=1970-01-02T00:00:00%2B03:30")
    assert (status, body["timezone"]) == (200, "Asia/Tehran")
    assert [row["start"] for row in body["series"]] == ["1970-01-02T00:00:00"]
    _, later = ask(counted, "/api/campaigns/mellat/series?window=day&from=1970-01-02T00:00:00Z")
    assert later["series"] == []


def test_a_part_of_the_minutes(counted: Board) -> None:
    _, body = ask(counted, "/api/campaigns/mellat/series?from=1970-01-01T00:02:00Z&to=1970-01-01T00:03:00Z")
    assert [row["start"] for row in body["series"]] == ["1970-01-01T00:02:00Z"]


def test_campaigns_without_counts_and_without_configuration_have_series(counted: Board) -> None:
    assert ask(counted, "/api/campaigns/snapp/series")[1]["series"] == []
    status, body = ask(counted, "/api/campaigns/gone/series?window=hour")
    assert (status, body["timezone"], body["series"]) == (200, "Asia/Tehran", [])


@pytest.mark.parametrize(
    ("path", "method", "status", "named"),
    [
        ("/api/campaigns/nobody/series", "GET", 404, "nobody"),
        ("/api/campaigns/%FF%00/series", "GET", 404, "campaign"),
        ("/api/campaigns/mellat/series?window=week", "GET", 400, "`window`"),
        ("/api/campaigns/mellat/series?from=now", "GET", 400, "`from`"),
        ("/api/campaigns/mellat/closed?window=day", "GET", 400, "`window`"),
        ("/api/campaigns/nobody/closed", "GET", 404, "nobody"),
        ("/api/nothing", "GET", 404, "Not Found"),
        ("/api/campaigns", "POST", 405, "Method Not Allowed"),
    ],
)
def test_errors_are_json(counted: Board, path: str, method: str, status: int, named: str) -> None:
    found, body = ask(counted, path, method)
    assert found == status
    assert named in body["error"]


def test_one_platform_of_a_series(counted: Board) -> None:
    _, body = ask(counted, "/api/campaigns/mellat/series?platform=instagram")
    assert [(row["start"], row["likes"]) for row in body["series"]] == [("1970-01-01T00:01:00Z", 1)]
    assert ask(counted, "/api/campaigns/mellat/series?platform=none")[1]["series"] == []


def test_closed_minutes(counted: Board) -> None:
    status, before = ask(counted, "/api/campaigns/mellat/closed")
    assert (status, before) == (200, {"campaign": "mellat", "minutes": [], "closed_until": None, "completeness": None})
    for minute in (0, 60, 86_400):
        counted.closed.take(
            ClosedMinute("mellat", minute, {"twitter": {"mentions": minute}}, 2, 1, completeness=0.5, delay_s=30.0)
        )
    _, body = ask(counted, "/api/campaigns/mellat/closed")
    assert [one["start"] for one in body["minutes"]] == ["1970-01-01T00:01:00Z", "1970-01-02T00:00:00Z"], "the last day"
    assert body["minutes"][0] == {
        "start": "1970-01-01T00:01:00Z",
        "counts": {"twitter": {"mentions": 60}},
        "authors": 2,
        "stories": 1,
        "completeness": 0.5,
        "delay_seconds": 30.0,
        "replayed": False,
    }
    closed = {"closed_until": "1970-01-02T00:01:00Z", "completeness": 0.5}
    part = "?from=1970-01-01T00:00:00Z&to=1970-01-01T00:01:00Z"
    _, found = ask(counted, f"/api/campaigns/mellat/closed{part}")
    assert [one["start"] for one in found["minutes"]] == ["1970-01-01T00:00:00Z"]
    for path in ("/closed", "/series"):
        assert closed.items() <= ask(counted, f"/api/campaigns/mellat{path}")[1].items()
    campaigns = {one["id"]: one for one in ask(counted, "/api/campaigns")[1]["campaigns"]}
    assert closed.items() <= campaigns["mellat"].items()
    assert campaigns["snapp"]["closed_until"] is None


def test_progress_says_how_far_each_topic_is_read(board: MakeBoard) -> None:
    made = board()
    made.topics = [
        TopicNow("press.articles.v1", None, 0.5, None, replaying=False),
        TopicNow("social.posts.v1", 60_000, 1.0, 12.5, replaying=True),
    ]
    names = ("topic", "read_until", "completeness", "delay_seconds", "replaying")
    assert [tuple(one[name] for name in names) for one in ask(made, "/api/progress")[1]["topics"]] == [
        ("press.articles.v1", None, 0.5, None, False),
        ("social.posts.v1", "1970-01-01T00:01:00Z", 1.0, 12.5, True),
    ]


def test_progress(board: MakeBoard, progress: MakeProgress) -> None:
    cell = progress(
        7, counted=5, invalid=3, reasons={"json": 3}, record_time=1_525_478_400_500, written_at=0, caught_up=True
    )
    made = board({PROGRESS: [(progress_key("social.posts.v1", 2), pack_progress(cell))]})
    changelog = TopicPartition(made.namespace.changelog("minute"), 2)
    made.reading.positions, made.reading.ends = {changelog: 11}, {changelog: 11}
    status, body = ask(made, "/api/progress")
    assert status == 200
    assert body["positions"] == {"boards-minute-changelog": {"2": 11}}
    assert body["caught_up"] is True
    (partition,) = body["partitions"]
    assert partition == {
        "topic": "social.posts.v1",
        "partition": 2,
        "stamp": 7,
        "durable": 7,
        "base": 0,
        "record_time": "2018-05-05T00:00:00.500000Z",
        "read": 8,
        "outcomes": {"counted": 5, "unmatched": 0, "stale": 0, "duplicate": 0, "late": 0, "invalid": 3},
        "reasons": {"json": 3},
        "campaign_set": "v1",
        "caught_up": True,
        "written_at": "1970-01-01T00:00:00Z",
    }


def test_progress_before_the_first_record(board: MakeBoard, progress: MakeProgress) -> None:
    made = board({PROGRESS: [(progress_key("social.posts.v1", 0), pack_progress(progress(-1)))]})
    assert ask(made, "/api/progress")[1]["partitions"][0]["record_time"] is None


def test_half_a_state_is_no_answer_but_progress_is(board: MakeBoard) -> None:
    behind = board(caught_up=False)
    changelog = TopicPartition(behind.namespace.changelog("minute"), 0)
    behind.reading.positions, behind.reading.ends = {changelog: 3}, {changelog: 10}
    for path in ("/api/campaigns", "/api/campaigns/mellat/series"):
        status, body = ask(behind, path)
        assert status == 503
        assert "/readyz" in body["error"]
    assert ask(behind, "/api/progress")[1]["caught_up"] is False
    assert ask(behind, "/readyz") == (503, {"ok": False, "opened": True, "unread": {"boards-minute-changelog": 7}})
    assert ask(behind, "/livez") == (200, {"ok": True})


def test_ready_and_version(counted: Board) -> None:
    assert ask(counted, "/readyz") == (200, {"ok": True, "opened": True, "unread": {}})
    assert ask(counted, "/api/version") == (200, {"version": __version__})


def test_a_board_without_campaigns() -> None:
    board = Board(Namespace())
    assert board.campaigns == CampaignSet()
    assert ask(board, "/readyz")[1] == {"ok": False, "opened": False, "unread": {}}
