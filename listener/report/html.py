"""The report as one HTML file: no script, nothing loaded from elsewhere, right to left in Persian."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from listener.report import charts
from listener.report.data import Line, Report
from listener.report.incidents import incident_words
from listener.report.lines import GROUPS, LineWords
from listener.report.words import Words
from models.kpis import BESIDE, KPIS
from processors.kpis.periods import local_day

#: What a manager looks at first: KPI and part.
HEADLINES: Final = (
    ("mentions", ""),
    ("engagement_rate", ""),
    ("conversions", "*"),
    ("cost_per_conversion", ""),
    ("new_customers", ""),
    ("return_on_investment", ""),
)
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
        self.lines = LineWords(words)

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
            incidents=[incident_words(one, words) for one in report.incidents or ()],
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
        change, mood = self.lines.change(line)
        value = words.value(line.value, line.unit, line.currency)
        return Card(line.kpi.title.of(words.lang), value, change, mood, Markup(charts.spark(line.days)))  # noqa: S704

    def _rows(self, name: str) -> Iterator[Row]:
        words = self.words
        for index, line in enumerate(self._lines(name)):
            if name == "conversions" and not line.value and not line.before:
                continue
            change, mood = self.lines.change(line)
            yield Row(
                title=line.kpi.title.of(words.lang) if index == 0 else "",
                part=self.lines.part(line),
                value=words.value(line.value, line.unit, line.currency),
                # A growth is a comparison with the period before by itself.
                before="" if line.kpi.kind == "G" else words.value(line.before, line.unit, line.currency),
                change=change,
                mood=mood,
                target=words.value(line.target["target"], line.unit, line.currency) if line.target else "",
                parts=self.lines.fraction(line),
                spark=Markup(charts.spark(line.days, width=84, height=22)),  # noqa: S704 - numbers only
            )

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
            name = self.lines.name(line)
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
        return self.lines.target_name(target, next((one for one in self.report.lines if one.target is target), None))

    def _target(self, target: dict[str, Any]) -> dict[str, Any]:
        line = next((one for one in self.report.lines if one.target is target), None)
        told = self.lines.target(target, line)
        subject = target["kpi"] if target["part"] is None else f"{target['kpi']}.{target['part']}"
        past = [one for one in self.report.target_changes if one.kpi == subject]
        told["history"] = self.lines.changes(past, target, line)
        bar = charts.progress(told["share"], told["expected_share"])
        course = self.lines.course(target, line, past, self.report.now)
        return told | {"bar": Markup(bar), "course": Markup(course)}  # noqa: S704 - numbers, and texts escaped there

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
            "unmatched": ("بی‌ربط به کمپین‌ها", "unmatched"),
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
