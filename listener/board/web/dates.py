"""Moments as people write them: the Jalali calendar in Persian, the Gregorian one in English."""

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]

_FA_MONTHS: Final = (
    *("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور"),
    *("مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"),
)
#: Monday first, as ``datetime.weekday`` counts.
_FA_DAYS: Final = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
_EN_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EN_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_FA_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
#: The Persian thousands separator and decimal point.
_FA_MARKS: Final = str.maketrans({",": "٬", ".": "٫", "-": "\u2212"})
#: Before a sign: in right-to-left text it would else end up behind its number.
_LEFT_TO_RIGHT: Final = "\u200e"


class Written(NamedTuple):
    """A moment in words, split where a page wants only a part."""

    day: str
    time: str

    def __str__(self) -> str:
        return f"{self.day}، {self.time}" if self.day[:1] > "\u0600" else f"{self.day}, {self.time}"


def write_moment(moment: datetime, zone: str, language: str) -> Written:
    """The moment on the clock of ``zone``: «جمعه ۲۹ آبان ۱۴۰۵»، «۱۵:۴۲» or ``Fri 20 Nov 2026``, ``15:42``."""
    local = moment.astimezone(ZoneInfo(zone))
    clock = f"{local.hour:02}:{local.minute:02}"
    if language == "fa":
        jalali = jdatetime.date.fromgregorian(date=local.date())
        day = f"{_FA_DAYS[local.weekday()]} {jalali.day} {_FA_MONTHS[jalali.month - 1]} {jalali.year}"
        return Written(persian_digits(day), persian_digits(clock))
    return Written(f"{_EN_DAYS[local.weekday()]} {local.day} {_EN_MONTHS[local.month - 1]} {local.year}", clock)


def write_number(number: float, language: str, decimals: int = 0) -> str:
    """With thousands separators, in the digits of the language."""
    text = f"{number:,.{decimals}f}"
    if language != "fa":
        return text.replace("-", "\u2212")
    written = text.translate(_FA_MARKS).translate(_FA_DIGITS)
    return _LEFT_TO_RIGHT + written if number < 0 else written


def write_share(share: float, language: str) -> str:
    """A share of one in whole percent."""
    return write_number(round(share * 100), language) + ("٪" if language == "fa" else "%")


def persian_digits(text: str) -> str:
    """Latin digits as Persian ones."""
    return text.translate(_FA_DIGITS)
