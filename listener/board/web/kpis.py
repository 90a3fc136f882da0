"""The KPIs and targets of a campaign, as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup

from listener.board.web.language import Language
from listener.kpis.evaluation import evaluated
from listener.kpis.http import KpiSource
from listener.kpis.spans import period_option
from listener.kpis.standing import standing_json
from listener.report.data import Line, lines_of
from listener.report.lines import GROUPS, LineWords
from listener.report.words import Words
from models.campaign import Campaign
from models.kpis import BESIDE, KPIS, Kpi
from models.kpis.shape import Lang
from processors.kpis.aims import aims
from processors.kpis.evaluate import group_of
from processors.kpis.history import histories
from processors.kpis.periods import Name, Period, Span

#: What the page offers, in its order; the first is shown unless another is asked for.
PERIODS: Final[tuple[Name, ...]] = ("24h", "day", "week", "month", "campaign")

Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Number:
    """One number of a KPI. ``fraction``: what was divided by what; ``target``: of it, and how much is attained."""

    part: str
    value: str
    known: bool
    change: str
    mood: str
    fraction: str
    target: str


@dataclass(frozen=True)
class Shown:
    """One KPI: its numbers, and its answers to the four questions with the pitfall."""

    id: str
    title: str
    numbers: tuple[Number, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class KpisShown:
    """Groups of KPIs over a period; ``span`` is the period in words, empty without bounds."""

    period: Name
    span: str
    groups: list[tuple[str, list[Shown]]]


def kpis_shown(source: KpiSource, campaign: Campaign, language: Language, asked: str | None) -> KpisShown:
    """The 24 over the period that is asked for; HTTPBadRequest for one that the page does not offer."""
    chosen = next((name for name in PERIODS if name == (asked or PERIODS[0])), None)
    if chosen is None:
        raise web.HTTPBadRequest(text=f"`period` must be one of {', '.join(PERIODS)}")
    now = source.now()
    period = period_option(chosen, None, None)(campaign, now, False)  # noqa: FBT003 - now was not asked for
    values = _values(source, campaign, period, now)
    past = so_far(period, now)
    before = _values(source, campaign, Period("custom", past, None), now) if past else {}
    targets = [standing_json(aim) for aim in aims(source.figures(), campaign, now)]
    lines = LineWords(words_of(language, campaign))
    groups = [
        (lines.words.say(*title), [_shown(lines, KPIS[name], values, before, targets) for name in names])
        for title, names in GROUPS
    ]
    span = period.span
    told = "" if span.start is None else lines.words.span(span.start, now + 1 if span.end is None else span.end)
    return KpisShown(chosen, told, groups)


def so_far(period: Period, now: int) -> Span | None:
    """As much of the like period before as has passed of this one: a Sunday is compared with last week's Sunday."""
    span, before = period.span, period.before
    if before is None or before.start is None or before.end is None or span.start is None:
        return None
    return Span(before.start, min(before.end, before.start + max(0, now - span.start)))


def targets_shown(source: KpiSource, campaign: Campaign, language: Language) -> list[dict[str, Any]]:
    """Every target in words, with the sentences of its ``history``; those that were taken away come last."""
    now = source.now()
    lines = LineWords(words_of(language, campaign))
    period = period_option("campaign", None, None)(campaign, now, False)  # noqa: FBT003 - as above
    values = _values(source, campaign, period, now) if campaign.targets else {}
    past = dict(histories(source.target_changes, campaign.id))
    shown = []
    for aim in aims(source.figures(), campaign, now):
        told = standing_json(aim)
        kpi = (KPIS | BESIDE)[aim.target.kpi]
        line = next((one for one in lines_of(kpi, values, {}, (), [told]) if one.target is told), None)
        changes = past.pop(aim.target.subject, [])
        course = Markup(lines.course(told, line, changes, now))  # noqa: S704 - numbers, and texts escaped there
        history = lines.changes(changes, told, line)
        shown.append(lines.target(told, line) | {"history": history, "gone": False, "course": course})
    for subject, changes in past.items():
        name, _, part = subject.partition(".")
        if name in KPIS | BESIDE:
            gone = {"kpi": name, "part": part or None}
            title = lines.target_name(gone, None)
            shown.append({"name": title, "history": lines.changes(changes, gone, None), "gone": True})
    return shown


def words_of(language: Language, campaign: Campaign) -> Words:
    """How numbers and dates are written on the page: Jalali in Persian, Gregorian in English."""
    code: Lang = "fa" if language.code == "fa" else "en"
    return Words(code, "jalali" if code == "fa" else "gregorian", campaign.timezone)


def _values(source: KpiSource, campaign: Campaign, period: Period, now: int) -> dict[str, Any]:
    group = group_of(campaign, source.campaigns.values())
    return evaluated(source.figures(), campaign, lambda *_: period, now, explicit_now=False, beside=True, group=group)


def _shown(
    lines: LineWords, kpi: Kpi, values: dict[str, Any], before: dict[str, Any], targets: Sequence[dict[str, Any]]
) -> Shown:
    found = lines_of(kpi, values, before, (), targets)
    if kpi.id == "conversions":
        found = [line for line in found if line.value or line.before or line.target] or found[:1]
    lang = lines.words.lang
    numbers = tuple(_number(lines, line) for line in found)
    answers = tuple(said.of(lang).replace("`", "") for said in (*kpi.questions, kpi.pitfall))
    return Shown(kpi.id, kpi.title.of(lang), numbers, answers)


def _number(lines: LineWords, line: Line) -> Number:
    change, mood = lines.change(line)
    target = line.target
    told = (
        ""
        if target is None
        else f"{lines.target(target, line)['target']} · {lines.words.percent(target['attainment'])}"
    )
    return Number(lines.part(line), lines.value(line), line.value is not None, change, mood, lines.fraction(line), told)
