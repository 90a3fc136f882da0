"""KPIs of a campaign over a period: the formulas of models/kpis, given numbers. A ratio is a ratio of sums."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from models.campaign import Campaign
from models.kpis.formula import (
    Choice,
    Conversions,
    Counted,
    Expr,
    Group,
    Level,
    Minus,
    Money,
    Plus,
    Scaled,
    Sum,
)
from models.kpis.shape import Kpi, Part
from models.money import major_units
from models.people import ACTIVITIES, STAGES
from models.streams import STREAMS
from models.web import CONVERSIONS
from processors.business.rules import keyword_dimension, site_key
from processors.kpis.figures import Figures
from processors.kpis.periods import Period, Span, jalali_month, local_day
from processors.kpis.visitors import USERS, visitors

METRICS: Final = {stream.name: {metric: index for index, metric in enumerate(stream.metrics)} for stream in STREAMS}
#: Conversion types that are counted elsewhere than in the web events.
_ELSEWHERE: Final[dict[str, Expr]] = {
    "comment": Sum("posts", ("comments",)),
    "share": Sum("posts", ("shares",)),
    "click": Sum("spend", ("clicks",)),
    **{name: Sum("people", (name,), "all") for name in (*STAGES, *ACTIVITIES)},
}


class Quantity(NamedTuple):
    """A number, or none (mixed currencies, nobody has counted). ``currency``: it is money, in major units."""

    value: Fraction | None
    currency: str | None = None


@dataclass(frozen=True)
class Reading:
    """One part of a KPI over a period. ``value`` None: no sample.

    ``key``: the keyword, conversion type or provider where the KPI is split by those. ``label``: the base or stage that
    is part of the name. ``net``: of a gross amount what is left. ``real``: growth corrected by the deflator.
    """

    part: Part
    key: str
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    currency: str | None = None
    net: Fraction | None = None
    real: Fraction | None = None
    interval: tuple[float, float] | None = None
    label: str | None = None
    #: Currencies of numerator and denominator, where those are money; ``currency`` is that of the value.
    moneys: tuple[str | None, str | None] = (None, None)


def conversion_types(campaign: Campaign) -> tuple[str, ...]:
    """What a campaign counts as conversions: the usual events, and its own."""
    return tuple(dict.fromkeys((*CONVERSIONS, *campaign.kpis.conversion_events)))


class Evaluator:
    """Evaluates the formulas for one campaign; ``group``: all campaigns of its group, itself among them."""

    def __init__(self, figures: Figures, campaign: Campaign, group: Sequence[Campaign] = ()) -> None:
        self.figures = figures
        self.campaign = campaign
        self.group = group or (campaign,)

    def readings(self, kpi: Kpi, period: Period) -> list[Reading]:
        """All parts of a KPI; one for each key where it is split."""
        if kpi.each == "provider":
            return list(self._ranks(kpi, period))
        found: list[Reading] = []
        for key, dimension in self._keys(kpi):
            found += [self._reading(kpi, part, period, key, dimension) for part in kpi.parts]
        return found

    def _keys(self, kpi: Kpi) -> list[tuple[str, str]]:
        if kpi.each == "keyword":
            words = dict.fromkeys(self.campaign.attribution.search_keywords)
            return [(word, keyword_dimension(word)) for word in words]
        if kpi.each == "conversion":
            return [(kind, kind) for kind in conversion_types(self.campaign)]
        return [("", "")]

    def _reading(self, kpi: Kpi, part: Part, period: Period, key: str, dimension: str) -> Reading:
        if part.kind == "G":
            return self._growth(part, period)
        top, label = self._quantity(part.numerator, period.span, dimension)
        if part.denominator is None:
            net = self._quantity(part.net, period.span, dimension)[0].value if part.net else None
            return Reading(part, key, top.value, top.value, None, top.currency, net)
        bottom, base = self._quantity(part.denominator, period.span, dimension)
        value = _ratio(top, bottom)
        interval = None
        if kpi.each == "keyword" and top.value is not None and bottom.value is not None:
            interval = wilson(int(min(top.value, bottom.value)), int(bottom.value))
        return Reading(
            part,
            key,
            value,
            top.value,
            bottom.value,
            currency=top.currency if part.unit == "money" else None,
            interval=interval,
            label=base if kpi.label in {"conversion_base", "engagement_base", "keyword_base", "lead_stage"} else label,
            moneys=(top.currency, bottom.currency),
        )

    def _growth(self, part: Part, period: Period) -> Reading:
        """(S_t − S_{t−1}) / S_{t−1}; no sample without a period before, or with nothing in it."""
        now, _ = self._quantity(part.numerator, period.span)
        if period.before is None:
            return Reading(part, "", None, None, None)
        past, _ = self._quantity(part.numerator, period.before)
        change = _minus(now, past)
        real = self._real(_ratio(now, past), period) if now.currency or past.currency else None
        moneys = (change.currency, past.currency)
        return Reading(part, "", _ratio(change, past), change.value, past.value, real=real, moneys=moneys)

    def _real(self, nominal: Fraction | None, period: Period) -> Fraction | None:
        """Growth of money without inflation: the ratio of both sums over the ratio of their months' price indexes.

        Only for periods within one Jalali month each, whose index the campaign file gives.
        """
        indexes = dict(self.campaign.kpis.deflator)
        if nominal is None or period.before is None or not indexes:
            return None
        now, past = (indexes.get(month or "") for month in (self._month(period.span), self._month(period.before)))
        return None if now is None or past is None else nominal * Fraction(past) / Fraction(now) - 1

    def _month(self, span: Span) -> str | None:
        if span.start is None or span.end is None:
            return None
        first, last = (local_day(moment, self.campaign.timezone) for moment in (span.start, span.end - 1))
        return jalali_month(first) if jalali_month(first) == jalali_month(last) else None

    def _ranks(self, kpi: Kpi, period: Period) -> Iterator[Reading]:
        """The last rank of the campaign's first site, by provider; the configured provider alone, if there is one."""
        (part,) = kpi.parts
        sites = self.campaign.attribution.sites
        wanted = self.campaign.kpis.rank_provider
        if not sites:
            return
        metrics = METRICS["site-rank"]
        last = self.figures.last(self.campaign.id, "site-rank", period.span, metrics["rank"], metrics["rows"])
        for dimension, rank in sorted(last.items()):
            provider, _, domain = dimension.partition(":")
            if domain == site_key(sites[0]) and wanted in (None, provider):
                yield Reading(part, provider, Fraction(rank), Fraction(rank), None, label=provider)

    # ── expressions ──

    def _quantity(self, expr: Expr, span: Span, dimension: str = "") -> tuple[Quantity, str | None]:
        """The number of an expression, and the option that a setting has chosen in it."""
        match expr:
            case Sum(stream, metrics, wanted):
                place = wanted.format(keyword=dimension)
                return Quantity(Fraction(sum(self._sum(stream, metric, span, place) for metric in metrics))), None
            case Level(stream, metric, wanted):
                return Quantity(Fraction(self._sum(stream, metric, Span(None, span.end), wanted))), None
            case Money(stream, metric, wanted):
                return self._money(stream, metric, span, wanted), None
            case Plus(left, right) | Minus(left, right):
                one, label = self._quantity(left, span, dimension)
                other, second = self._quantity(right, span, dimension)
                return (_plus if isinstance(expr, Plus) else _minus)(one, other), label or second
            case Scaled(of, by):
                inner, label = self._quantity(of, span, dimension)
                return Quantity(None if inner.value is None else inner.value / by, inner.currency), label
            case Choice():
                return self._choice(expr, span, dimension)
            case Conversions(kind):
                return self._conversions(kind and dimension, span), None
            case Counted(what):
                return self._counted(what, span), None
            case Group(of):
                return self._group(of, span), None

    def _counted(self, what: str, span: Span) -> Quantity:
        if what == "visitors":
            return Quantity(Fraction(self._visitors(span)))
        number: int | None = getattr(self.figures, what)(self.campaign.id, span)
        return Quantity(None if number is None else Fraction(number))

    def _visitors(self, span: Span) -> int:
        sessions = METRICS["web"]["sessions"]
        amounts = self.figures.amounts(self.campaign.id, "web", span)
        return visitors(name for name, values in amounts.items() if name.startswith(USERS) and values[sessions])

    def _group(self, of: Sum, span: Span) -> Quantity:
        ids = [campaign.id for campaign in self.group]
        sums = (self._sum(of.stream, metric, span, of.dimension, name) for name in ids for metric in of.metrics)
        return Quantity(Fraction(sum(sums)))

    def _sum(self, stream: str, metric: str, span: Span, prefix: str, campaign: str | None = None) -> int:
        index = METRICS[stream][metric]
        amounts = self.figures.amounts(campaign or self.campaign.id, stream, span)
        return sum(values[index] for dimension, values in amounts.items() if dimension.startswith(prefix))

    def _money(self, stream: str, metric: str, span: Span, prefix: str) -> Quantity:
        index = METRICS[stream][metric]
        by_currency: dict[str, int] = {}
        for dimension, values in self.figures.amounts(self.campaign.id, stream, span).items():
            if dimension.startswith(prefix) and values[index]:
                currency = dimension.rpartition(":")[2]
                by_currency[currency] = by_currency.get(currency, 0) + values[index]
        if len(by_currency) > 1:
            return Quantity(None)
        for currency, minor in by_currency.items():
            return Quantity(major_units(minor, currency), currency)
        return Quantity(Fraction(0))

    def _conversions(self, kind: str | None, span: Span) -> Quantity:
        kinds = conversion_types(self.campaign) if kind is None else (kind,)
        total = Fraction(0)
        for one in kinds:
            expr = _ELSEWHERE.get(one, Sum("web", ("conversions",), f"conversion:{one}"))
            total += self._exact(expr, span, f"conversion:{one}")
        return Quantity(total)

    def _exact(self, expr: Expr, span: Span, dimension: str) -> int:
        """A sum of one dimension and no longer one that begins like it."""
        if not isinstance(expr, Sum):
            raise TypeError(expr)
        if expr.stream != "web":
            return sum(self._sum(expr.stream, metric, span, expr.dimension) for metric in expr.metrics)
        values = self.figures.amounts(self.campaign.id, "web", span).get(dimension)
        return 0 if values is None else values[METRICS["web"]["conversions"]]

    def _choice(self, choice: Choice, span: Span, dimension: str) -> tuple[Quantity, str | None]:
        setting = getattr(self.campaign.kpis, choice.setting)
        if setting is None:
            setting = self._first_with_something(choice, span)
        name = str(setting).lower()
        return self._quantity(choice.options[name], span, dimension)[0], name

    def _first_with_something(self, choice: Choice, span: Span) -> str:
        """Without a setting: the first option that the campaign has at all up to the end of the window."""
        ever = Span(None, span.end)
        for name, expr in choice.options.items():
            if self._quantity(expr, ever)[0].value:
                return name
        return next(iter(choice.options))


