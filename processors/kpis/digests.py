"""When a digest is due, and over which period: whole weeks (Saturday first) or Jalali months, hours after their end.

::

    … Fri │ Sat 00:00  period ends      Sat 08:00  due
    ──────┴──────────────────────────────┴──────────────►
"""

from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from processors.kpis.periods import day_start, local_day, month_start, shift_month, week_start
from processors.windows import HOUR_MS

Every = Literal["weekly", "monthly"]
#: After a longer silence the oldest digests are left out: nobody reads three months of mail at once.
MOST_AT_ONCE: Final = 12
_WEEK: Final = timedelta(days=7)


class Whole(NamedTuple):
    """A whole period, epoch milliseconds, end exclusive."""

    start: int
    end: int


class Schedule(NamedTuple):
    """``hour``: so many hours after a period has ended on the clock of ``zone``."""

    every: Every
    hour: int
    zone: str


def due(schedule: Schedule, sent: int | None, now: int) -> list[Whole]:
    """The periods whose digest should have gone out by ``now``, oldest first.

    ``sent``: the end of the last one that went out; None where none has: then only the last whole period is due.
    """
    first = _first_day(schedule, local_day(now - schedule.hour * HOUR_MS, schedule.zone))
    found: list[Whole] = []
    while len(found) < MOST_AT_ONCE:
        before = _before(schedule, first)
        whole = Whole(day_start(before, schedule.zone), day_start(first, schedule.zone))
        if sent is not None and whole.end <= sent:
            break
        found.append(whole)
        if sent is None:
            break
        first = before
    return found[::-1]


def _first_day(schedule: Schedule, day: date) -> date:
    return week_start(day) if schedule.every == "weekly" else month_start(day)


def _before(schedule: Schedule, first: date) -> date:
    return first - _WEEK if schedule.every == "weekly" else shift_month(first, -1)
