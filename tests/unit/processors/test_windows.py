"""Which minute, local hour and local day a moment belongs to."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from processors.windows import (
    DAY_MS,
    day_start,
    from_ms,
    hour_start,
    local_seconds,
    minute_start,
    rfc3339,
    to_ms,
)

TEHRAN = "Asia/Tehran"


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def wall(seconds: int) -> str:
    """Local seconds as the clock on the wall shows them."""
    return (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat(" ", "minutes")  # noqa: DTZ001 - local


@pytest.mark.parametrize(
    ("moment", "zone", "hour", "day"),
    [
        ("2026-03-20T20:29:59Z", TEHRAN, "2026-03-20 23:00", "2026-03-20 00:00"),
        ("2026-03-20T20:30:00Z", TEHRAN, "2026-03-21 00:00", "2026-03-21 00:00"),
        ("2022-03-21T20:29:59Z", TEHRAN, "2022-03-21 23:00", "2022-03-21 00:00"),
        ("2022-03-21T20:30:00Z", TEHRAN, "2022-03-22 01:00", "2022-03-22 00:00"),
        ("2018-09-21T18:30:00Z", TEHRAN, "2018-09-21 23:00", "2018-09-21 00:00"),
        ("2018-09-21T19:45:00Z", TEHRAN, "2018-09-21 23:00", "2018-09-21 00:00"),
        ("2018-09-21T20:30:00Z", TEHRAN, "2018-09-22 00:00", "2018-09-22 00:00"),
        ("2026-03-08T06:59:59Z", "America/New_York", "2026-03-08 01:00", "2026-03-08 00:00"),
        ("2026-03-08T07:00:00Z", "America/New_York", "2026-03-08 03:00", "2026-03-08 00:00"),
        ("2026-11-01T05:30:00Z", "America/New_York", "2026-11-01 01:00", "2026-11-01 00:00"),
        ("2026-11-01T06:30:00Z", "America/New_York", "2026-11-01 01:00", "2026-11-01 00:00"),
        ("2026-04-04T14:59:00Z", "Australia/Lord_Howe", "2026-04-05 01:00", "2026-04-05 00:00"),
        ("2026-04-04T15:00:00Z", "Australia/Lord_Howe", "2026-04-05 01:00", "2026-04-05 00:00"),
        ("2026-04-04T15:30:00Z", "Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-05 00:00"),
        ("2026-06-01T18:14:59Z", "Asia/Kathmandu", "2026-06-01 23:00", "2026-06-01 00:00"),
        ("2026-06-01T18:15:00Z", "Asia/Kathmandu", "2026-06-02 00:00", "2026-06-02 00:00"),
    ],
)
def test_hours_and_days_follow_the_wall_clock(moment: str, zone: str, hour: str, day: str) -> None:
    assert wall(hour_start(ms(moment), zone)) == hour
    assert wall(day_start(ms(moment), zone)) == day


@pytest.mark.parametrize("zone", [TEHRAN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_seconds_agree_with_zoneinfo_around_every_change(zone: str) -> None:
    """Every quarter-hour of four decades, one second before and after: cached offsets must not reach over a change."""
    tz = ZoneInfo(zone)
    begin, end = ms("1972-01-01T00:00:00Z"), ms("2030-01-01T00:00:00Z")
    step = 6 * 3_600_000
    offsets = [(at, from_ms(at).astimezone(tz).utcoffset()) for at in range(begin, end, step)]
    changes = [at for (at, one), (_, other) in pairwise(offsets) if one != other]
    for change in changes:
        for quarter in range(change, change + step + 1, 900_000):
            for at in (quarter - 1000, quarter, quarter + 1000):
                local = from_ms(at).astimezone(tz).replace(tzinfo=UTC)
                assert local_seconds(at, zone) == to_ms(local) // 1000, (zone, rfc3339(at))


def test_a_minute_is_utc_and_a_moment_before_1970_belongs_to_the_minute_that_began_before_it() -> None:
    assert minute_start(59_999) == 0
    assert minute_start(60_000) == 60
    assert minute_start(-1) == -60
    assert minute_start(-60_000) == -60
    assert minute_start(-60_001) == -120


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+00:00", "1969-12-31T23:59:59+00:00", "9999-12-31T23:59:59.999+00:00"]
)
@pytest.mark.parametrize("zone", [TEHRAN, "America/New_York", "Pacific/Kiritimati", "UTC"])
def test_far_moments_have_windows(moment: str, zone: str) -> None:
    at = ms(moment)
    assert minute_start(at) <= at // 1000 < minute_start(at) + 60
    local = local_seconds(at, zone)
    assert abs(local - at // 1000) <= 14 * 3600
    assert hour_start(at, zone) <= local < hour_start(at, zone) + 3600
    assert day_start(at, zone) <= local < day_start(at, zone) + 86400


def test_before_1970_a_zone_has_the_offset_that_it_had_then() -> None:
    """Local mean time (Tehran had +3:25:44) would cut hours where no clock ever struck."""
    assert local_seconds(ms("1900-01-01T00:00:00Z"), TEHRAN) == ms("1900-01-01T03:30:00Z") // 1000


def test_milliseconds_round_down() -> None:
    assert to_ms(datetime(1970, 1, 1, 0, 0, 0, 1999, UTC)) == 1
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1
    assert to_ms(datetime(1970, 1, 1, 3, 30, tzinfo=timezone(timedelta(hours=3.5)))) == 0


def test_a_moment_survives_its_milliseconds() -> None:
    assert from_ms(ms("2018-05-05T18:46:00.123Z")) == datetime(2018, 5, 5, 18, 46, 0, 123_000, UTC)


@pytest.mark.parametrize(
    "beyond", [2**63 - 1, -(2**63), ms("9999-12-31T23:59:59-12:00"), ms("0001-01-01T00:00:00+14:00")]
)
def test_moments_that_utc_has_no_date_for_do_not_stop_the_counting(beyond: int) -> None:
    assert abs(to_ms(from_ms(beyond))) <= abs(beyond)
    assert rfc3339(beyond)[:4] in {"0001", "9999"}


def test_rfc3339_is_utc_in_whole_seconds() -> None:
    assert rfc3339(ms("2018-05-05T22:16:00.999+03:30")) == "2018-05-05T18:46:00Z"
    assert rfc3339(-DAY_MS) == "1969-12-31T00:00:00Z"


def test_an_unknown_zone_is_an_error_not_utc() -> None:
    with pytest.raises(KeyError):
        local_seconds(0, "Mars/Olympus")
