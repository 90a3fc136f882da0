"""Lines of KPIs in words: what the report and the page of a campaign say alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from listener.report.course import Course, course_chart
from listener.report.data import Line
from listener.report.words import Words
from models.feedback import TargetSet
from models.kpis import BESIDE, KPIS
from processors.windows import to_ms

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
#: Parts of KPIs in both languages.
PARTS: Final = {
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
#: What a KPI's name is completed with.
LABELS: Final = {
    "reach": ("بر پایهٔ دسترسی", "of reach"),
    "impressions": ("بر پایهٔ نمایش", "of impressions"),
    "views": ("بر پایهٔ بازدید", "of views"),
    "followers": ("بر پایهٔ دنبال‌کننده", "of followers"),
    "clicks": ("بر پایهٔ کلیک", "of clicks"),
    "sessions": ("بر پایهٔ نشست", "of sessions"),
    "users": ("بر پایهٔ کاربر", "of users"),
    "mql": ("سرنخ بازاریابی", "MQL"),
    "sql": ("سرنخ فروش", "SQL"),
    "lead": ("سرنخ", "leads"),
    "media": ("تنها رسانه", "media only"),
}
#: Units that are the name of a part: "4 articles", not "4 articles articles".
_SAID_BY_PART: Final = ("links", "domains", "articles", "stories")
#: Verdict on a target → Persian, English, mood.
VERDICTS: Final = {
    "reached": ("رسیده", "reached", "good"),
    "on_course": ("در مسیر", "on course", "good"),
    "will_miss": ("نمی‌رسد", "will miss", "bad"),
    "missed": ("نرسید", "missed", "bad"),
    "not_started": ("آغاز نشده", "not started", "calm"),
    "unknown": ("هنوز معلوم نیست", "too early to tell", "calm"),
}
#: Changes of less than this many percentage points show as none, and less than this share of other numbers.
_SAME_POINTS: Final = 0.005
_SAME_SHARE: Final = 0.0005
#: Why a target is doubted → Persian, English.
_CAUTIONS: Final = {
    "attainable_max": (
        "بیش از آنچه دست‌یافتنی دانسته شده ({})؛ حرف A در SMART",
        "more than what is held attainable ({}): the A of SMART",
    ),
    "best_past": (
        "بیش از سه برابر بهترین عملکرد گذشته ({})؛ حرف A در SMART",
        "more than three times the best so far ({}): the A of SMART",
    ),
}


class LineWords:
    """Writes lines for one reader."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def change(self, line: Line) -> tuple[str, str]:
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
        elif abs(line.change) < _SAME_SHARE:
            return self.words.say("بی‌تغییر", "unchanged"), "calm"
        else:
            text = self.words.change(line.change)
        return f"{'▲' if line.change > 0 else '▼'} {text}", "good" if line.better else "bad"

    def part(self, line: Line) -> str:
        """Which number of its KPI a line is, or what it was divided by; empty where there is only one."""
        part = self.words.say(*PARTS.get(line.part, (line.part, line.part)))
        if line.label in LABELS:
            return part or self.words.say(*LABELS[line.label])
        return part

    def fraction(self, line: Line) -> str:
        """Numerator and denominator of a ratio, and the interval of a small sample."""
        if line.denominator is None or line.numerator is None:
            return ""
        top, bottom = (
            self.words.money(one, currency) if currency else self.words.number(one)
            for one, currency in zip((line.numerator, line.denominator), line.moneys, strict=True)
        )
        text = f"{top} ÷ {bottom}"
        if line.interval is not None:
            low, high = (self.words.percent(one) for one in line.interval)
            text += self.words.say(f" · بازهٔ ۹۵٪: {low} تا {high}", f" · 95 %: {low} to {high}")
        return text

    def value(self, line: Line) -> str:
        """The value, with its unit unless the part's name says it."""
        if line.unit in _SAID_BY_PART and line.part:
            return self.words.number(line.value)
        return self.words.value(line.value, line.unit, line.currency)

    def name(self, line: Line) -> str:
        """The KPI's title, and the part."""
        title = line.kpi.title.of(self.words.lang)
        return f"{title} – {self.part(line)}" if line.part else title

    def target_name(self, target: Mapping[str, Any], line: Line | None) -> str:
        """Whose target it is; ``line``: the KPI's number, where there is one."""
        if line is not None:
            return self.name(line)
        part = target["part"]
        title = (KPIS | BESIDE)[target["kpi"]].title.of(self.words.lang)
        return f"{title} – {self.words.say(*PARTS.get(part, (part, part)))}" if part else title

    def target(self, target: Mapping[str, Any], line: Line | None) -> dict[str, Any]:
        """Where a target stands, as texts; ``share`` and ``expected_share`` of the way are numbers."""
        words = self.words
        unit, currency = _unit(target, line)
        fa, en, mood = VERDICTS[target["verdict"]]
        wanted, expected = target["target"], target["expected"]
        return {
            "name": self.target_name(target, line),
            "owner": target["owner"],
            "target": words.value(wanted, unit, currency),
            "actual": words.value(target["actual"], unit, currency),
            "attainment": words.percent(target["attainment"]),
            "pace": words.percent(target["pace"]),
            "expected": words.value(_whole(expected, unit), unit, currency),
            "forecast": self._forecast(target, unit, currency),
            "deadline": words.moment(_ms(target["deadline"]) - 1),
            "verdict": words.say(fa, en),
            "mood": mood,
            "share": target["attainment"] or 0.0,
            "expected_share": _way(
                expected, wanted, lower=(KPIS | BESIDE)[target["kpi"]].lower_of(target["part"] or "")
            ),
            "warnings": [
                words.say(*_CAUTIONS[one["why"]]).format(words.value(_whole(one["limit"], unit), unit, currency))
                for one in target.get("cautions", ())
            ],
        }

    def course(self, target: Mapping[str, Any], line: Line | None, history: Sequence[TargetSet], now: int) -> str:
        """The chart of a target, as SVG."""
        words = self.words
        unit, currency = _unit(target, line)
        name = self.target_name(target, line)
        title = words.say(f"روند هدف {name}", f"Course of the target of {name}")
        drawn = Course.of(target, history, now)
        return course_chart(title, drawn, words, lambda value: words.brief(value, unit, currency))

    def changes(self, history: Sequence[TargetSet], target: Mapping[str, Any], line: Line | None) -> list[str]:
        """What became of a target, one sentence a change, oldest first."""
        unit, currency = _unit(target, line)
        return [self._change(one, unit, currency) for one in history]

    def _change(self, one: TargetSet, unit: str, currency: str | None) -> str:
        words = self.words
        day = words.moment(to_ms(one.at))
        if one.target is None:
            return words.say(f"{day}: برداشته شد", f"{day}: taken away")
        number = words.value(_number(one.target.get("target")), unit, currency)
        deadline = words.moment(_ms(str(one.target["deadline"])) - 1)
        owner = one.target.get("owner")
        return words.say(
            f"{day}: {number} تا {deadline}، مسئول: {owner}", f"{day}: {number} by {deadline}, owner: {owner}"
        )

    def _forecast(self, target: Mapping[str, Any], unit: str, currency: str | None) -> str:
        numbers = [target["forecast"], *(target["interval"] or ())]
        told = [self.words.value(_whole(one, unit), unit, currency) for one in numbers]
        if target["forecast"] is None or not target["interval"]:
            return told[0]
        low, high = told[1:]
        return told[0] + self.words.say(f" ({low} تا {high})", f" ({low} to {high})")


def _unit(target: Mapping[str, Any], line: Line | None) -> tuple[str, str | None]:
    """Unit and currency of a target's number."""
    if line is not None:
        return line.unit, line.currency
    kpi = (KPIS | BESIDE)[target["kpi"]]
    return next((part.unit for part in kpi.parts if part.name == target["part"]), kpi.parts[0].unit), None


def _whole(value: float | None, unit: str) -> float | None:
    """A count is whole, also one that is expected."""
    return value if value is None or unit in ("ratio", "money", "seconds", "position") else round(value)


def _way(expected: float | None, wanted: float, *, lower: bool) -> float | None:
    """What the attainment would be if the KPI were where it should be by now."""
    if expected is None:
        return None
    top, bottom = (wanted, expected) if lower else (expected, wanted)
    return top / bottom if bottom else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))
