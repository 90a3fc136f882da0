import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.board.closed import ClosedMinutes
from models.series import ClosedMinute

START = 1_700_000_400  # on the hour


def minute(number: int, campaign: str = "mellat", **counts: int) -> ClosedMinute:
    return ClosedMinute(campaign, START + 60 * number, {"twitter": counts} if counts else {})


def told(*minutes: ClosedMinute) -> ClosedMinutes:
    made = ClosedMinutes()
    for one in minutes:
        made.take(one)
    return made


def test_the_first_word_counts() -> None:
    made = told(minute(0, mentions=1))
    assert not made.take(minute(0, mentions=7))
    assert not made.take(minute(-1, mentions=7))
    assert made.take(minute(0, "snapp", mentions=2)), "another campaign"
    assert made.repeated == 2
    assert [one.total("mentions") for one in made.minutes("mellat", 0, START + 60)] == [1]


def test_a_part_of_the_minutes_over_packed_hours() -> None:
    made = told(*(minute(number, mentions=number) for number in range(200)))
    found = [one.total("mentions") for one in made.minutes("mellat", START + 58 * 60, START + 123 * 60)]
    assert found == list(range(58, 123))
    assert made.latest("mellat") == minute(199, mentions=199)
    assert made.latest("nobody") is None


def test_old_hours_are_let_go() -> None:
    made = ClosedMinutes(keep_s=2 * 3600)
    for number in range(60 * 5):
        made.take(minute(number))
    kept = [one.minute for one in made.minutes("mellat", 0, START + 10**6)]
    assert kept[-1] - kept[0] >= 2 * 3600
    assert kept[0] >= START + 3600


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
def test_sums_move_with_the_minutes(seconds: int) -> None:
    """Minute n holds n mentions, so the sum of the last k minutes up to n is that of an arithmetic series."""
    made = told(minute(0, mentions=0))
    made.sums("mellat", seconds)
    for number in range(1, 3000):
        made.take(minute(number, mentions=number))
        if number % 97 == 0:
            first = max(0, number - seconds // 60 + 1)
            expected = (first + number) * (number - first + 1) // 2
            assert made.sums("mellat", seconds) == {("twitter", "mentions"): expected}


def test_a_window_without_anything_is_empty() -> None:
    made = told(minute(0, likes=5))
    assert made.sums("mellat", 60) == {("twitter", "likes"): 5}
    made.take(minute(1))
    assert made.sums("mellat", 60) == {}
    assert made.sums("nobody", 60) == {}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 3)), min_size=1, max_size=60), st.integers(0, 59))
def test_sums_are_those_of_the_minutes_whatever_is_missing(steps: list[tuple[int, int]], asked: int) -> None:
    made, number = ClosedMinutes(), 0
    for turn, (step, mentions) in enumerate(steps):
        number += step
        made.take(minute(number, mentions=mentions))
        if turn >= asked:
            for seconds in (60, 3600):
                end = START + 60 * number + 60
                expected = sum(one.total("mentions") for one in made.minutes("mellat", end - seconds, end))
                assert made.sums("mellat", seconds).get(("twitter", "mentions"), 0) == expected


def test_dumped_and_restored_it_goes_on_as_before() -> None:
    made, again = told(*(minute(number, mentions=number) for number in range(90))), ClosedMinutes()
    again.restore(made.dump())
    for one in (made, again):
        assert not one.take(minute(89, mentions=5))
        assert one.take(minute(90, mentions=1))
    assert list(again.minutes("mellat", 0, START + 10**5)) == list(made.minutes("mellat", 0, START + 10**5))
    assert again.sums("mellat", 3600) == made.sums("mellat", 3600)
