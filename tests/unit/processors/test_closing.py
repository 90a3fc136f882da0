"""Times in these tests are seconds; NOW is the wall clock.

::

    minute 0          60          120
    |─────────────────|───────────|          delay 30 s: minute 0 closes when all is read up to 90
"""

from typing import Any

import pytest

from models.progress import NO_OUTCOMES, Progress
from models.streams import STREAMS
from processors.closing import (
    Reach,
    Rules,
    catching_up,
    completeness,
    delay_s,
    last_closed,
    onward,
    plan,
    reach,
    read_until,
)

NOW = 1_000_000
RULES = Rules()


def cell(record_time: float | None, **fields: Any) -> Progress:
    """A partition that has just spoken; busy and durable up to its stamp unless told otherwise."""
    at: dict[str, Any] = {"written_at": NOW, "caught_up": False, "durable": 5, "durable_record_time": None, **fields}
    at["written_at"] = int(at["written_at"] * 1000)
    if at["durable_record_time"] is not None:
        at["durable_record_time"] = int(at["durable_record_time"] * 1000)
    time = None if record_time is None else int(record_time * 1000)
    return Progress(stamp=5, outcomes=NO_OUTCOMES, sets=(), topic_id="t", record_time=time, **at)


def until(*cells: Progress, rules: Rules = RULES) -> float | None:
    found = reach(cells, NOW * 1000, rules).until
    return None if found is None else found / 1000


def test_busy_partitions_hold_the_topic_at_the_least_of_their_record_times() -> None:
    assert until(cell(NOW - 10), cell(NOW - 300)) == NOW - 300


def test_an_idle_partition_is_left_out_of_the_minimum() -> None:
    assert until(cell(NOW - 10), cell(NOW - 5000, caught_up=True)) == NOW - 10


def test_when_all_are_idle_the_wall_clock_counts_as_far_as_they_have_spoken() -> None:
    assert until(cell(NOW - 500, caught_up=True), cell(NOW - 400, caught_up=True, written_at=NOW - 4)) == NOW - 4


def test_idle_in_a_flush_that_is_not_durable_yet_is_not_idle() -> None:
    assert until(cell(NOW - 10, caught_up=True, durable=4, durable_record_time=NOW - 70)) == NOW - 70


def test_what_is_not_durable_yet_may_not_be_readable_yet() -> None:
    assert until(cell(NOW - 10, durable=3, durable_record_time=NOW - 12)) == NOW - 12
    assert until(cell(NOW - 10), cell(NOW - 10, durable=-1)) is None, "its first flush is on its way"


def test_a_partition_that_has_read_nothing_yet_holds_the_topic_while_it_is_behind() -> None:
    assert until(cell(NOW - 10), cell(None)) is None
    assert until(cell(NOW - 10), cell(None, caught_up=True)) == NOW - 10


def test_a_topic_without_records_says_nothing() -> None:
    assert until() is None
    assert until(cell(None, caught_up=True)) is None


def test_a_clock_that_is_ahead_closes_nothing_early() -> None:
    assert until(cell(NOW + 1800)) == NOW


def test_a_dead_partition_holds_for_ten_minutes_and_is_missing_then() -> None:
    """Its owner died while it was idle: whether records have come since nobody knows."""
    dying = cell(NOW - 650, caught_up=True, written_at=NOW - 600)
    assert until(cell(NOW - 10), dying) == NOW - 600
    dead = cell(NOW - 650, caught_up=True, written_at=NOW - 601)
    assert until(cell(NOW - 10), dead) == NOW - 10
    found = reach([cell(NOW - 10), dead], NOW * 1000, RULES)
    assert (found.told, found.heard) == (2, 1)
    assert until(dead) is None, "without a living partition there is no evidence at all"


def a_reach(until: int | None, told: int, heard: int, newest: int | None) -> Reach:
    return Reach(until, told, heard, newest, replaying=False)


DAYS_AGO = NOW - 3 * 86_400


def test_in_a_replay_the_wall_clock_closes_nothing() -> None:
    found = reach([cell(DAYS_AGO, caught_up=True), cell(DAYS_AGO - 90, caught_up=True)], NOW * 1000, RULES)
    assert found.replaying
    assert found.until == DAYS_AGO * 1000, "all idle: the largest record time"
    assert until(cell(DAYS_AGO), cell(DAYS_AGO - 90, caught_up=True)) == DAYS_AGO
    assert until(cell(DAYS_AGO), cell(DAYS_AGO - 90)) == DAYS_AGO - 90


