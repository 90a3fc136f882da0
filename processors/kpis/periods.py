"""Periods: which moments a KPI is of, and which like period stands before it. Days are the campaign's local ones."""

from datetime import date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]

from processors.windows import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, to_ms

Name = Literal["1m", "1h", "24h", "day", "week", "month", "campaign", "custom"]
#: As users may write them.
NAMES: Final[dict[str, Name]] = {
    "1m": "1m",
    "1h": "1h",
    "24h": "24h",
    "day": "day",
    "week": "week",
    "month": "month",
    "campaign": "campaign",
    "jalali_month": "month",
    "jalali-month": "month",
    "campaign_to_date": "campaign",
    "live": "24h",
}
_LIVE_MS: Final = {"1m": MINUTE_MS, "1h": HOUR_MS, "24h": DAY_MS}
_SATURDAY: Final = 5
_WEEK: Final = 7
_MONTHS: Final = 12
#: Years before this are Jalali.
_FIRST_GREGORIAN: Final = 1700


class Span(NamedTuple):
    """From ``start`` inclusive to ``end`` exclusive, epoch milliseconds; None: without bound."""

    start: int | None
    end: int | None

    def holds(self, moment: int) -> bool:
        """Whether a moment lies in it."""
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


class Period(NamedTuple):
    """A span with its name, and the like period before it; None where there is none."""

    name: Name
    span: Span
    before: Span | None


def period(
    name: Name, now: int, zone: str, *, begun: int | None = None, ended: int | None = None, to_date: bool = False
) -> Period:
    """The period of that name which holds ``now`` (epoch milliseconds).

    Live ones end with the minute of ``now``; a day, week or month is the whole one. ``begun`` and ``ended`` are of the
    campaign. ``to_date``: its period ends at ``now``; otherwise it holds all there is up to the campaign's end.
    """
    if name in _LIVE_MS:
        end, size = _next_minute(now), _LIVE_MS[name]
        return Period(name, Span(end - size, end), Span(end - 2 * size, end - size))
    if name == "campaign":
        end = min(_next_minute(now), _next_minute(now) if ended is None else ended)
        before = None if begun is None or begun >= end else Span(begun - (end - begun), begun)
        return Period(name, Span(begun, end if to_date else ended), before)
    today = local_day(now, zone)
    first, after, earlier = _calendar(name, today)
    return Period(name, _days(first, after, zone), _days(earlier, first, zone))


def custom(start: int, end: int, zone: str) -> Period:
    """Any span. Whole Jalali months are compared with as many months before, anything else with as long a span."""
    months = _whole_months(start, end, zone)
    if months:
        first = local_day(start, zone)
        return Period("custom", Span(start, end), _days(shift_month(first, -months), first, zone))
    return Period("custom", Span(start, end), Span(start - (end - start), start))


def local_day(moment: int, zone: str) -> date:
    """The day on the wall clock of a zone."""
    return from_ms(moment).astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> int:
    """Local midnight, epoch milliseconds."""
    return to_ms(datetime.combine(day, time.min, ZoneInfo(zone)))


def month_start(day: date) -> date:
    """First day of the Jalali month that holds a day."""
    jalali = jdatetime.date.fromgregorian(date=day)
    first: date = jalali.replace(day=1).togregorian()
    return first


def jalali_month(day: date) -> str:
    """The Jalali month that holds a day, such as ``1405-01``."""
    jalali = jdatetime.date.fromgregorian(date=day)
    return f"{jalali.year:04}-{jalali.month:02}"


def shift_month(day: date, months: int) -> date:
    """First day of the Jalali month so many months on."""
    jalali = jdatetime.date.fromgregorian(date=day)
    years, month = divmod(jalali.month - 1 + months, _MONTHS)
    first: date = jdatetime.date(jalali.year + years, month + 1, 1).togregorian()
    return first


def week_start(day: date) -> date:
    """The Saturday on or before a day."""
    return day - timedelta(days=(day.weekday() - _SATURDAY) % _WEEK)


def read_day(text: str) -> date:
    """A date in either calendar, as in 2026-03-21 or 1405-01-01; ValueError for anything else."""
    year, month, day = (int(part) for part in text.split("-"))
    if year < _FIRST_GREGORIAN:
        gregorian: date = jdatetime.date(year, month, day).togregorian()
        return gregorian
    return date(year, month, day)


def _calendar(name: str, today: date) -> tuple[date, date, date]:
    """(first day, first day after, first day of the one before)."""
    if name == "day":
        return today, today + timedelta(days=1), today - timedelta(days=1)
    if name == "week":
        first = week_start(today)
        return first, first + timedelta(days=_WEEK), first - timedelta(days=_WEEK)
    first = month_start(today)
    return first, shift_month(first, 1), shift_month(first, -1)


def _days(first: date, after: date, zone: str) -> Span:
    return Span(day_start(first, zone), day_start(after, zone))


def _next_minute(now: int) -> int:
    return now // MINUTE_MS * MINUTE_MS + MINUTE_MS


def _whole_months(start: int, end: int, zone: str) -> int:
    """How many whole Jalali months a span is; 0 where it is none."""
    first, after = local_day(start, zone), local_day(end, zone)
    if day_start(first, zone) != start or day_start(after, zone) != end:
        return 0
    if month_start(first) != first or month_start(after) != after:
        return 0
    begin, done = jdatetime.date.fromgregorian(date=first), jdatetime.date.fromgregorian(date=after)
    months: int = (done.year - begin.year) * _MONTHS + done.month - begin.month
    return months
