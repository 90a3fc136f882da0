"""Numbers, dates and words as a reader of the report writes them."""

from datetime import date
from fractions import Fraction
from typing import Final

import jdatetime  # type: ignore[import-untyped]

from models.kpis.shape import Lang
from processors.kpis.periods import local_day

Number = int | float | Fraction
#: A zero-width mark that keeps a number with a sign in its own direction inside Persian text.
_LRM: Final = "\u200e"
#: The same for words inside what runs from left to right.
_RLM: Final = "\u200f"
_PERSIAN: Final = str.maketrans("0123456789,.%-", "۰۱۲۳۴۵۶۷۸۹٬٫٪−")
_MONTHS_FA: Final = (
    *("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"),
)
_MONTHS_JALALI_EN: Final = (
    *("Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar"),
    *("Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand"),
)
_MONTHS_GREGORIAN_FA: Final = (
    *("ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"),
)
_MONTHS_EN: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
#: Units in words; money has the currency instead.
UNITS: Final[dict[str, tuple[str, str]]] = {
    "sessions": ("نشست", "sessions"),
    "seconds": ("ثانیه", "seconds"),
    "count": ("", ""),
    "links": ("پیوند", "links"),
    "domains": ("دامنه", "domains"),
    "articles": ("مقاله", "articles"),
    "stories": ("خبر یکتا", "stories"),
    "position": ("", ""),
    "rank": ("", ""),
    "ratio": ("", ""),
}
_CURRENCIES_FA: Final = {"USD": "دلار", "EUR": "یورو", "AED": "درهم", "TRY": "لیره"}
_WHOLE: Final = 100
_PERCENT: Final = 100
_TOMAN: Final = 10
_TENTH: Final = 0.1
#: What long numbers of an axis are counted in: from which number on, what is one, and its name.
_SIZES: Final = (
    (1_000_000_000, 1_000_000_000, " میلیارد", "bn"),
    (1_000_000, 1_000_000, " میلیون", "m"),
    (10_000, 1_000, " هزار", "k"),
)


class Words:
    """Writes for one reader: language and calendar."""

    def __init__(self, lang: Lang, calendar: str, zone: str) -> None:
        self.lang: Lang = lang
        self.calendar = calendar
        self.zone = zone

    def say(self, fa: str, en: str) -> str:
        """One of two texts."""
        return fa if self.lang == "fa" else en

    def digits(self, text: str) -> str:
        """Digits and signs of the language; what has a sign keeps its direction."""
        if self.lang == "en":
            return text
        return (_LRM if text[:1] in "-+" else "") + text.translate(_PERSIAN)

    def number(self, value: Number | None) -> str:
        """A number with separators; decimals only where they say something."""
        if value is None:
            return "–"
        known = float(value)
        if known == int(known):
            return self.digits(f"{int(known):,}")
        places = 0 if abs(known) >= _WHOLE * 10 else 1 if abs(known) >= _WHOLE else 2
        return self.digits(f"{known:,.{places}f}")

    def change(self, share: Number) -> str:
        """How much something changed: one decimal is enough of it, from 100 % on none."""
        known = abs(float(share)) * _PERCENT
        return self.digits(f"{known:,.{0 if known >= _PERCENT else 1}f}%")

    def percent(self, share: Number | None, *, signed: bool = False) -> str:
        """A share as per cent; tiny ones with more decimals."""
        if share is None:
            return "–"
        known = float(share) * _PERCENT
        size = abs(known)
        places = 0 if size >= _PERCENT or not size else 1 if size >= 1 else 2 if size >= _TENTH else 3
        return self.digits(f"{known:{'+' if signed else ''},.{places}f}%")

    def money(self, value: Number | None, currency: str | None) -> str:
        """An amount with its currency; to a Persian reader rials are toman."""
        if value is None:
            return "–"
        if self.lang == "fa" and currency == "IRR":
            return f"{self.number(round(float(value) / _TOMAN))} تومان"
        name = _CURRENCIES_FA.get(currency or "", currency or "") if self.lang == "fa" else currency or ""
        return f"{self.number(value)} {name}".strip()

    def value(self, value: Number | None, unit: str, currency: str | None = None) -> str:
        """A KPI's value with its unit."""
        if unit == "ratio":
            return self.percent(value)
        if unit == "money":
            return self.money(value, currency)
        word = UNITS.get(unit, ("", ""))[0 if self.lang == "fa" else 1]
        return self.number(value) if value is None else f"{self.number(value)} {word}".strip()

    def brief(self, value: float, unit: str, currency: str | None = None) -> str:
        """A number as an axis has it: short, without a unit but for shares."""
        if unit == "ratio":
            percent = round(value * _PERCENT, 3)
            return self.digits(f"{percent:g}%")
        known = value / _TOMAN if self.lang == "fa" and currency == "IRR" else value
        for limit, size, fa, en in _SIZES:
            if abs(known) >= limit:
                return f"{self.number(round(known / size, 1))}{self.say(fa, en)}"
        return self.number(round(known, 2) if unit in ("position", "seconds") else round(known))

    def day(self, day: date) -> str:
        """A date in words."""
        if self.calendar == "jalali":
            told = jdatetime.date.fromgregorian(date=day)
            month = (_MONTHS_FA if self.lang == "fa" else _MONTHS_JALALI_EN)[told.month - 1]
        else:
            told = day
            month = (_MONTHS_GREGORIAN_FA if self.lang == "fa" else _MONTHS_EN)[told.month - 1]
        return f"{self.digits(str(told.day))} {month} {self.digits(str(told.year))}"

    def short_day(self, day: date) -> str:
        """A date as an axis has it: day and month, in the order of the language though a chart is left to right."""
        return _RLM * (self.lang == "fa") + self.day(day).rpartition(" ")[0]

    def axis_day(self, ms: int) -> str:
        """The local day of a moment as an axis has it."""
        return self.short_day(local_day(ms, self.zone))

    def moment(self, ms: int) -> str:
        """The local day of a moment (epoch milliseconds) in words."""
        return self.day(local_day(ms, self.zone))

    def span(self, start: int, end: int) -> str:
        """From the first to the last day of a span in words."""
        first, last = local_day(start, self.zone), local_day(end - 1, self.zone)
        return self.day(first) if first == last else f"{self.day(first)} {self.say('تا', 'to')} {self.day(last)}"
