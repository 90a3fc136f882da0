"""Incidents on the page: who sees them, who may answer, what a back-test says when it cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from msgspec.structs import replace

from listener.alerting.backtest import Report, Span
from listener.alerting.replay import BusyError
from listener.board.access import LOCAL, AccessSettings
from listener.board.web.incidents import PAST, shown_of
from listener.board.web.language import Language
from listener.errors import UsageProblem
from models.campaign import Campaign
from models.incident import Incident
from tests.pictured import Pictured
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT

OWN = {"Sec-Fetch-Site": "same-origin"}
ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}

Ask = Callable[..., Awaitable[tuple[int, str]]]


def served(work: Callable[[Pictured, Ask], Awaitable[None]], access: AccessSettings = LOCAL) -> None:
    async def scenario() -> None:
        async with Pictured(access, posts=5, days=1) as pictured, ClientSession() as session:

            async def ask(method: str, path: str, data: Any = None, **headers: str) -> tuple[int, str]:
                named = ENGLISH | {name.replace("_", "-"): value for name, value in headers.items()}
                url = f"http://127.0.0.1:{pictured.port}{path}"
                async with session.request(method, url, data=data, headers=named, allow_redirects=False) as answer:
                    return answer.status, await answer.text()

            await work(pictured, ask)

    asyncio.run(scenario())


def answer_path(incident: Incident, campaign: str = "") -> str:
    return f"/campaigns/{campaign or incident.campaign}/incidents/{incident.id}/answer"


def test_only_our_own_form_answers() -> None:
    async def work(pictured: Pictured, ask: Ask) -> None:
        path, said = answer_path(pictured.alerts.incidents[0]), {"answer": "ours"}
        assert (await ask("POST", path, said))[0] == 403
        assert (await ask("POST", path, said, Sec_Fetch_Site="cross-site"))[0] == 403
        assert (await ask("POST", path, {"answer": "delete"}, **OWN))[0] == 400
        assert (await ask("GET", path))[0] == 405
        assert pictured.alerts.said == []
        assert (await ask("POST", path, said, **OWN))[0] == 303
        (one,) = pictured.alerts.said
        assert (one.campaign, one.answer, one.by, one.until) == ("berimo", "ours", "page", None)
        await ask("POST", path, {"answer": "silence"}, **OWN)
        silence = pictured.alerts.said[-1]
        assert silence.until == silence.at + timedelta(hours=24)

    served(work)


def test_an_incident_is_answered_under_its_own_campaign_only() -> None:
    async def work(pictured: Pictured, ask: Ask) -> None:
        path = answer_path(pictured.alerts.incidents[0], campaign="hezarsabad")
        assert (await ask("POST", path, {"answer": "ours"}, **OWN))[0] == 404
        assert pictured.alerts.said == []

    served(work)


def test_other_teams_neither_see_nor_answer_nor_try(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    file.write_text("leila: [nobody]\n", encoding="utf-8")

    async def work(pictured: Pictured, ask: Ask) -> None:
        who = {"X_Forwarded_User": "leila"}
        for path in (
            "/campaigns/berimo/panels/incidents",
            "/campaigns/berimo/backtest",
            "/api/campaigns/berimo/incidents",
        ):
            assert (await ask("GET", path, **who))[0] == 404
        path = answer_path(pictured.alerts.incidents[0])
        assert (await ask("POST", path, {"answer": "ours"}, **OWN, **who))[0] == 404
        assert (await ask("POST", path, {"answer": "ours"}, **OWN))[0] == 401
        assert pictured.alerts.said == []

    served(work, AccessSettings("proxy", teams_file=file))


def test_who_answers_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    file.write_text("leila: ['*']\n", encoding="utf-8")

    async def work(pictured: Pictured, ask: Ask) -> None:
        path = answer_path(pictured.alerts.incidents[0])
        assert (await ask("POST", path, {"answer": "ours"}, X_Forwarded_User="leila", **OWN))[0] == 303
        assert [one.by for one in pictured.alerts.said] == ["leila"]

    served(work, AccessSettings("proxy", teams_file=file))


class Failing:
    """A back-test that does not come to an end."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self, _campaign: Campaign, _false_per_week: float, _span: Span) -> Report:
        raise self._error


@pytest.mark.parametrize(
    ("error", "words"),
    [(BusyError(), "Another back-test is running"), (UsageProblem("no <closed> minute"), "no &lt;closed&gt; minute")],
)
def test_a_back_test_that_fails_says_so_on_the_page(error: Exception, words: str) -> None:
    async def work(pictured: Pictured, ask: Ask) -> None:
        pictured.page.pages.backtests = Failing(error)
        status, page = await ask("GET", "/campaigns/berimo/backtest?run=1")
        assert (status, words in page) == (200, True)
        # Asked for nothing, it runs nothing.
        status, page = await ask("GET", "/campaigns/berimo/backtest")
        assert (status, words in page) == (200, False)
        status, page = await ask("GET", "/campaigns/berimo/backtest?run=1&sensitivity=1000")
        assert "must be a number from 0.05 to 20" in page

    served(work)


def test_a_board_that_keeps_no_watch_says_so() -> None:
    async def work(pictured: Pictured, ask: Ask) -> None:
        pictured.page.pages.alerts = pictured.page.pages.backtests = None
        assert "keeps no watch" in (await ask("GET", "/campaigns/berimo/panels/incidents"))[1]
        assert (await ask("GET", "/campaigns/berimo/backtest"))[0] == 404

    served(work)


class Many:
    """More incidents than a page shows, one of them open."""

    def of(self, _campaign: str) -> list[Incident]:
        over = [replace(INCIDENT, id=f"berimo-{number}", resolved_at=INCIDENT.opened_at) for number in range(PAST + 3)]
        return [replace(INCIDENT, answers=("acknowledge",)), *over]

    def answers(self, incident: str) -> list[str]:
        return ["acknowledge", "ours"] if incident == INCIDENT.id else []


@pytest.mark.parametrize(
    ("code", "kind", "parts", "sentence"),
    [
        ("en", "Spike", ("twitter", 81), "Without story"),
        ("fa", "جهش یادکردها", ("توییتر", 81), "بدون روایت"),
    ],
)
def test_it_is_told_in_the_language_of_the_page(code: str, kind: str, parts: tuple[str, int], sentence: str) -> None:
    opened, past = shown_of(Many(), CAMPAIGN, Language(code))
    (one,) = opened
    assert (one.kind, one.splits[0][1][0]) == (kind, parts)
    assert one.without[1].startswith(sentence)
    # Said by the incident and by the log of answers: once.
    assert list(one.answers) == ["acknowledge", "ours"]
    assert one.choices == ("false_alarm", "silence")
    # 09:30 UTC is 13:00 in Tehran: the chart of hours is on that clock.
    assert one.first_local - one.first == 3.5 * 3600
    assert len(past) == PAST
