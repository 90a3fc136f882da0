"""KPIs over HTTP: the routes over figures in memory."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from listener.board.measured import Measure
from listener.kpis.http import add_kpi_routes
from listener.kpis.spans import read_now
from models.attribution import Target
from models.campaign import CampaignSet
from processors.kpis.history import target_changes
from processors.kpis.periods import Span
from tests.business import a_bit_of_everything, campaign, counted

OURS = campaign(
    targets=(Target(kpi="leads", part="mql", target=2, owner="sara", deadline_ms=read_now("2026-06-21T00:00:00Z")),)
)


class Source:
    ready = True

    def __init__(self) -> None:
        self._batch = counted(a_bit_of_everything(), OURS)[0]
        self.campaigns = {OURS.id: OURS}
        other = campaign("d", targets=OURS.targets)
        self.target_changes = target_changes(CampaignSet((OURS, other)), [], datetime(2026, 3, 20, tzinfo=UTC))

    def figures(self) -> Any:
        return self._batch.figures

    def now(self) -> int:
        return read_now("2026-03-22T12:00:00Z")

    def measured(self, campaign: str, span: Span) -> Measure | None:
        """Half complete on one day of which the period is asked for."""
        asked = campaign, span.start, span.end
        day = read_now("2026-03-20T20:30:00Z"), read_now("2026-03-21T20:30:00Z")
        return Measure(1440, 0.5, 0.25) if asked == ("c", *day) else None


def ask(*paths: str, change: Callable[[Source], None] = lambda _: None) -> list[tuple[int, Any]]:
    async def run() -> list[tuple[int, Any]]:
        app, source = web.Application(), Source()
        change(source)
        add_kpi_routes(app, source)
        found = []
        async with TestClient(TestServer(app)) as client:
            for path in paths:
                answer = await client.get(path)
                text = await answer.text()
                found.append((answer.status, json.loads(text) if answer.status == 200 else text))
        return found

    return asyncio.run(run())


def test_the_catalogue_has_what_pages_need() -> None:
    ((status, body),) = ask("/api/kpis")
    assert status == 200
    by_id = {kpi["id"]: kpi for kpi in body["kpis"]}
    assert sum(kpi["core"] for kpi in body["kpis"]) == 24
    assert by_id["bounce_rate"]["title"]["fa"] == "نرخ پرش"
    assert by_id["bounce_rate"]["rule"] == "listener:kpi_bounce_rate:ratio"


def test_values_and_targets_of_a_campaign() -> None:
    (_, whole), (_, day) = ask("/api/campaigns/c/kpis?all=1", "/api/campaigns/c/kpis?period=day")
    assert whole["kpis"]["return_on_investment"]["value"] == pytest.approx((2500.5 + 700 - 1550) / 1550)
    assert whole["kpis"]["mentions"]["value"] == 1
    assert day["kpis"]["organic_traffic"]["period"] == "day"
    assert "mentions" not in day["kpis"]
    assert [(one["actual"], one["owner"]) for one in whole["targets"]] == [(1, "sara")]
    (change,) = whole["target_history"]
    assert (change["kpi"], change["at"]) == ("leads.mql", "2026-03-20T00:00:00Z")
    assert change["target"] == {"target": 2, "owner": "sara", "deadline": "2026-06-21T00:00:00Z"}


def test_the_completeness_of_the_period_is_told() -> None:
    base = "/api/campaigns/c/kpis"
    (_, day), (_, whole) = ask(f"{base}?from=2026-03-21&to=2026-03-21", base)
    assert day["completeness"] == {"minutes": 1440, "mean": 0.5, "least": 0.25}
    assert whole["completeness"] is None


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/campaigns/x/kpis", 404, "no campaign 'x'"),
        ("/api/campaigns/c/kpis?period=year", 400, "must be one of"),
        ("/api/campaigns/c/kpis?from=1405-13-01", 400, "is neither a date"),
        ("/api/campaigns/c/kpis?to=1405-01-01", 400, "--from"),
        ("/api/campaigns/c/kpis?now=yesterday", 400, "no RFC 3339 time"),
    ],
)
def test_what_is_wrong_is_said(path: str, status: int, said: str) -> None:
    ((found, text),) = ask(path)
    assert found == status
    assert said in text


def test_half_a_state_is_no_answer() -> None:
    ((status, _),) = ask("/api/campaigns/c/kpis", change=lambda source: setattr(source, "ready", False))
    assert status == 503
