"""The parts of the watch: calendar, baseline, budget, drift, silence."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from processors.incidents.baseline import SLOTS, Baseline
from processors.incidents.budget import RATES, rate_of, thresholds
from processors.incidents.calendar import day_of, local_day, slot
from processors.incidents.drift import DECISION, Drift
from processors.incidents.silence import Silence, SilenceState, take_row


@pytest.mark.parametrize(
    ("day", "off", "unusual", "occasion"),
    [
        (date(2026, 3, 21), True, True, "Nowruz"),
        (date(2026, 4, 2), True, True, "Nowruz"),  # the thirteenth day
        (date(2026, 4, 3), True, False, None),  # a Friday like any other
        (date(2026, 4, 4), False, False, None),
        (date(2026, 2, 19), False, True, "Ramadan"),
        (date(2026, 6, 25), True, True, "Ashura"),
        (date(2026, 6, 18), False, True, "Muharram"),
        (date(2026, 6, 27), False, False, None),
        (date(2026, 2, 11), True, False, "Islamic Revolution Day"),
    ],
)
def test_days_in_iran(day: date, off: bool, unusual: bool, occasion: str | None) -> None:  # noqa: FBT001
    found = day_of(day)
    assert (found.off, found.unusual) == (off, unusual)
    assert occasion is None or occasion in found.occasions


def test_the_local_date_counts() -> None:
    thursday_evening = datetime(2026, 10, 8, 20, 29, tzinfo=UTC).timestamp()
    assert not local_day(thursday_evening, "Asia/Tehran").off
    assert local_day(thursday_evening + 60, "Asia/Tehran").off
    assert (slot(thursday_evening, "Asia/Tehran"), slot(thursday_evening + 60, "Asia/Tehran")) == (23, 24)


def test_a_baseline_is_the_mean_of_its_hour() -> None:
    baseline = Baseline()
    for amount in (4, 6) * 6:
        baseline.learn(10, amount)
    assert baseline.expected(10) == pytest.approx(5.0)
    assert baseline.expected((10 + SLOTS // 2) % SLOTS) == pytest.approx(5.0), "of the other kind of day until known"
    assert baseline.expected(3) == pytest.approx(5.0), "of all until known"


def test_a_budget_is_kept_to_and_monotone() -> None:
    budgets = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
    scores = [thresholds(budget).score for budget in budgets]
    assert all(before >= after for before, after in pairwise(scores))
    for budget, score in zip(budgets, scores, strict=True):
        if RATES[0][0] < score < RATES[-1][0]:
            assert rate_of(score) == pytest.approx(budget, rel=1e-6)


def test_unusual_days_get_half_of_it() -> None:
    assert thresholds(1.0, unusual=True).score == thresholds(0.5).score


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_must_be_positive(budget: float) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        thresholds(budget)


def feed_days(drift: Drift, totals: list[int], first: int = 0) -> list[float]:
    """CUSUM after each day's end; a day of 288 rows."""
    found = []
    for day, total in enumerate([*totals, 0], start=first):
        for row in range(288 if day < first + len(totals) else 1):
            ended = drift.take(day, total if row == 0 else 0, off=False)
            if ended is not None:
                found.append(ended[0])
    return found


def test_a_drift_of_a_tenth_a_day_is_seen_and_steady_days_are_not() -> None:
    steady = [1000, 1030, 970, 1010, 990, 1020, 980, 1000] * 3
    drift = Drift()
    assert max(feed_days(drift, steady)) < DECISION
    rising = [int(1000 * 1.1**day) for day in range(1, 9)]
    assert max(feed_days(drift, rising, first=len(steady))) >= DECISION


def test_one_wild_day_is_no_drift() -> None:
    drift = Drift()
    assert max(feed_days(drift, [1000] * 20 + [50_000] + [1000] * 5)) < DECISION


def test_a_day_with_holes_is_left_out() -> None:
    drift = Drift()
    for row in range(200):
        drift.take(0, 10, off=False)
        assert row >= 0
    assert drift.take(1, 10, off=False) is None
    assert drift.past == []


def rows(state: SilenceState, first: int, end: int, amount: int, *, live: bool = True) -> list[Silence]:
    found = []
    for index in range(first, end):
        found += take_row(state, index * 300, {"telegram": amount, "twitter": 5}, "Asia/Tehran", live=live)
    return found


def test_a_silent_source_is_told_once_and_its_return() -> None:
    state = SilenceState()
    assert rows(state, 0, 600, 10) == []
    (silent,) = rows(state, 600, 640, 0)
    # 5 mentions owed a row: 20 after four rows, but half an hour at least.
    assert (silent.platform, silent.since, silent.noticed, silent.back) == ("telegram", 600 * 300, 606 * 300, None)
    (back,) = rows(state, 640, 650, 10)
    assert (back.platform, back.noticed, back.back) == ("telegram", 606 * 300, 641 * 300)


def test_a_source_that_seldom_speaks_is_given_time() -> None:
    state = SilenceState()
    for index in range(600):
        take_row(state, index * 300, {"telegram": int(index % 12 == 0)}, "Asia/Tehran", live=True)
    found = [
        (index, one) for index in range(600, 1600) for one in take_row(state, index * 300, {}, "Asia/Tehran", live=True)
    ]
    # One in an hour, half of it owed: twenty are owed after forty hours.
    ((index, _),) = found
    assert 590 + 40 * 12 - 60 < index < 600 + 40 * 12 + 60


def test_replayed_rows_and_holes_owe_nothing() -> None:
    state = SilenceState()
    rows(state, 0, 600, 10)
    assert rows(state, 600, 700, 0, live=False) == []
    assert rows(state, 800, 801, 0) == []


def test_rows_that_were_taken_change_nothing() -> None:
    state = SilenceState()
    rows(state, 0, 10, 10)
    assert take_row(state, 5 * 300, {"telegram": 99}, "Asia/Tehran", live=True) == []
    assert state.sources["telegram"].baseline.level == pytest.approx(10.0)