def test_a_topic_of_daily_records_holds_nothing_back_and_is_never_silent() -> None:
    """The ranks of last week, all read: minutes go on closing, and are whole."""
    ranks = reach([cell(DAYS_AGO, caught_up=True, written_at=NOW - 2)], NOW * 1000, RULES, steady=False)
    posts = reach([cell(NOW - 10)], NOW * 1000, RULES)
    assert not ranks.replaying
    assert read_until({"posts": posts, "ranks": ranks}) == (NOW - 10) * 1000
    assert completeness([posts, ranks], NOW - 60, RULES) == 1.0
    # What is still to be read of old records holds minutes open, as everywhere.
    assert reach([cell(DAYS_AGO)], NOW * 1000, RULES, steady=False).until == DAYS_AGO * 1000


def test_only_posts_and_press_are_expected_all_day() -> None:
    assert [stream.name for stream in STREAMS if stream.steady] == ["posts", "press"]


def test_in_a_replay_an_idle_partition_that_fell_silent_holds_at_its_record_time() -> None:
    silent = cell(DAYS_AGO - 90, caught_up=True, written_at=NOW - 31)
    assert until(cell(DAYS_AGO), silent) == DAYS_AGO - 90


def test_a_day_behind_the_wall_clock_begins_the_replay() -> None:
    day = RULES.replay_after_s
    assert until(cell(NOW - day, caught_up=True)) == NOW
    assert until(cell(NOW - day - 1, caught_up=True)) == NOW - day - 1


@pytest.mark.parametrize(("seconds", "minute"), [(89.999, -60), (90, 0), (149.9, 0), (150, 60)])
def test_a_minute_closes_90_seconds_after_it_began(seconds: float, minute: int) -> None:
    assert last_closed(int(seconds * 1000), RULES) == minute


def test_all_topics_with_something_to_tell_must_have_read_past() -> None:
    posts, press = a_reach(90_000, 2, 2, 90_000), a_reach(60_000, 1, 1, 60_000)
    unused, mute = a_reach(None, 0, 0, None), a_reach(None, 1, 0, 60_000)
    assert read_until({"posts": posts, "press": press}) == 60_000
    assert read_until({"posts": posts, "press": unused}) == 90_000
    assert read_until({"posts": posts, "press": mute}) is None
    assert read_until({"press": unused}) is None


def test_what_was_read_stays_read() -> None:
    """A flush that is settling knows only what was durable before it; a topic without owners knows nothing."""
    first = a_reach(90_000, 2, 2, 90_000)
    assert onward(None, first) == first
    assert onward(first, a_reach(30_000, 2, 2, 95_000)) == a_reach(90_000, 2, 2, 95_000)
    assert onward(first, a_reach(None, 2, 0, 90_000)) == a_reach(90_000, 2, 0, 90_000)
    assert onward(first, a_reach(95_000, 2, 2, 95_000)).until == 95_000
    assert onward(a_reach(None, 1, 1, 0), first) == first


def test_completeness_is_the_share_of_partitions_that_can_be_heard() -> None:
    minute = 999_000
    posts, press = a_reach(None, 4, 3, NOW * 1000), a_reach(None, 2, 2, (minute - 7 * 3600) * 1000)
    assert completeness([posts], minute, RULES) == 0.75
    assert completeness([posts, press], minute, RULES) == 0.5, "press has been silent for seven hours"
    assert completeness([posts, press], minute, Rules(silent_after_s=8 * 3600)) == 5 / 6
    assert completeness([a_reach(None, 0, 0, None)], minute, RULES) == 0.0


def test_delay_is_on_the_clock_of_record_time_and_lateness_on_the_wall_clock() -> None:
    assert delay_s(95_000, 0) == 35.0
    assert delay_s(59_000, 0) == 0.0
    assert not catching_up(390_000, 0, RULES)
    assert catching_up(390_001, 0, RULES)


def test_the_series_goes_on_behind_the_last_minute() -> None:
    assert plan(["a", "b"], {"a": 600, "b": 600}, 720, 0) == ({"a": 660, "b": 660}, 720)


def test_a_leader_that_died_inside_a_minute_left_the_rest_of_it() -> None:
    assert plan(["a", "b"], {"a": 660, "b": 600}, 720, 0).first == {"a": 720, "b": 660}


def test_a_campaign_that_was_not_watched_has_a_gap_and_a_new_one_no_past() -> None:
    assert plan(["a", "back", "new"], {"a": 660, "back": 540}, 720, 0).first == dict.fromkeys(("a", "back", "new"), 720)


def test_the_first_series_begins_with_the_oldest_minute_that_is_kept() -> None:
    assert plan(["a"], {}, 720, 300).first == {"a": 300}


def test_minutes_whose_counts_are_gone_are_not_written_as_zeros() -> None:
    assert plan(["a"], {"a": 60}, 720, 300).first == {"a": 300}


def test_nothing_new_is_nothing_to_write() -> None:
    assert plan(["a"], {"a": 720}, 720, 0).first == {}
