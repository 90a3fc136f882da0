"""KPIs over HTTP: the catalogue, and every campaign's values and targets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from aiohttp import web

from listener.board.access import sees
from listener.board.measured import Measure
from listener.errors import UsageProblem
from listener.http import json_response
from listener.kpis.evaluation import evaluated
from listener.kpis.history import described
from listener.kpis.rules import panel_query, record_name
from listener.kpis.spans import period_option, read_now
from listener.kpis.standing import standing_json
from models.campaign import Campaign
from models.feedback import TargetSet
from models.kpis import BESIDE, KPIS, Kpi
from models.kpis.formula import text
from processors.kpis.aims import aims
from processors.kpis.evaluate import group_of
from processors.kpis.figures import Figures
from processors.kpis.periods import NAMES, Span
from processors.windows import rfc3339

_TRUE: Final = frozenset(("1", "true", "yes"))


class KpiSource(Protocol):
    """What the routes ask."""

    @property
    def campaigns(self) -> Mapping[str, Campaign]:
        """Every campaign that has KPIs, by id."""

    @property
    def ready(self) -> bool:
        """Whether the counts are whole; half a state is no answer."""

    def figures(self) -> Figures:
        """The sums as they are now."""

    def now(self) -> int:
        """The moment to evaluate at, epoch milliseconds."""

    def measured(self, campaign: str, span: Span) -> Measure | None:
        """How complete the closed minutes of a span were; None where none is known."""

    @property
    def target_changes(self) -> Sequence[TargetSet]:
        """Every change of every target that was recorded, oldest first."""


def add_kpi_routes(app: web.Application, source: KpiSource) -> None:
    """``/api/kpis`` and ``/api/campaigns/{id}/kpis?period=…&from=…&to=…&now=…&all=1``."""
    app.router.add_get("/api/kpis", _catalogue)
    app.router.add_get("/api/campaigns/{id}/kpis", _values(source))


async def _catalogue(_request: web.Request) -> web.Response:
    return json_response({"kpis": [_described(kpi, own=kpi.id in KPIS) for kpi in (KPIS | BESIDE).values()]})


def _described(kpi: Kpi, *, own: bool) -> dict[str, Any]:
    """A KPI of the catalogue; ``own``: one of the 24."""
    names = ("what", "purpose", "source", "period", "pitfall")
    return {
        "id": kpi.id,
        "title": {"fa": kpi.title.fa, "en": kpi.title.en},
        "kind": kpi.kind,
        "unit": kpi.unit,
        "each": kpi.each,
        "core": own,
        "lower_is_better": kpi.lower_is_better,
        "estimated": kpi.estimated,
        "parts": [
            {
                "name": part.name,
                "kind": part.kind,
                "unit": part.unit,
                "numerator": text(part.numerator),
                "denominator": None if part.denominator is None else text(part.denominator),
            }
            for part in kpi.parts
        ],
        "inputs": kpi.inputs,
        "questions": {name: {"fa": getattr(kpi, name).fa, "en": getattr(kpi, name).en} for name in names},
        "rule": record_name(kpi),
        "panel": panel_query(kpi),
    }


def _values(source: KpiSource) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        name = request.match_info["id"]
        campaign = source.campaigns.get(name)
        if campaign is None or not sees(request, name):
            raise web.HTTPNotFound(text=f"there is no campaign {name!r}")
        if not source.ready:
            raise web.HTTPServiceUnavailable(
                text="the board has not read all counts yet; /readyz says what is missing", headers={"Retry-After": "1"}
            )
        try:
            group = group_of(campaign, source.campaigns.values())
            values = kpi_values(source.figures(), campaign, request.query, source.now(), group)
            measure = source.measured(name, _span(values["kpis"]))
            return json_response(
                values
                | {
                    "target_history": described(source.target_changes, name),
                    "completeness": None if measure is None else measure._asdict(),
                }
            )
        except UsageProblem as problem:
            raise web.HTTPBadRequest(text=str(problem)) from problem

    return handle


def _span(kpis: Mapping[str, Mapping[str, Any]]) -> Span:
    """The period of an answer: that of every KPI in it."""
    body = next(iter(kpis.values()))
    start, end = (None if body[name] is None else read_now(body[name]) for name in ("from", "to"))
    return Span(start, end)


def kpi_values(
    figures: Figures, campaign: Campaign, query: Mapping[str, str], now: int, group: Sequence[Campaign] = ()
) -> dict[str, Any]:
    """The answer for one campaign; UsageProblem for a period or time that there is not."""
    period = query.get("period", "campaign")
    if period not in NAMES:
        raise UsageProblem(f"period {period!r} must be one of {', '.join(NAMES)}")
    wanted = period_option(NAMES[period], query.get("from"), query.get("to"))
    moment = read_now(query["now"]) if "now" in query else now
    beside = query.get("all", "") in _TRUE
    return {
        "campaign": campaign.id,
        "now": rfc3339(moment),
        "kpis": evaluated(figures, campaign, wanted, moment, explicit_now="now" in query, beside=beside, group=group),
        "targets": [standing_json(aim) for aim in aims(figures, campaign, moment)],
    }
