"""The pages: overview, campaign, one panel alone, and what is shown instead when something is wrong."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from multidict import MultiDict
from yarl import URL

from listener import __version__
from listener.alerting.replay import BusyError
from listener.board.access import identity_of
from listener.board.board import Board
from listener.board.mentions import MentionRoutes
from listener.board.store import MentionStore
from listener.board.web.backtest import Backtests, asked_of
from listener.board.web.figures import Figures
from listener.board.web.highlight import pieces
from listener.board.web.incidents import Alerts, shown
from listener.board.web.language import Language, language_of, remember, without
from listener.board.web.overview import Row, pipeline, row_of, rows
from listener.board.web.panels import PANELS, PERIOD, Context, Panel
from listener.errors import UsageProblem
from listener.http import Handler, take_your_time
from listener.kpis.http import KpiSource
from models.campaign import Campaign
from processors.windows import from_ms

_HERE: Final = Path(__file__).parent
_SAFE_URL: Final = re.compile("https?://", re.IGNORECASE)
_STATIC_S: Final = 86_400
#: Parameters of a campaign's URL that are no question to the store.
_OURS: Final = frozenset({"lang", "answered", PERIOD})


class Pages:
    """Handlers over a board and its store."""

    def __init__(
        self,
        board: Board,
        store: MentionStore,
        routes: MentionRoutes,
        figures: Figures,
        complete: Callable[[], bool],
        kpis: KpiSource,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._store = store
        self._routes = routes
        self._figures = figures
        self._complete = complete
        self._kpis = kpis
        self._now = now
        self._templates = environment()
        #: Set by a board that watches.
        self.alerts: Alerts | None = None
        self.backtests: Backtests | None = None

    def install(self, app: web.Application) -> None:
        """Add the routes, and pages for errors before everything that may refuse."""
        app.middlewares.insert(1, self._errors)
        app.router.add_get("/", self.overview)
        app.router.add_get("/campaigns/{id}", self.campaign)
        app.router.add_get("/campaigns/{id}/panels/{panel}", self.panel)
        app.router.add_get("/campaigns/{id}/backtest", self.backtest)
        app.router.add_static("/static/", _HERE / "static")
        app.on_response_prepare.append(_keep_static)

    async def overview(self, request: web.Request) -> web.StreamResponse:
        """All campaigns."""
        self._require_ready()
        found = await rows(self._board, self._figures, request)
        teams = len({row.campaign.team for row in found}) > 1
        name = "parts/campaigns.html" if "part" in request.query else "overview.html"
        return self._render(request, name, rows=found, teams=teams)

    async def campaign(self, request: web.Request) -> web.StreamResponse:
        """One campaign with all panels."""
        row = self._row(request)
        filled = [(panel, await self._fill(request, row, panel)) for panel in PANELS]
        return self._render(request, "campaign.html", row=row, campaign=row.campaign, panels=filled)

    async def panel(self, request: web.Request) -> web.StreamResponse:
        """One panel without its frame: for pages that are open."""
        row = self._row(request)
        panel = next((one for one in PANELS if one.name == request.match_info["panel"]), None)
        if panel is None:
            raise web.HTTPNotFound(text="there is no such panel")
        data = await self._fill(request, row, panel)
        return self._render(request, f"panels/{panel.name}.html", row=row, campaign=row.campaign, data=data)

    async def backtest(self, request: web.Request) -> web.StreamResponse:
        """What a sensitivity would have said of the past; without the parameter ``run`` the form alone."""
        row = self._row(request)
        if self.backtests is None:
            raise web.HTTPNotFound(text="this board keeps no watch, so it tests none")
        query, until = request.query, int(self._now().timestamp())
        if row.figures is not None:
            until = row.figures.until
        first, last, sensitivity = (query.get(name, "") for name in ("from", "to", "sensitivity"))
        asked = asked_of(row.campaign, first, last, sensitivity, until)
        report, detail = None, ""
        if "run" in query and not asked.problem:
            take_your_time(request)
            try:
                report = await self.backtests.run(row.campaign, asked.sensitivity, asked.span)
            except BusyError:
                asked = replace(asked, problem="backtest_busy")
            except UsageProblem as error:
                asked, detail = replace(asked, problem="backtest_failed"), str(error)
        values: dict[str, Any] = {"asked": asked, "report": report, "detail": detail, "shown": None}
        if report is not None:
            language = language_of(request)
            values["shown"] = [(one, shown(one.incident, row.campaign, language, ())) for one in report.incidents]
        return self._render(request, "backtest.html", row=row, campaign=row.campaign, **values)

    async def _fill(self, request: web.Request, row: Row, panel: Panel) -> Any:
        query = MultiDict((name, value) for name, value in request.query.items() if name not in _OURS)
        details = self._figures.details(row.campaign.id)
        context = Context(
            self._board,
            row.campaign,
            row.figures,
            details,
            self._store,
            self._routes,
            self._kpis,
            language_of(request),
            query,
            request.query.get(PERIOD),
            self.alerts,
            self.backtests is not None,
            "answered" in request.query,
        )
        return await panel.fill(context)

    def _row(self, request: web.Request) -> Row:
        self._require_ready()
        name = request.match_info["id"]
        configured = any(campaign.id == name for campaign in self._board.campaigns.campaigns)
        if name not in self._board.known and name not in self._board.state.campaigns():
            raise web.HTTPNotFound(text=f"there is no campaign {name!r}")
        known = self._board.known.get(name) or Campaign(id=name)
        return row_of(self._board, known, configured=configured, figures=self._figures.summary(name))

    def _require_ready(self) -> None:
        if not self._board.caught_up:
            raise web.HTTPServiceUnavailable(text="the board has not read all counts yet", headers={"Retry-After": "2"})

    def _render(self, request: web.Request, name: str, status: int = 200, /, **values: Any) -> web.Response:
        language = language_of(request)
        html = self._templates.get_template(name).render(
            language=language,
            t=language.say,
            now=self._now(),
            identity=identity_of(request),
            pipeline=pipeline(self._board),
            complete=self._complete(),
            version=__version__,
            switch=_switch(request, language),
            status=status,
            **values,
        )
        headers = {"Content-Language": language.code, "Vary": "Cookie, Accept-Language"}
        response = web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=headers)
        remember(request, response, language)
        return response

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A person in a browser gets a page, not JSON."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            wants_page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")
            if error.status < 400 or not wants_page:  # noqa: PLR2004 - a redirect is no error
                raise
            response = self._render(request, "error.html", error.status, detail=error.text)
            for name in ("Retry-After", "WWW-Authenticate", "Allow"):
                if name in error.headers:
                    response.headers[name] = error.headers[name]
            return response


def environment() -> Environment:
    """Templates that escape everything and fail on what is undefined."""
    found = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"pieces": pieces, "bars": bars, "reasons_of": _distinct_reasons, "url_query": url_query}
    found.filters |= {"safe_url": safe_url, "moment": from_ms}
    return found


def bars(values: tuple[int, ...]) -> Markup:
    """A day as 24 bars; the text beside it says the same in figures."""
    most = max(values, default=0) or 1
    width = 100 / (len(values) or 1)
    shapes = [
        f'<rect x="{at * width:.2f}" y="{24 - height:.2f}" width="{width * 0.72:.2f}" height="{height:.2f}"/>'
        for at, value in enumerate(values)
        if (height := max(1.0, 24 * value / most)) > 0
    ]
    inside = "".join(shapes)
    # Numbers only: nothing of anybody's is in it.
    frame = 'class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true"'
    return Markup(f"<svg {frame}>{inside}</svg>")  # noqa: S704


def safe_url(url: str | None) -> str:
    """The URL where it is one of the web, else nothing: ``javascript:`` must not become a link."""
    return url if url is not None and _SAFE_URL.match(url) else ""


def url_query(pairs: list[tuple[str, str]], **more: str) -> str:
    """A query string."""
    return str(URL.build(query=[*pairs, *more.items()]).raw_query_string)


def _distinct_reasons(reasons: Any) -> list[tuple[str, str]]:
    return list(dict.fromkeys((reason.keyword, reason.rule) for reason in reasons))


def _switch(request: web.Request, language: Language) -> str:
    """This page in the other language."""
    query = without(request.query, "lang", "cursor", "part") | {"lang": language.other.code}
    return str(URL.build(path=request.path, query=query))


async def _keep_static(request: web.Request, response: web.StreamResponse) -> None:
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = f"public, max-age={_STATIC_S}"
