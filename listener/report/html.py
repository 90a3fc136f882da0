"""The report as one HTML file: no script, nothing loaded from elsewhere, right to left in Persian."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from listener.report import charts
from listener.report.data import Line, Report
from listener.report.words import Words
from models.kpis import BESIDE, KPIS
from processors.kpis.periods import local_day

#: Groups of the 24 in the order of a customer's way: seen, visited, converted, bought.
GROUPS: Final = (
    (
        ("دیده شدن و گفت‌وگو", "Seen and talked about"),
        ("social_shares", "likes", "comments", "engagement_rate", "press_mentions"),
    ),
    (
        ("جست‌وجو و جایگاه سایت", "Search and standing"),
        ("search_ranking", "site_rank", "inbound_links", "conversion_rate_per_keyword"),
    ),
    (
        ("بازدید سایت", "Visits"),
        ("organic_traffic", "referral_traffic", "social_traffic", "time_on_site", "bounce_rate"),
    ),
    (
        ("تبدیل و سرنخ", "Conversions and leads"),
        ("conversions", "conversion_rate", "cost_per_conversion", "leads", "cost_per_lead", "demos"),
    ),
    (
        ("مشتری و فروش", "Customers and sales"),
        ("new_customers", "customer_acquisition_cost", "sales_growth", "return_on_investment"),
    ),
)
#: What a manager looks at first: KPI and part.
HEADLINES: Final = (
    ("mentions", ""),
    ("engagement_rate", ""),
    ("conversions", "*"),
    ("cost_per_conversion", ""),
    ("new_customers", ""),
    ("return_on_investment", ""),
)
_PARTS: Final = {
    "position": ("میانگین رتبه", "average position"),
    "top3": ("سهم سه نتیجهٔ نخست", "share in top 3"),
    "top10": ("سهم ده نتیجهٔ نخست", "share in top 10"),
    "links": ("پیوند برقرار", "standing"),
    "domains": ("دامنهٔ پیونددهنده", "referring domains"),
    "new": ("تازه", "new"),
    "lost": ("ازدست‌رفته", "lost"),
    "articles": ("مقاله", "articles"),
    "stories": ("خبر یکتا", "distinct stories"),
    "mql": ("بازاریابی (MQL)", "MQL"),
    "sql": ("فروش (SQL)", "SQL"),
    "booked": ("رزروشده", "booked"),
    "held": ("برگزارشده", "held"),
    "media": ("تنها رسانه", "media only"),
    "loaded": ("با همهٔ هزینه‌ها", "fully loaded"),
    "count": ("شمار سفارش", "orders"),
    "revenue": ("درآمد", "revenue"),
    "generate_lead": ("ثبت سرنخ", "lead form"),
    "form_submit": ("ارسال فرم", "form sent"),
    "sign_up": ("ثبت‌نام", "sign-up"),
    "purchase": ("خرید", "purchase"),
    "contact": ("تماس", "contact"),
}
_LABELS: Final = {
    "reach": ("بر پایهٔ دسترسی", "of reach"),
    "impressions": ("بر پایهٔ نمایش", "of impressions"),
    "views": ("بر پایهٔ بازدید", "of views"),
    "followers": ("بر پایهٔ دنبال‌کننده", "of followers"),
    "clicks": ("بر پایهٔ کلیک", "of clicks"),
    "sessions": ("بر پایهٔ نشست", "of sessions"),
    "mql": ("سرنخ بازاریابی", "MQL"),
    "sql": ("سرنخ فروش", "SQL"),
    "lead": ("سرنخ", "leads"),
    "media": ("تنها رسانه", "media only"),
}
_VERDICTS: Final = {
    "reached": ("رسیده", "reached", "good"),
    "on_course": ("در مسیر", "on course", "good"),
    "will_miss": ("نمی‌رسد", "will miss", "bad"),
    "missed": ("نرسید", "missed", "bad"),
    "not_started": ("آغاز نشده", "not started", "calm"),
    "unknown": ("هنوز معلوم نیست", "too early to tell", "calm"),
}
_PLATFORMS: Final = {
    "twitter": "توییتر",
    "instagram": "اینستاگرام",
    "telegram": "تلگرام",
    "bluesky": "بلواسکای",
    "mastodon": "ماستودون",
    "facebook": "فیسبوک",
    "threads": "تردز",
    "linkedin": "لینکدین",
    "youtube": "یوتیوب",
    "tiktok": "تیک‌تاک",
    "reddit": "ردیت",
    "aparat": "آپارات",
    "eitaa": "ایتا",
    "bale": "بله",
    "rubika": "روبیکا",
    "soroush": "سروش",
    "virasty": "ویراستی",
    "ninisite": "نی‌نی‌سایت",
    "blog": "وبلاگ",
    "forum": "انجمن",
    "news": "خبر",
    "other": "دیگر",
}

#: Changes of less than this many percentage points show as none.
_SAME_POINTS: Final = 0.005
#: So many changes are put into sentences, one of a KPI.
_SENTENCES: Final = 4
#: A change below this share is no sentence.
_WORTH_SAYING: Final = 0.1


@dataclass(frozen=True)
class Card:
    """A headline number."""

    title: str
    value: str
    change: str
    mood: str
    spark: Markup


@dataclass(frozen=True)
class Row:
    """One number of the KPI tables."""

    title: str
    part: str
    value: str
    before: str
    change: str
    mood: str
    target: str
    parts: str
    spark: Markup


class HtmlReport:
    """Lays a report out for one reader."""

    def __init__(self, report: Report, words: Words) -> None:
        self.report = report
        self.words = words

    def render(self) -> str:
        """The whole page."""
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8"))
        report, words = self.report, self.words
        return template.render(
            report=report,
            words=words,
            say=words.say,
            cards=[card for name, part in HEADLINES if (card := self._card(name, part))],
            said=list(self._said()),
            targets=[self._target(one) for one in report.targets],
            charts=list(self._charts()),
            groups=[
                (words.say(*title), [row for name in names for row in self._rows(name)]) for title, names in GROUPS
            ],
            questions=[(kpi, kpi.title.of(words.lang)) for kpi in KPIS.values()],
            top=[self._mention(one) for one in report.top.mentions],
            sources=self._sources(),
            outcomes=self._outcomes(),
            platform=self._platform,
        )

    # ── numbers ──

    def _lines(self, name: str) -> tuple[Line, ...]:
        return self.report.of(name)

    def _card(self, name: str, part: str) -> Card | None:
        """A headline; ``*``: the sum of all parts."""
        words = self.words
        if name in BESIDE:
            kpi, body, old = BESIDE[name], self.report.beside[name], self.report.beside_before.get(name, {})
            line = Line(
                kpi,
                "",
                body["value"],
                old.get("value"),
                None,
                None,
                None,
                kpi.unit,
                tuple(day[name]["value"] for day in self.report.daily),
                None,
            )
        else:
            lines = self._lines(name)
            if not lines:
                return None
            line = _summed(lines) if part == "*" else lines[0]
        if line.value is None and line.before is None:
            return None
        change, mood = self._change(line)
        value = words.value(line.value, line.unit, line.currency)
        return Card(line.kpi.title.of(words.lang), value, change, mood, Markup(charts.spark(line.days)))  # noqa: S704

    def _change(self, line: Line) -> tuple[str, str]:
        """Against the period before: in words, and whether that is good."""
        if line.kpi.kind == "G":
            return "", "calm"
        if line.change is None:
            return "", "calm"
        if line.unit == "ratio" and line.value is not None and line.before is not None:
            points = (line.value - line.before) * 100
            if abs(points) < _SAME_POINTS:
                return self.words.say("بی‌تغییر", "unchanged"), "calm"
            text = self.words.digits(f"{abs(points):,.2f}") + self.words.say(" واحد درصد", " points")
        elif not line.change:
            return self.words.say("بی‌تغییر", "unchanged"), "calm"
        else:
            text = self.words.percent(abs(line.change))
        return f"{'▲' if line.change > 0 else '▼'} {text}", "good" if line.better else "bad"

    def _rows(self, name: str) -> Iterator[Row]:
        words = self.words
        for index, line in enumerate(self._lines(name)):
            if name == "conversions" and not line.value and not line.before:
                continue
            change, mood = self._change(line)
            yield Row(
                title=line.kpi.title.of(words.lang) if index == 0 else "",
                part=self._part(line),
                value=words.value(line.value, line.unit, line.currency),
                before=words.value(line.before, line.unit, line.currency),
                change=change,
                mood=mood,
                target=words.value(line.target["target"], line.unit, line.currency) if line.target else "",
                parts=self._fraction(line),
                spark=Markup(charts.spark(line.days, width=84, height=22)),  # noqa: S704 - numbers only
            )

    def _part(self, line: Line) -> str:
        part = self.words.say(*_PARTS.get(line.part, (line.part, line.part)))
        if line.label in _LABELS:
            return part or self.words.say(*_LABELS[line.label])
        return part

    def _fraction(self, line: Line) -> str:
        """Numerator and denominator of a ratio, and the interval of a small sample."""
        if line.denominator is None or line.numerator is None:
            return ""
        money = line.unit == "money"
        top = self.words.money(line.numerator, line.currency) if money else self.words.number(line.numerator)
        text = f"{top} ÷ {self.words.number(line.denominator)}"
        if line.interval is not None:
            low, high = (self.words.percent(one) for one in line.interval)
            text += self.words.say(f" · بازهٔ ۹۵٪: {low} تا {high}", f" · 95 %: {low} to {high}")
        return text

    # ── words ──

    def _said(self) -> Iterator[str]:
        """The three changes that are largest, in a sentence each, and what targets need."""
        words = self.words
        moved = [
            line
            for line in self.report.lines
            if line.change is not None
            and line.kpi.kind != "G"
            and abs(line.change) >= _WORTH_SAYING
            and not line.kpi.each
        ]
        largest: dict[str, Line] = {}
        for line in sorted(moved, key=lambda one: -abs(one.change or 0)):
            largest.setdefault(line.kpi.id, line)
        for line in list(largest.values())[:_SENTENCES]:
            name = self._name(line)
            now, before = (words.value(one, line.unit, line.currency) for one in (line.value, line.before))
            up = (line.change or 0) > 0
            verb = words.say("بالا رفت" if up else "پایین آمد", "rose" if up else "fell")
            yield words.say(f"{name} از {before} به {now} {verb}.", f"{name} {verb} from {before} to {now}.")
        for target in self.report.targets:
            if target["verdict"] in ("will_miss", "missed"):
                name = self._target_name(target)
                fa = f"هدف {name} با روند کنونی به دست نمی‌آید؛ مسئول: {target['owner']}."
                yield words.say(fa, f"The target of {name} will be missed as things go; owner: {target['owner']}.")

    def _target_name(self, target: dict[str, Any]) -> str:
        line = next((one for one in self.report.lines if one.target is target), None)
        if line is None:
            return str(target["kpi"])
        return self._name(line)

    def _name(self, line: Line) -> str:
        title = line.kpi.title.of(self.words.lang)
        return f"{title} ({self._part(line)})" if line.part else title

    def _target(self, target: dict[str, Any]) -> dict[str, Any]:
        words = self.words
        line = next((one for one in self.report.lines if one.target is target), None)
        unit, currency = (line.unit, line.currency) if line else ("count", None)
        fa, en, mood = _VERDICTS[target["verdict"]]
        share, wanted = target["attainment"] or 0.0, target["target"]
        expected = None if target["expected"] is None or not wanted else target["expected"] / wanted
        whole = unit not in ("ratio", "money", "seconds", "position")
        numbers = [target["forecast"], *(target["interval"] or ())]
        told = [words.value(round(one) if whole and one is not None else one, unit, currency) for one in numbers]
        forecast = told[0]
        if target["interval"] and target["forecast"] is not None:
            low, high = told[1:]
            forecast += words.say(f" ({low} تا {high})", f" ({low} to {high})")
        return {
            "name": self._target_name(target),
            "owner": target["owner"],
            "target": words.value(wanted, unit, currency),
            "actual": words.value(target["actual"], unit, currency),
            "attainment": words.percent(target["attainment"]),
            "pace": words.percent(target["pace"]),
            "forecast": forecast,
            "deadline": words.moment(_ms(target["deadline"]) - 1),
            "verdict": words.say(fa, en),
            "mood": mood,
            "bar": Markup(charts.progress(share, expected)),  # noqa: S704 - numbers only
            "warnings": target["warnings"],
        }

    def _charts(self) -> Iterator[tuple[str, Markup]]:
        words, report = self.words, self.report
        labels = [words.short_day(day) for day in report.days]
        series = (
            (words.say("اشاره‌ها در هر روز", "Mentions per day"), [day["mentions"]["value"] for day in report.daily]),
            (
                words.say(
                    "نشست‌ها در هر روز (ارگانیک، ارجاعی، شبکه‌های اجتماعی)",
                    "Sessions per day (organic, referral, social)",
                ),
                [
                    sum(day[name]["value"] or 0 for name in ("organic_traffic", "referral_traffic", "social_traffic"))
                    for day in report.daily
                ],
            ),
            (
                words.say("تبدیل‌ها در هر روز", "Conversions per day"),
                [sum(day["conversions"]["value"].values()) for day in report.daily],
            ),
        )
        for title, values in series:
            if any(values):
                yield title, Markup(charts.bars(title, labels, values, words))  # noqa: S704 - escaped there

    def _mention(self, one: Any) -> dict[str, Any]:
        words = self.words
        counts = [
            f"{words.number(one.counts.get(name))} {words.say(fa, name)}"
            for name, fa in (("likes", "پسند"), ("comments", "دیدگاه"), ("shares", "اشتراک"), ("views", "بازدید"))
            if one.counts.get(name) is not None
        ]
        url = one.url if one.url and one.url.startswith(("https://", "http://")) else None
        return {
            "text": one.text,
            "url": url,
            "platform": self._platform(one.platform),
            "day": words.day(local_day(one.moment, self.report.zone)),
            "counts": " · ".join(counts),
        }

    def _platform(self, name: str) -> str:
        return _PLATFORMS.get(name, name) if self.words.lang == "fa" else name

    def _sources(self) -> list[tuple[str, str, float]]:
        most = max((count for _, count in self.report.top.sources), default=1)
        return [
            (self._platform(name), self.words.number(count), count / most) for name, count in self.report.top.sources
        ]

    def _outcomes(self) -> list[tuple[str, str]]:
        names = {
            "counted": ("شمرده", "counted"),
            "unmatched": ("بی‌ربط به کارزارها", "unmatched"),
            "stale": ("کهنه‌تر از آنچه می‌دانیم", "stale"),
            "duplicate": ("تکراری", "duplicate"),
            "late": ("دیررسیده", "late"),
            "invalid": ("نامعتبر", "invalid"),
        }
        return [
            (self.words.say(*names[name]), self.words.number(count))
            for name, count in self.report.completeness.outcomes.items()
            if count
        ]


def _summed(lines: Sequence[Line]) -> Line:
    """All parts of a count as one line."""
    first = lines[0]
    days = tuple(sum(line.days[index] or 0 for line in lines) for index in range(len(first.days)))
    before = [line.before for line in lines if line.before is not None]
    return Line(
        first.kpi,
        "",
        sum(line.value or 0 for line in lines),
        sum(before) if before else None,
        None,
        None,
        None,
        first.unit,
        days,
        None,
    )


def _ms(text: str) -> int:

    return int(datetime.fromisoformat(text).timestamp() * 1000)
