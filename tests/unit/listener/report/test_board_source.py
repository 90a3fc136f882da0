"""What a report asks of a board, against a board's own routes and against answers as a board gives them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from listener.errors import UsageProblem
from listener.http import json_response, serve
from listener.report.source import BoardSource, campaigns_of
from models.feedback import TargetSet
from models.incident import Incident
from processors.windows import to_ms


def at(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def incident(name: str, first: int, over: int | None) -> Incident:
    began, ended = at(first), None if over is None else at(over)
    return Incident("c", name, "spike", "warning", began, began, began, 9, 3.0, "rising", resolved_at=ended)


CHANGE = TargetSet("c", "leads.mql", at(2), "v", {"target": 5.0, "deadline": "2026-12-01T00:00:00Z", "owner": "s"})
#: What the routes of a board answer; the order of incidents is theirs: newest first.
ANSWERS: dict[str, Any] = {
    "/api/campaigns": {"campaigns": [{"id": "c", "name": "نام", "timezone": "Asia/Tehran"}]},
    "/api/campaigns/c/kpis": {
        "now": "2026-11-20T00:00:00Z",
        "kpis": {},
        "targets": [],
        "target_history": [msgspec.to_builtins(CHANGE)],
        "completeness": {"minutes": 60, "mean": 0.75, "least": 0.5},
    },
    "/api/progress": {
        "partitions": [
            {"outcomes": {"counted": 3, "late": 1}, "record_time": "2026-11-19T00:00:00Z"},
            {"outcomes": {"counted": 4}, "record_time": None},
        ]
    },
    "/api/campaigns/c/incidents": {
        "incidents": [
            incident("after", 15, None),
            incident("open", 8, None),
            incident("inside", 6, 7),
            incident("across", 2, 6),
            incident("before", 1, 3),
        ]
    },
}


@contextmanager
def board() -> Iterator[str]:
    """Its address."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ports: list[int] = []
    ready = threading.Event()

    async def answer(request: web.Request) -> web.Response:
        return json_response(ANSWERS[request.path])

    async def run() -> None:
        app = web.Application()
        for path in ANSWERS:
            app.router.add_get(path, answer)
        async with serve(app, "127.0.0.1", 0) as port:
            ports.append(port)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{ports[0]}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def test_incidents_of_the_period_the_history_and_what_is_complete() -> None:
    with board() as url:
        source = BoardSource(url, "c")
        found = source.incidents(to_ms(at(4)), to_ms(at(11)))
        assert [one.id for one in found] == ["across", "inside", "open"]
        assert source.target_changes() == [CHANGE]
        complete = source.completeness(to_ms(at(4)), to_ms(at(11)))
        assert (complete.mean, complete.least, complete.minutes) == (0.75, 0.5, 60)
        assert (complete.outcomes, complete.newest, complete.read) == ({"counted": 7, "late": 1}, to_ms(at(19)), 8)
        assert source.campaign.name == "نام"
        assert campaigns_of(url + "/") == ["c"]


def test_a_campaign_that_the_board_does_not_know_is_said() -> None:
    with board() as url, pytest.raises(UsageProblem, match="knows no campaign 'x'; it knows c"):
        BoardSource(url, "x")
    with pytest.raises(UsageProblem, match="does not answer"):
        campaigns_of(url)
    with pytest.raises(UsageProblem, match="no http"):
        campaigns_of("file:///etc")
