"""``start`` and ``end`` of a campaign file, as points in time."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FIRST_GREGORIAN_YEAR: Final = 1900


def start_ms(text: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds of the first instant: of a date, its local midnight. Raises ValueError with a hint."""
    if _DATE.fullmatch(text):
        return _epoch_ms(_midnight(_gregorian(text), zone))
    return _epoch_ms(_instant(text))


def end_ms(text: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds of the first instant past the end: a date counts to its last instant. Raises ValueError."""
    if _DATE.fullmatch(text):
        return _epoch_ms(_midnight(_gregorian(text) + timedelta(days=1), zone))
    return _epoch_ms(_instant(text))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _gregorian(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no date {text}") from None
    if day.year < _FIRST_GREGORIAN_YEAR:
        raise ValueError(f"{text} looks like a Persian (Jalali) date; give the Gregorian one")
    return day


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is neither a date (2026-03-21) nor an RFC 3339 time") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no UTC offset; add one, as in 2026-03-21T08:00:00+03:30, or give a date alone")
    return instant


def _epoch_ms(instant: datetime) -> int:
    return int(instant.timestamp()) * 1000 + instant.microsecond // 1000
