"""The panels of a campaign's page: one registry. A new panel is a template, a function that fills it, and a line here.

::

    Panel("press", press)  ─►  templates/panels/press.html gets what press(context) returns as ``data``
                               its heading is the text ``press`` of words.py; it is asked for again when data changes
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from listener.board.board import Board
from listener.board.mentions import MentionRoutes
from listener.board.mentions_json import MentionOut, outward
from listener.board.mentions_query import EXPORT, PAGE, Asked, Parameters
from listener.board.store import DEFAULT_LIMIT, MentionQuery, MentionStore, NotNowError, Stored
from listener.board.web.backtest import default_span
from listener.board.web.figures import DAY_S, LEAST_DAYS, Details, Summary
from listener.board.web.incidents import Alerts, shown_of
from listener.board.web.kpis import PERIODS, kpis_shown, targets_shown
from listener.board.web.language import Language
from listener.kpis.http import KpiSource
from models.campaign import Campaign
from models.mention import LABELS
from models.post import PLATFORMS

#: The parameter that chooses the period of the KPIs.
PERIOD: Final = "period"

_TOP: Final = 6
_TOP_AMONG: Final = 100
_PLATFORMS: Final = 7
_PUBLISHERS: Final = 6
_LATEST: Final = 20
_RECENT_ARTICLES: Final = 4


@dataclass(frozen=True)
class Context:
    """What a panel is made from. ``query``: the URL's parameters but for the language and the KPIs' ``period``.

    ``alerts`` None: this board watches nothing; ``backtests``: whether it can replay the past; ``noted``: somebody has
    just answered.
    """

    board: Board
    campaign: Campaign
    summary: Summary | None
    details: Details | None
    store: MentionStore
    routes: MentionRoutes
    kpis: KpiSource
    language: Language
    query: Parameters
    period: str | None = None
    alerts: Alerts | None = None
    backtests: bool = False
    noted: bool = False

    @property
    def day(self) -> MentionQuery:
        """The mentions of the last 24 hours; of all where no minute is closed."""
        if self.summary is None:
            return MentionQuery(self.campaign.id)
        until = self.summary.until * 1000
        return MentionQuery(self.campaign.id, first_ms=until - DAY_S * 1000, end_ms=until)


Fill = Callable[[Context], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Panel:
    """``name`` is that of its template, its id on the page and its heading; ``wide``: over the whole width."""

    name: str
    fill: Fill
    wide: bool = False


async def now(context: Context) -> Mapping[str, Any]:
    """Now against usual."""
    if context.summary is None or context.details is None:
        return {"windows": []}
    windows = [("last_hour", context.summary.hour), ("last_day", context.details.day)]
    return {"windows": windows, "least": LEAST_DAYS}


async def trend(_context: Context) -> Mapping[str, Any]:
    """The chart is drawn by the browser from the series."""
    return {"windows": ("minute", "hour", "day")}


async def incidents(context: Context) -> Mapping[str, Any]:
    """What is open and what was, with the reasons; and the form of the back-test."""
    if context.alerts is None:
        return {"watched": False}
    opened, past = shown_of(context.alerts, context.campaign, context.language)
    span = default_span(context.summary.until) if context.backtests and context.summary is not None else None
    return {"watched": True, "open": opened, "past": past, "span": span, "noted": context.noted}


async def platforms(context: Context) -> Mapping[str, Any]:
    """Mentions by platform."""
    rows = list(context.details.platforms) if context.details else []
    if len(rows) > _PLATFORMS + 1:
        rows = [*rows[:_PLATFORMS], ("", sum(n for _, n in rows[_PLATFORMS:]))]
    return {"rows": rows, "all": sum(n for _, n in rows), "most": max((n for _, n in rows), default=0)}


async def sentiment(context: Context) -> Mapping[str, Any]:
    """Sentiment split; net = (positive − negative) / all, as kpis.md has it."""
    rows = dict(context.details.sentiment) if context.details else {}
    total = sum(rows.values())
    net = (rows["positive"] - rows["negative"]) / total if total else None
    return {"rows": [(label, rows[label]) for label in LABELS] if total else [], "all": total, "net": net}


async def press(context: Context) -> Mapping[str, Any]:
    """Articles, stories, publishers."""
    query = replace(context.day, kind="article")
    recent = await context.store.page(replace(query, limit=_RECENT_ARTICLES))
    distinct = await context.store.distinct(query)
    return {
        "articles": context.details.press if context.details else await context.store.count(query),
        "stories": distinct.stories,
        "publishers": await context.store.top_sources(replace(query, limit=_PUBLISHERS), "publisher"),
        "recent": [outward(one) for one in recent.mentions],
    }


async def top(context: Context) -> Mapping[str, Any]:
    """Posts with most engagement, of each story the first: copies of one text say the same again."""
    page = await context.store.page(replace(context.day, sort="engagement", limit=_TOP_AMONG))
    stories: dict[str, Stored] = {}
    for one in page.mentions:
        if one.engagement:
            stories.setdefault(one.mention.story or one.mention.entity, one)
    return {"mentions": [outward(one) for one in list(stories.values())[:_TOP]]}


async def latest(context: Context) -> Mapping[str, Any]:
    """Search and filters over all mentions kept."""
    asked = Asked(context.query, PAGE)
    query = asked.query(context.campaign.id)
    if query.limit == DEFAULT_LIMIT:
        query = replace(query, limit=_LATEST)
    filters = {name: values for name in context.query if (values := context.query.getall(name, []))}
    choices = {"platforms": PLATFORMS, "sentiments": LABELS}
    kept = [(name, value) for name, values in filters.items() for value in values if value and name != "cursor"]
    exported = [(name, value) for name, value in kept if name in {parameter.name for parameter in EXPORT}]
    try:
        page = await context.store.page(query)
        found = await context.store.count(query)
    except NotNowError:
        return {"query": query, "kept": kept, "exported": exported, "slow": True, **choices}
    mentions: list[MentionOut] = [outward(one) for one in page.mentions]
    following = page.following.text() if page.following else None
    shown = {"mentions": mentions, "found": found, "next": following, "slow": False}
    return {"query": query, "kept": kept, "exported": exported, **shown, **choices}


async def targets(context: Context) -> Mapping[str, Any]:
    """Where the targets stand, and what became of them."""
    return {"targets": targets_shown(context.kpis, context.campaign, context.language)}


async def kpis(context: Context) -> Mapping[str, Any]:
    """The 24 KPIs over the period that was chosen."""
    names = [name for name in dict.fromkeys(context.query) if name != "cursor"]
    kept = [(name, value) for name in names for value in context.query.getall(name, [])]
    shown = kpis_shown(context.kpis, context.campaign, context.language, context.period)
    return {"groups": shown.groups, "chosen": shown.period, "span": shown.span, "periods": PERIODS, "kept": kept}


#: In the order of the page.
PANELS: Final[list[Panel]] = [
    Panel("now", now, wide=True),
    Panel("trend", trend, wide=True),
    Panel("incidents", incidents, wide=True),
    Panel("targets", targets, wide=True),
    Panel("kpis", kpis, wide=True),
    Panel("platforms", platforms),
    Panel("sentiment", sentiment),
    Panel("press", press),
    Panel("top", top, wide=True),
    Panel("latest", latest, wide=True),
]
