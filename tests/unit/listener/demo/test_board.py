import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from listener.demo.board import TREND_MINUTES, BoardClient, BoardProgress, CampaignNow
from listener.demo.kpis import KpisNow
from listener.demo.processes import HOST, free_port

T = TypeVar("T")
PROGRESS = {
    "partitions": [
        {
            "topic": "t",
            "partition": 0,
            "stamp": 9,
            "durable": 9,
            "record_time": "2018-05-05T18:48:10Z",
            "outcomes": {"counted": 4, "late": 6},
            "caught_up": True,
        },
        {
            "topic": "t",
            "partition": 1,
            "stamp": 4,
            "durable": 2,
            "outcomes": {"counted": 5},
            "reasons": {"json": 1},
            "caught_up": True,
        },
    ],
    "positions": {"app-minute-changelog": {"0": 7, "1": 3}},
}
TOTALS = {"mentions": 3, "mentions_net": 2, "likes": 5, "views": 9}
ROWS = [
    {"start": "2018-05-05T18:47:00Z", "mentions": 1, "likes": 5, "shares": 0, "comments": 0, "views": 1},
    {"start": "2018-05-05T18:46:00Z", "mentions": 2, "likes": 0, "shares": 0, "comments": 0},
    {"start": "2018-05-05T18:48:00Z", "mentions": 0, "likes": 0, "shares": 0, "comments": 0, "views": 8},
]


def ask(question: Callable[[BoardClient], Awaitable[T]], *, failures: int = 0) -> T:
    # The client itself repeats a request once when the connection breaks.
    left = [failures]

    async def answer(request: web.Request) -> web.StreamResponse:
        if left[0]:
            left[0] -= 1
            assert request.transport is not None
            request.transport.abort()
        if request.path == "/api/progress":
            return web.json_response(PROGRESS)
        if request.path == "/api/campaigns":
            return web.json_response({"campaigns": [{"id": "b", "name": "B", "totals": TOTALS}]})
        assert (request.path, request.query["window"]) == ("/api/campaigns/b/series", "minute")
        return web.json_response({"campaign": "b", "series": ROWS})

    async def scenario() -> T:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, HOST, port).start()
        async with aiohttp.ClientSession() as http:
            found = await question(BoardClient(http, lambda: port))
        await runner.cleanup()
        return found

    return asyncio.run(scenario())


def test_progress_is_read_and_summed() -> None:
    progress = ask(lambda client: client.progress())
    assert progress is not None
    assert (progress.read, progress.outcomes()) == (15, {"counted": 9, "late": 6})


def test_a_board_that_does_not_answer_has_no_progress() -> None:
    assert ask(lambda client: client.progress(), failures=2) is None


@pytest.mark.parametrize(
    ("next_offsets", "durable"), [({}, True), ({0: 10, 1: 3}, True), ({0: 11}, False), ({1: 4}, False), ({2: 1}, False)]
)
def test_counted_is_what_is_durable(next_offsets: dict[int, int], *, durable: bool) -> None:
    assert (
        msgspec.convert(PROGRESS, BoardProgress, str_keys=True).is_durable(
            {("t", number): offset for number, offset in next_offsets.items()}
        )
        is durable
    )


def test_an_owner_that_has_something_left_to_do_is_waited_for() -> None:
    found = msgspec.convert(PROGRESS, BoardProgress, str_keys=True)
    busy = [msgspec.structs.replace(one, caught_up=False) for one in found.partitions]
    assert not msgspec.structs.replace(found, partitions=busy).is_durable({("t", 0): 10})


@pytest.mark.parametrize(("end", "reached"), [(3, True), (4, False)])
def test_positions_are_compared_with_the_ends_of_the_changelogs(end: int, *, reached: bool) -> None:
    progress = msgspec.convert(PROGRESS, BoardProgress, str_keys=True)
    assert progress.has_reached({"app-minute-changelog": {0: 7, 1: end}}) is reached
    assert not progress.has_reached({"another-changelog": {0: 1}})
    assert progress.has_reached({"another-changelog": {0: 0}})


