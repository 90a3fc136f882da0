"""Dates as feeds write them: RFC 822, ISO 8601, and Persian ones, in the Jalali calendar or in Persian words.

Feed parsers read ``1405/09/02`` as a year of the Middle Ages and take a date without offset for UTC. Here a year from
1300 to 1499 is Jalali, and a date without offset is in the zone of its feed.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]
from dateutil import parser as dateutil_parser  # type: ignore[import-untyped]

from models.persian import DIGITS, LETTERS

TEHRAN: Final = ZoneInfo("Asia/Tehran")

#: No date of a feed is longer, which keeps the patterns cheap on hostile input, and a bare year is no date.
_SHORTEST, _LONGEST = 6, 100
#: Years that an article on the web can claim; anything else is a misread number.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_JALALI_YEARS: Final = range(1300, 1500)

_JALALI_MONTHS: Final = (
    ("فروردین", "farvardin"),
    ("اردیبهشت", "ordibehesht"),
    ("خرداد", "khordad"),
    ("تیر", "tir"),
    ("مرداد", "امرداد", "mordad", "amordad"),
    ("شهریور", "shahrivar"),
    ("مهر", "mehr"),
    ("آبان", "ابان", "aban"),
    ("آذر", "اذر", "azar"),
    ("دی", "dey", "day"),
    ("بهمن", "bahman"),
    ("اسفند", "esfand"),
)
#: Besides Persian: what a Gregorian formatter makes of a Jalali date ("02 Sep 1405" is the ninth month).
_GREGORIAN_MONTHS: Final = (
    ("ژانویه", "jan", "january"),
    ("فوریه", "feb", "february"),
    ("مارس", "mar", "march"),
    ("آوریل", "آپریل", "apr", "april"),
    ("مه", "می", "may"),
    ("ژوین", "جون", "jun", "june"),
    ("ژوییه", "جولای", "jul", "july"),
    ("اوت", "آگوست", "اگوست", "aug", "august"),
    ("سپتامبر", "sep", "september"),
    ("اکتبر", "oct", "october"),
    ("نوامبر", "nov", "november"),
    ("دسامبر", "dec", "december"),
)
_MONTHS: Final[dict[str, int]] = {
    name: number
    for calendar in (_JALALI_MONTHS, _GREGORIAN_MONTHS)
    for number, names in enumerate(calendar, 1)
    for name in names
}
_MONTH: Final = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))

_CALENDAR_DAYS: Final = (
    re.compile(r"(?<!\d)(?P<year>1[34]\d\d) ?[-/.] ?(?P<month>\d{1,2}) ?[-/.] ?(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2}) ?[-/.] ?(?P<month>\d{1,2}) ?[-/.] ?(?P<year>1[34]\d\d)(?!\d)"),
    re.compile(r"^(?P<year>1[34]\d\d)(?P<month>\d\d)(?P<day>\d\d)(?=[t ]|$)"),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})[ -]?(?P<name>{_MONTH})(?: ?ماه)?[ ,،-]*(?P<year>\d{{4}})(?!\d)"),
    re.compile(rf"(?<!\w)(?P<name>{_MONTH}) (?P<day>\d{{1,2}})[ ,،]+(?P<year>\d{{4}})(?!\d)"),
)
_CLOCK: Final = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)? ?"
    r"(?P<half>[ap]m|[قب]\.?ظ|قبل ?از ?ظهر|بعد ?از ?ظهر|صبح|بامداد|عصر)?"
)
_AFTERNOON: Final = re.compile(r"p|ب\.?ظ|بعد|عصر")
_OFFSET: Final = re.compile(r"(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})(?!\d)")
_UTC_NAME: Final = re.compile(r"\b(?:z|utc|gmt)\b")
#: As mail parsers take them; "GMT+0330" is east of Greenwich, whatever POSIX says.
_ZONE_NAMES: Final = {"irst": "+0330", "irdt": "+0430", "gmt": "", "utc": ""}
_ZONE_NAME: Final = re.compile(r"\b(?:irst|irdt)\b|(?:gmt|utc)(?=[+-]\d)", re.IGNORECASE)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_CANONICAL: Final = str.maketrans({**LETTERS, **DIGITS})


def parse_date(text: str, zone: tzinfo | None) -> datetime | None:
    """The instant in UTC, or None for what is no date.

    ``zone`` is where a date without offset was written; None: Tehran for a Jalali date, otherwise UTC.
    """
    plain = " ".join(_INVISIBLE.sub("", text[: 2 * _LONGEST].translate(_CANONICAL)).split())
    if not _SHORTEST <= len(plain) <= _LONGEST:
        return None
    plain = _ZONE_NAME.sub(lambda name: _ZONE_NAMES[name[0].lower()], plain)
    try:
        found = _in_persian(plain.lower(), zone) or _in_gregorian(plain)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone or UTC)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def parse_instant(text: str | None) -> datetime | None:
    """The instant of an ISO 8601 time of an API, in UTC; without offset it is UTC. None for anything else."""
    try:
        instant = datetime.fromisoformat(text or "")
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def named_offset(text: str) -> tzinfo | None:
    """The offset from UTC that a date names after its time of day; None for none and for UTC itself."""
    plain = _ZONE_NAME.sub(lambda name: _ZONE_NAMES[name[0].lower()], text[:_LONGEST].translate(_CANONICAL))
    clock = _CLOCK.search(plain.lower())
    offset = _offset(plain[clock.end() :]) if clock else None
    return offset if offset is not None and offset.utcoffset(None) else None


def _in_persian(text: str, zone: tzinfo | None) -> datetime | None:
    """A date with a Jalali year or a month in Persian; None when it has neither. Raises ValueError for no real day."""
    day = next((match for pattern in _CALENDAR_DAYS if (match := pattern.search(text))), None)
    if day is None:
        return None
    parts = day.groupdict()
    month = _MONTHS[parts["name"]] if parts.get("name") else int(parts["month"])
    year, is_jalali = int(parts["year"]), int(parts["year"]) in _JALALI_YEARS
    if not is_jalali and parts["name"].isascii():
        return None
    rest = f"{text[: day.start()]} {text[day.end() :]}"
    hour, minute, second, offset = _time_of_day(rest)
    if is_jalali:
        date = jdatetime.date(year, month, int(parts["day"])).togregorian()
    else:
        date = datetime(year, month, int(parts["day"]), tzinfo=UTC).date()
    return datetime(
        *(date.year, date.month, date.day),
        *(hour, minute, second),
        tzinfo=offset or zone or (TEHRAN if is_jalali else UTC),
    )


def _time_of_day(text: str) -> tuple[int, int, int, tzinfo | None]:
    """Hour, minute, second and offset beside a date; midnight without a clock time."""
    clock = _CLOCK.search(text)
    if clock is None:
        return 0, 0, 0, None
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if _AFTERNOON.match(clock["half"]) else 0)
    return hour, int(clock["minute"]), int(clock["second"] or 0), _offset(text[clock.end() :])


def _offset(text: str) -> tzinfo | None:
    match = _OFFSET.search(text)
    if match is None:
        return UTC if _UTC_NAME.search(text) else None
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(size if match["sign"] == "+" else -size)


def _in_gregorian(text: str) -> datetime:
    """Raises ValueError or OverflowError for what no parser reads as a date."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(text)
        except (ValueError, TypeError, IndexError):
            continue
    # Parts that a text lacks come from year 1, which is no year of a feed: "10:25" is not a date of today.
    found: datetime = dateutil_parser.parse(
        text,
        default=datetime(1, 1, 1),  # noqa: DTZ001 - the text may have an offset
        dayfirst=not text[:4].isdecimal(),
        tzinfos=lambda _name, seconds: seconds,
    )
    return found
