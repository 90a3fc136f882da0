"""Answers to alerts: a page behind a signed link, and a form on it. Opening the page changes nothing.

Chat programs open links to show a preview, so only a POST answers. The signed token is all the permission there is,
and it allows no more than answering its one incident; whoever got the message may answer.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

import jinja2
from aiohttp import web

from listener.alerting.alerts import ANSWERS
from listener.alerting.message import persian, tehran_time
from listener.alerting.tokens import Grant, Signer
from listener.board.access import identity_of, sees
from listener.http import json_response
from models.campaign import Campaign
from models.feedback import Answered, Feedback
from models.incident import Incident

_SILENCE: Final = timedelta(hours=24)
#: Below what ``listener.board.access`` sets for the pages: here a style of our own is needed, and no script at all.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
PATH: Final = "/alerts/answer"

Say = Callable[[Feedback], Awaitable[None]]


class AlertRoutes:
    """``find``: an incident by id; ``of``: those of a campaign, the newest first; ``say`` makes feedback durable."""

    def __init__(
        self,
        signer: Signer | None,
        say: Say,
        find: Callable[[str], Incident | None],
        of: Callable[[str], list[Incident]],
        campaign: Callable[[str], Campaign | None],
        now: Callable[[], float],
    ) -> None:
        self._signer, self._say, self._find, self._of = signer, say, find, of
        self._campaign, self._now = campaign, now

    async def page(self, request: web.Request) -> web.Response:
        """GET: what the incident is, and the four answers; ``a`` says which one was clicked."""
        token = request.query.get("t", "")
        grant = self._grant(token)
        return self._render(grant, token, chosen=request.query.get("a", ""), said="")

    async def answer(self, request: web.Request) -> web.Response:
        """POST ``t`` (token) and ``answer``: answer the incident."""
        form = await request.post()
        token, answer = str(form.get("t", "")), str(form.get("answer", ""))
        grant = self._grant(token)
        await self._answer(grant.campaign, grant.incident, answer, by="link")
        return self._render(grant, token, chosen="", said=answer)

    async def say_on_page(self, request: web.Request) -> web.Response:
        """POST ``answer`` from the campaign's page: the gate has asked who it is and whose form it was."""
        campaign, name = request.match_info["id"], request.match_info["incident"]
        found = self._find(name)
        if found is None or found.campaign != campaign:
            raise web.HTTPNotFound(text=f"{campaign} has no incident {name!r}")
        answer = str((await request.post()).get("answer", ""))
        await self._answer(campaign, name, answer, by=identity_of(request).name or "page")
        raise web.HTTPSeeOther(f"/campaigns/{quote(campaign)}?answered={quote(name)}#incidents")

    async def _answer(self, campaign: str, incident: str, answer: str, by: str) -> None:
        if answer not in ANSWERS:
            raise web.HTTPBadRequest(text=f"answer must be one of {', '.join(ANSWERS)}")
        at = datetime.fromtimestamp(self._now(), UTC)
        until = at + _SILENCE if answer == "silence" else None
        await self._say(Answered(campaign, incident, answer, at, by=by, until=until))

    async def incidents(self, request: web.Request) -> web.Response:
        """GET: the incidents of a campaign, the newest first; at most 200."""
        return json_response({"incidents": self._of(request.match_info["id"])[:200]})

    async def sources(self, _request: web.Request) -> web.Response:
        """GET: sources that fell silent, the newest first; at most 200."""
        return json_response({"incidents": self._of("*")[:200]})

    async def incident(self, request: web.Request) -> web.Response:
        """GET: one incident."""
        found = self._find(request.match_info["incident"])
        if found is None or not sees(request, found.campaign):
            raise web.HTTPNotFound(text=f"there is no incident {request.match_info['incident']!r}")
        return json_response(found)

    def _grant(self, token: str) -> Grant:
        if self._signer is None:
            raise web.HTTPNotFound(text="this board has no key for links in alerts: set LISTENER_ALERT_KEY")
        try:
            return self._signer.verify(token, self._now())
        except ValueError as error:
            raise web.HTTPForbidden(text=str(error)) from error

    def _render(self, grant: Grant, token: str, *, chosen: str, said: str) -> web.Response:
        campaign = self._campaign(grant.campaign) or Campaign(id=grant.campaign)
        found = self._find(grant.incident)
        html = _template().render(
            campaign=campaign,
            incident=found,
            id=grant.incident,
            token=token,
            chosen=chosen if chosen in ANSWERS else "",
            said=said,
            answers=ANSWERS,
            persian=persian,
            started="" if found is None else tehran_time(found.started_at, campaign.timezone),
        )
        return web.Response(text=html, content_type="text/html", headers=_HEADERS)


def add_alert_routes(app: web.Application, routes: AlertRoutes) -> None:
    """Mount the routes on a board."""
    app.router.add_get(PATH, routes.page)
    app.router.add_post(PATH, routes.answer)
    app.router.add_post("/campaigns/{id}/incidents/{incident}/answer", routes.say_on_page)
    app.router.add_get("/api/campaigns/{id}/incidents", routes.incidents)
    app.router.add_get("/api/sources/incidents", routes.sources)
    app.router.add_get("/api/incidents/{incident}", routes.incident)


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "answer.html"
    )
