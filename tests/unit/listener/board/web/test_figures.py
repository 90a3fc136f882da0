"""Figures from closed minutes, computed by hand."""

from listener.board.closed import ClosedMinutes
from listener.board.web.figures import DAY_S, HOUR_S, Against, Figures
from models.series import ClosedMinute

#: 18:17 of some day: hours of the clock and hours before now are not the same.
END = 1_795_000_000 // 60 * 60


def minute(ago: int, completeness: float = 1.0, **counts: int) -> ClosedMinute:
    """The minute that ended so many minutes before ``END``."""
    return ClosedMinute(
        "berimo", END - 60 * (ago + 1), {"twitter": counts} if counts else {}, completeness=completeness, delay_s=96
    )


def figures(minutes: list[ClosedMinute]) -> Figures:
    closed = ClosedMinutes()
    for one in sorted(minutes, key=lambda one: one.minute):
        closed.take(one)
    return Figures(closed)


def measured(days: int, amounts: dict[int, int]) -> list[ClosedMinute]:
    """So many days of minutes, with mentions where ``amounts`` (minutes ago → mentions) says so."""
    return [minute(ago, **({"mentions": amounts[ago]} if ago in amounts else {})) for ago in range(days * 1440)]


def test_the_last_hour_against_the_same_hour_of_past_days() -> None:
    amounts = {0: 4, 59: 5, 60: 100, **{day * 1440 + 30: day for day in range(1, 8)}}
    found = figures(measured(8, amounts)).summary("berimo")
    assert found is not None
    assert found.hour == Against(9, 4, 7), "the median of 1 … 7; what is 60 minutes ago is in the hour before"
    assert found.hour.factor == 9 / 4
    assert (found.until, found.completeness, found.delay_s) == (END, 1.0, 96)


def test_a_day_against_the_days_before_and_hour_by_hour() -> None:
    amounts = {0: 1, 61: 2, 1439: 3, **{day * 1440 + 700: 10 * day for day in range(1, 8)}}
    made = figures(measured(8, amounts))
    details, summary = made.details("berimo"), made.summary("berimo")
    assert details is not None
    assert summary is not None
    assert details.day == Against(6, 40, 7)
    assert summary.spark == (3, *[0] * 21, 2, 1)
    assert summary.day_now == 6


def test_usual_needs_three_measured_days_and_silence_is_measured() -> None:
    assert figures(measured(3, {})).summary("berimo").hour == Against(0, None, 2)
    silent = figures(measured(4, {0: 7})).summary("berimo").hour
    assert silent == Against(7, 0, 3)
    assert silent.factor is None, "nothing is a multiple of nothing"


def test_an_hour_of_which_minutes_are_missing_is_no_measure() -> None:
    gap = {2 * 1440 + at for at in range(10)}
    minutes = [one for ago, one in enumerate(measured(8, {})) if ago not in gap]
    assert figures(minutes).summary("berimo").hour.days == 6


def test_articles_are_counted_apart_from_mentions_their_platforms_and_sentiment() -> None:
    rows = [
        minute(0, mentions=3, mentions_negative=1, mentions_positive=2, likes=50),
        ClosedMinute("berimo", END - 120, {"news": {"press_mentions": 4, "press_neutral": 4}, "eitaa": {"likes": 9}}),
        minute(1440, mentions=100),
    ]
    details = figures(rows).details("berimo")
    assert details is not None
    assert details.platforms == (("twitter", 3),)
    assert details.sentiment == (("negative", 1), ("neutral", 0), ("positive", 2))
    assert details.press == 4


def test_a_new_minute_moves_everything_on() -> None:
    closed = ClosedMinutes()
    made = Figures(closed)
    assert made.summary("berimo") is None
    assert made.details("berimo") is None
    for one in sorted(measured(8, {59: 5}), key=lambda one: one.minute):
        closed.take(one)
    assert made.summary("berimo").hour.now == 5
    closed.take(ClosedMinute("berimo", END, {"twitter": {"mentions": 2}}))
    assert made.summary("berimo").hour.now == 2
    assert made.summary("berimo").until == END + 60
    assert (HOUR_S, DAY_S) == (3600, 86_400)
