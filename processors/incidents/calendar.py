"""Which days are not like the others in Iran: weekend, public holidays, Nowruz, Ramadan, the first days of Muharram.

Dates of the lunar year before and after the table of the ``holidays`` library are its estimates; a moon sighted a day
later moves them by one. All dates are local dates of the campaign.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays
import jdatetime  # type: ignore[import-untyped]

_FRIDAY: Final = 4
_NOWRUZ_DAYS: Final = 13
_RAMADAN_DAYS: Final = 30
_TASUA: Final = 9
#: How the library calls what other days are counted from.
_EID_AL_FITR: Final = "Eid al-Fitr"
_TASUA_NAME: Final = "Tasua"


@dataclass(frozen=True)
class Day:
    """What is to know about a local date.

    ``ordinal``: its number. ``off``: Friday or a public holiday. ``unusual``: the habits of the hours do not hold.
    ``occasions``: English names, for people.
    """

    ordinal: int
    off: bool
    unusual: bool
    occasions: tuple[str, ...]


@lru_cache(maxsize=4096)
def day_of(day: date) -> Day:
    """What kind of day a local date is."""
    names = list(_public(day.year).get(day, ()))
    off = day.weekday() == _FRIDAY or bool(names)
    seasons = _seasons(day)
    return Day(day.toordinal(), off, bool(seasons), tuple(dict.fromkeys([*names, *seasons])))


def local_day(at: float, zone: str) -> Day:
    """What kind of day it is at an instant (epoch seconds) in an IANA zone."""
    return day_of(datetime.fromtimestamp(at, _zone(zone)).date())


def slot(at: float, zone: str) -> int:
    """Hour of the local day, 0 to 23, or 24 to 47 on a day off."""
    local = datetime.fromtimestamp(at, _zone(zone))
    return local.hour + 24 * day_of(local.date()).off


def _seasons(day: date) -> list[str]:
    jalali = jdatetime.date.fromgregorian(date=day)
    found = ["Nowruz"] if jalali.month == 1 and jalali.day <= _NOWRUZ_DAYS else []
    for year in (day.year - 1, day.year, day.year + 1):
        if any(timedelta(0) < fitr - day <= timedelta(_RAMADAN_DAYS) for fitr in _named(year, _EID_AL_FITR)):
            found.append("Ramadan")
        if any(timedelta(1 - _TASUA) <= day - tasua <= timedelta(1) for tasua in _named(year, _TASUA_NAME)):
            found.append("Muharram")
    return found


@lru_cache(maxsize=64)
def _public(year: int) -> dict[date, tuple[str, ...]]:
    named = holidays.country_holidays("IR", years=[year], language="en_US")
    return {day: tuple(names.split("; ")) for day, names in named.items() if day.year == year}


@lru_cache(maxsize=64)
def _named(year: int, wanted: str) -> tuple[date, ...]:
    return tuple(day for day, names in _public(year).items() if wanted in _bare(names))


def _bare(names: tuple[str, ...]) -> set[str]:
    return {name.removesuffix(" (estimated)") for name in names}


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