@pytest.mark.parametrize("failures", [0, 3])
def test_the_report_has_every_campaign_and_the_minutes_with_something_shown(failures: int) -> None:
    report = ask(lambda client: client.report({"counted": 2}, ["a", "b"]), failures=failures)
    assert msgspec.json.decode(report.to_json()) == {
        "read": 2,
        "outcomes": {"counted": 2, "unmatched": 0, "stale": 0, "duplicate": 0, "late": 0, "invalid": 0},
        "campaigns": {
            "a": {"mentions": 0, "likes": 0, "shares": 0, "comments": 0},
            "b": {"mentions": 3, "likes": 5, "shares": 0, "comments": 0},
        },
        "minutes": [
            {"campaign": "b", "start": ROWS[1]["start"], "mentions": 2, "likes": 0, "shares": 0, "comments": 0},
            {"campaign": "b", "start": ROWS[0]["start"], "mentions": 1, "likes": 5, "shares": 0, "comments": 0},
        ],
    }


def test_now_has_the_minute_and_the_hour_of_the_record_time() -> None:
    moment = datetime(2018, 5, 5, 18, 47, 30, tzinfo=UTC)
    minute = {"start": "2018-05-05T18:47:00Z", "mentions": 2}
    earlier = {"start": "2018-05-05T18:45:00Z", "mentions": 5}
    # Tehran was at +04:30 then: its hour began at 23:00 there, 18:30 UTC.
    hour = {"start": "2018-05-05T23:00:00", "mentions": 9}
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/campaigns":
            quiet = {"id": "quiet", "totals": {}, "timezone": "UTC"}
            busy = {"id": "busy", "name": "B", "totals": TOTALS, "timezone": "Asia/Tehran"}
            return web.json_response({"campaigns": [quiet, busy]})
        asked.append((request.query["window"], request.query["from"]))
        rows = [earlier, minute] if request.query["window"] == "minute" else [hour]
        return web.json_response({"series": rows})

    async def scenario() -> list[CampaignNow]:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        async with TestServer(app, host=HOST) as server, aiohttp.ClientSession() as http:
            assert server.port is not None
            return await BoardClient(http, lambda: server.port or 0).now(moment, most=1)

    (found,) = asyncio.run(scenario())
    assert (found.id, found.name, found.minute, found.hour) == ("busy", "B", minute, hour)
    assert found.trend == (*[0] * (TREND_MINUTES - 3), 5, 0, 2)
    assert asked == [("minute", "2018-05-05T18:28:00Z"), ("hour", "2018-05-05T18:30:00Z")]


def test_the_kpis_are_of_the_campaign_of_which_most_is_known_and_growth_is_of_a_day() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        campaign, period = request.match_info["id"], request.query["period"]
        growth = {"count": 0.5, "revenue": None} if period == "24h" else {"count": None, "revenue": None}
        traffic = {"value": 7 if campaign == "shop" else 0, "unit": "sessions"}
        return web.json_response(
            {"kpis": {"organic_traffic": traffic, "sales_growth": {"value": growth, "unit": "ratio"}}}
        )

    async def scenario() -> tuple[KpisNow | None, KpisNow | None]:
        app = web.Application()
        app.router.add_get("/api/campaigns/{id}/kpis", answer)
        async with TestServer(app) as server, aiohttp.ClientSession() as http:
            client = BoardClient(http, lambda: int(server.port or 0))
            found = await client.kpis(["brand", "shop"])
        async with aiohttp.ClientSession() as http:
            return found, await BoardClient(http, free_port).kpis(["shop"])

    found, gone = asyncio.run(scenario())
    assert found == KpisNow("shop", {"organic_traffic": "7 sessions", "sales_growth": "50.0% / –"})
    assert gone is None
