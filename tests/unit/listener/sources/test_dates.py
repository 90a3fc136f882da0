"""Dates of feeds: Jalali, in Persian, in the formats of mail and ISO, with and without offset."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from listener.sources.dates import TEHRAN, parse_date, parse_instant


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1405/09/02", at(20, 30, day=22)),
        ("1405-9-2", at(20, 30, day=22)),
        ("02/09/1405", at(20, 30, day=22)),
        ("۱۴۰۵/۰۹/۰۲ - ۱۰:۱۵", at(6, 45)),
        ("١٤٠٥/٠٩/٠٢ ١٠:١٥", at(6, 45)),
        ("10:15 - 1405/09/02", at(6, 45)),
        ("1405/09/02 ۱۰:۱۵ ب.ظ", at(18, 45)),
        ("1405/09/02 12:05 ق.ظ", at(20, 35, day=22)),
        ("دوشنبه ۲ آذر ماه ۱۴۰۵ ساعت ۱۰:۱۵", at(6, 45)),
        ("2 اذر 1405", at(20, 30, day=22)),
        ("Mon, 02 Azar 1405 10:15:00 +0330", at(6, 45)),
        ("Mon, 02 Sep 1405 10:15:00 +0330", at(6, 45)),
        ("1405-09-02T10:15:00Z", at(10, 15)),
        ("1405-09-02T10:15:00+03:30", at(6, 45)),
        ("14050902", at(20, 30, day=22)),
        ("14050902 10:15", at(6, 45)),
        ("1405/09/02 ۱۰:۱۵ بعدازظهر", at(18, 45)),
        ("1405/09/02 ۱۰:۱۵ صبح", at(6, 45)),
        ("1405/09/02 12:05 بامداد", at(20, 35, day=22)),
        ("1405/09/02 6:45 عصر", at(15, 15)),
        ("1403/12/30", datetime(2025, 3, 19, 20, 30, tzinfo=UTC)),
    ],
)
def test_jalali_dates_are_of_tehran_unless_they_say_otherwise(text: str, expected: datetime) -> None:
    assert parse_date(text, None) == expected
    assert parse_date(text, TEHRAN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 23 Nov 2026 10:15:00 +0330",
        "Mon, 23 Nov 2026 10:15:00 IRST",
        "23 Nov 2026 06:45:00 GMT",
        "2026-11-23T06:45:00Z",
        "2026-11-23T10:15:00+0330",
        "Mon Nov 23 2026 10:15:00 GMT+0330 (Iran Standard Time)",
        "۲۰۲۶-۱۱-۲۳T۱۰:۱۵:۰۰+۰۳:۳۰",
    ],
)
def test_an_offset_wins_over_the_zone(text: str) -> None:
    assert parse_date(text, None) == at(6, 45)
    assert parse_date(text, ZoneInfo("Asia/Tokyo")) == at(6, 45)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 10:15:00",
        "Mon, 23 Nov 2026 10:15:00",
        "Nov 23, 2026 10:15 AM",
        "۲۳ نوامبر ۲۰۲۶، ۱۰:۱۵",
        "23/11/2026 10:15",
    ],
)
def test_a_date_without_offset_is_in_the_zone(text: str) -> None:
    assert parse_date(text, None) == at(10, 15)
    assert parse_date(text, TEHRAN) == at(6, 45)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "10:15",
        "2026",
        "1405",
        "1405/13/45",
        "1404/12/30",
        "1405/09/02 25:00",
        "99999999999999",
        "دیروز",
        "1" * 5000,
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "آذر",
        "30 فوریه 2026",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text, TEHRAN) is None


def test_instants_of_apis() -> None:
    assert parse_instant("2026-11-23T10:15:00+03:30") == at(6, 45)
    assert parse_instant("2026-11-23T06:45:00") == at(6, 45)
    assert [parse_instant(text) for text in (None, "", "yesterday", "0001-01-01T00:00:00+14:00")] == [None] * 4
