"""The form of the back-test, read."""

import pytest

from listener.alerting.backtest import Span
from listener.board.web.backtest import asked_of, default_span
from models.campaign import Alerts, Campaign

CAMPAIGN = Campaign(id="berimo", alerts=Alerts(false_per_week=0.5))
#: 2026-03-21 12:00 UTC.
UNTIL = 1_774_094_400
#: Midnight of 2026-03-01 in Tehran.
FIRST_MS = 1_772_310_600_000
DAY_MS = 86_400_000


def test_empty_fields_are_the_campaigns_budget_and_the_last_four_weeks() -> None:
    assert default_span(UNTIL) == ("2026-02-21", "2026-03-21")
    asked = asked_of(CAMPAIGN, "", " ", "", UNTIL)
    assert (asked.first, asked.last, asked.sensitivity, asked.problem) == ("2026-02-21", "2026-03-21", 0.5, "")


def test_days_are_whole_and_on_the_campaigns_clock() -> None:
    asked = asked_of(CAMPAIGN, "2026-03-01", "2026-03-02", "2", UNTIL)
    assert asked.span == Span(FIRST_MS, FIRST_MS + 2 * DAY_MS)
    assert asked.sensitivity == 2


@pytest.mark.parametrize("text", ["0", "-1", "21", "nan", "inf", "many"])
def test_a_budget_must_be_one(text: str) -> None:
    asked = asked_of(CAMPAIGN, "", "", text, UNTIL)
    assert asked.problem == "backtest_bad_budget"
    assert asked.sensitivity == 0.5


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-02", "2026-03-01"),
        ("2025-11-01", "2026-03-01"),
        ("1404-12-10", "2026-03-01"),
        ("2026-02-30", "2026-03-01"),
        ("yesterday", "2026-03-01"),
    ],
)
def test_days_must_be_days_in_order_and_not_too_many(first: str, last: str) -> None:
    assert asked_of(CAMPAIGN, first, last, "1", UNTIL).problem == "backtest_bad_dates"


def test_the_most_days_are_allowed_over_a_change_of_the_clock() -> None:
    berlin = Campaign(id="x", timezone="Europe/Berlin")
    assert asked_of(berlin, "2025-09-01", "2025-12-01", "1", UNTIL).problem == ""