def wilson(successes: int, trials: int) -> tuple[float, float] | None:
    """The 95 % Wilson score interval of a share; None without trials. Source: Wilson, JASA 22 (1927) 209-212."""
    if trials <= 0:
        return None
    z = 1.959963984540054
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * ((share * (1 - share) + z * z / (4 * trials)) / trials) ** 0.5
    below = 1 + z * z / trials
    return max(0.0, (centre - half) / below), min(1.0, (centre + half) / below)


def group_of(campaign: Campaign, campaigns: Iterable[Campaign]) -> list[Campaign]:
    """The campaigns of a campaign's group; without a group itself alone."""
    same = [one for one in campaigns if campaign.group and one.group == campaign.group]
    return same or [campaign]


def _ratio(top: Quantity, bottom: Quantity) -> Fraction | None:
    if top.value is None or not bottom.value:
        return None
    if top.currency and bottom.currency and top.currency != bottom.currency:
        return None
    return top.value / bottom.value


def _plus(one: Quantity, other: Quantity) -> Quantity:
    return _combined(one, other, 1)


def _minus(one: Quantity, other: Quantity) -> Quantity:
    return _combined(one, other, -1)


def _combined(one: Quantity, other: Quantity, sign: int) -> Quantity:
    if one.value is None or other.value is None:
        return Quantity(None)
    if one.currency and other.currency and one.currency != other.currency:
        return Quantity(None)
    return Quantity(one.value + sign * other.value, one.currency or other.currency)


def by_part(readings: list[Reading]) -> Mapping[str, Reading]:
    """Readings by what tells them apart: the key, else the part's name."""
    return {reading.key or reading.part.name: reading for reading in readings}
