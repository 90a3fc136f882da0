"""When a digest is due. Tehran: UTC+3:30; 2026-11-21 is a Saturday, 1405-09-01 is 2026-11-22."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from processors.kpis.digests import MOST_AT_ONCE, Schedule, Whole, due

WEEKLY = Schedule("weekly", 8, "Asia/Tehran")
MONTHLY = Schedule("monthly", 8, "Asia/Tehran")
DAY = 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


WEEK = Whole(ms("2026-11-14T00:00+03:30"), ms("2026-11-21T00:00+03:30"))


def test_a_week_is_due_on_saturday_at_eight() -> None:
    assert due(WEEKLY, WEEK.start, ms("2026-11-21T07:59+03:30")) == []
    assert due(WEEKLY, WEEK.start, ms("2026-11-21T08:00+03:30")) == [WEEK]
    assert due(WEEKLY, WEEK.end, ms("2026-11-21T08:00+03:30")) == []
    assert due(WEEKLY, WEEK.end, ms("2026-11-28T07:59+03:30")) == []


def test_the_first_digest_is_of_the_last_whole_week_only() -> None:
    assert due(WEEKLY, None, ms("2026-11-25T12:00+03:30")) == [WEEK]


def test_what_was_missed_comes_oldest_first() -> None:
    found = due(WEEKLY, WEEK.start, ms("2026-12-05T09:00+03:30"))
    assert found == [Whole(WEEK.start + at * 7 * DAY, WEEK.end + at * 7 * DAY) for at in range(3)]
    long_ago = due(WEEKLY, 0, ms("2026-12-05T09:00+03:30"))
    assert len(long_ago) == MOST_AT_ONCE
    assert long_ago[-1] == found[-1]


def test_months_are_jalali() -> None:
    aban = Whole(ms("2026-10-23T00:00+03:30"), ms("2026-11-22T00:00+03:30"))
    assert due(MONTHLY, None, ms("2026-11-22T08:00+03:30")) == [aban]
    assert due(MONTHLY, aban.end, ms("2026-12-21T23:00+03:30")) == []


@given(st.lists(st.integers(0, 40 * 24), min_size=2, max_size=30), st.sampled_from([WEEKLY, MONTHLY]))
def test_whenever_one_looks_every_period_is_sent_once_and_in_order(hours: list[int], schedule: Schedule) -> None:
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    sent: list[Whole] = []
    for hour in sorted(hours):
        for whole in due(schedule, sent[-1].end if sent else None, start + hour * 3_600_000):
            assert whole.end + 8 * 3_600_000 <= start + hour * 3_600_000
            sent.append(whole)
    assert all(one.end == after.start for one, after in pairwise(sent))
