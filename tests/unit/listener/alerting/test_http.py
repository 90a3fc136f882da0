"""Answers by link: only a POST with a signed token says anything."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from listener.alerting.alerts import alert_of
from listener.alerting.http import AlertRoutes, add_alert_routes
from listener.alerting.tokens import Grant, Signer
from listener.http import json_errors
from models.feedback import Answered, Feedback
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT, OPENED

SIGNER = Signer(b"k" * 32)
NOW = OPENED.timestamp() + 60
LINKS = alert_of(INCIDENT, CAMPAIGN, "http://x", SIGNER).annotations
TOKEN = SIGNER.sign(Grant("berimo", INCIDENT.id, int(NOW) + 1000))

Client = TestClient[web.Request, web.Application]


def with_client(work: Callable[[Client, list[Feedback]], Awaitable[None]], signer: Signer | None = SIGNER) -> None:
    async def scenario() -> None:
        said: list[Feedback] = []

        async def say(feedback: Feedback) -> None:
            said.append(feedback)

        app = web.Application(middlewares=[json_errors])
        routes = AlertRoutes(
            signer,
            say,
            {INCIDENT.id: INCIDENT}.get,
            lambda name: [INCIDENT] if name == "berimo" else [],
            {"berimo": CAMPAIGN}.get,
            lambda: NOW,
        )
        add_alert_routes(app, routes)
        async with TestClient(TestServer(app)) as client:
            await work(client, said)

    asyncio.run(scenario())


def test_opening_the_link_shows_the_incident_and_says_nothing() -> None:
    async def work(client: Client, said: list[Feedback]) -> None:
        answer = await client.get(LINKS["false_alarm"].removeprefix("http://x"))
        page = await answer.text()
        assert answer.status == 200
        assert said == []
        assert "بریمو" in page
        assert '<button name="answer" value="false_alarm" class="chosen"' in page
        assert "script" not in page
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"

    with_client(work)


def test_a_post_answers() -> None:
    async def work(client: Client, said: list[Feedback]) -> None:
        for name in ("acknowledge", "false_alarm", "ours", "silence"):
            answer = await client.post("/alerts/answer", data={"t": TOKEN, "answer": name})
            assert answer.status == 200
            assert 'class="said"' in await answer.text()
        assert [one.answer for one in said if isinstance(one, Answered)] == [
            "acknowledge",
            "false_alarm",
            "ours",
            "silence",
        ]
        silence = said[-1]
        assert isinstance(silence, Answered)
        assert (silence.campaign, silence.incident, silence.by) == ("berimo", INCIDENT.id, "link")
        assert silence.until is not None
        assert silence.until.timestamp() == NOW + 86400

    with_client(work)


def test_forged_expired_and_unknown_answers_are_refused() -> None:
    async def work(client: Client, said: list[Feedback]) -> None:
        late = SIGNER.sign(Grant("berimo", INCIDENT.id, int(NOW)))
        forged = Signer(b"x" * 32).sign(Grant("berimo", INCIDENT.id, int(NOW) + 1000))
        for token, name, status in (
            (late, "ours", 403),
            (forged, "ours", 403),
            ("", "ours", 403),
            (TOKEN, "delete", 400),
            (TOKEN, "", 400),
        ):
            answer = await client.post("/alerts/answer", data={"t": token, "answer": name})
            assert answer.status == status
        assert said == []

    with_client(work)


def test_without_a_key_there_is_no_page() -> None:
    async def work(client: Client, _said: list[Feedback]) -> None:
        answer = await client.get(f"/alerts/answer?t={TOKEN}")
        assert answer.status == 404
        assert "LISTENER_ALERT_KEY" in await answer.text()

    with_client(work, signer=None)


def test_an_incident_that_is_forgotten_can_still_be_answered() -> None:
    async def work(client: Client, said: list[Feedback]) -> None:
        token = SIGNER.sign(Grant("berimo", "berimo-old", int(NOW) + 10))
        assert "berimo-old" in await (await client.get(f"/alerts/answer?t={token}")).text()
        assert (await client.post("/alerts/answer", data={"t": token, "answer": "ours"})).status == 200
        assert len(said) == 1

    with_client(work)


def test_incidents_are_listed_by_campaign_and_by_id() -> None:
    async def work(client: Client, _said: list[Feedback]) -> None:
        listed = await (await client.get("/api/campaigns/berimo/incidents")).json()
        assert [one["id"] for one in listed["incidents"]] == [INCIDENT.id]
        one = await (await client.get(f"/api/incidents/{INCIDENT.id}")).json()
        assert one["explanation"]["splits"][0]["by"] == "platform"
        assert (await client.get("/api/incidents/none")).status == 404

    with_client(work)
