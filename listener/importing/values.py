"""What stands in a cell of a spreadsheet, read as our types: Persian digits, Jalali dates, separators of thousands."""

import re
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]

from models.persian import DIGITS

_ASCII: Final = str.maketrans(
    {**{digit: plain for digit, plain in DIGITS.items() if len(digit) == 1}, "٫": ".", "٬": ","}
)
_DATE: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(.*))?")
_GROUPED: Final = re.compile(r"-?\d{1,3}([,،  ]\d{3})+(\.\d+)?")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_FIRST_GREGORIAN: Final = 1700
_OFFSET: Final = re.compile(r"Z|[+-]\d{2}:?\d{2}")
_TRUE: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "بله": True,
    "false": False,
    "no": False,
    "0": False,
    "خیر": False,
}


def plain(value: Any) -> str:
    """A cell as text with ASCII digits, trimmed; of a whole number without ``.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip().translate(_ASCII).strip("\u200e\u200f\u202a\u202c")


def read_date(value: Any) -> str:
    """A date of either calendar as ``2026-03-21``; ValueError for what is none."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    found = _DATE.fullmatch(plain(value))
    if found is None:
        raise ValueError(f"{value!r} is no date, such as 2026-03-21 or ۱۴۰۵/۰۱/۰۱")
    return _day(found).isoformat()


def read_time(value: Any, zone: str) -> str:
    """A time as RFC 3339; a date alone is its midnight, and a time without an offset is in ``zone``."""
    if isinstance(value, datetime):
        told = value
    elif isinstance(value, date):
        told = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    else:
        told = _told(plain(value))
    return (
        (told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone)))
        .astimezone(UTC)
        .isoformat()
        .replace("+00:00", "Z")
    )


def read_number(value: Any) -> str:
    """A number as it is written in JSON: separators of thousands go; ValueError for anything else."""
    text = plain(value)
    if _GROUPED.fullmatch(text):
        text = re.sub(r"[,،  ]", "", text)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{value!r} is no number")
    return text


def read_flag(value: Any) -> bool:
    """Yes or no, in either language."""
    if isinstance(value, bool):
        return value
    known = _TRUE.get(plain(value).lower())
    if known is None:
        raise ValueError(f"{value!r} is neither yes nor no")
    return known


def _told(text: str) -> datetime:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time, such as 2026-03-21T08:00 or ۱۴۰۵/۰۱/۰۱ ۰۸:۰۰")
    day, hour, minute, second, rest = _day(found), *found.group(4, 5, 6, 7)
    offset = (rest or "").strip()
    if offset and not _OFFSET.fullmatch(offset):
        raise ValueError(f"{text!r}: {offset!r} is no UTC offset")
    clock = f"{int(hour or 0):02}:{minute or '00'}:{second or '00'}"
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}{offset}")


def _day(found: re.Match[str]) -> date:
    year, month, day = (int(part) for part in found.group(1, 2, 3))
    try:
        if year < _FIRST_GREGORIAN:
            gregorian: date = jdatetime.date(year, month, day).togregorian()
            return gregorian
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no day {found.group(0)}") from None
