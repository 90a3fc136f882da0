"""The completeness of closed minutes over a span, by a plain list as the oracle."""

from hypothesis import given
from hypothesis import strategies as st

from listener.board.closed import ClosedMinutes
from listener.board.measured import KEEP_S, Measure, Measured
from models.series import ClosedMinute

MINUTE = 60


@given(
    st.lists(st.none() | st.sampled_from([1.0, 0.5, 0.25]), min_size=1, max_size=60),
    st.integers(-5, 65),
    st.integers(0, 70),
)
def test_it_is_the_mean_of_the_minutes_that_were_closed(shares: list[float | None], first: int, length: int) -> None:
    made = Measured()
    for number, share in enumerate(shares):
        if share is not None:
            made.take("c", number * MINUTE, share)
    wanted = [one for number, one in enumerate(shares) if one is not None and first <= number < first + length]
    found = made.over("c", first * MINUTE, (first + length) * MINUTE)
    if not wanted:
        assert found is None
    else:
        assert found == Measure(len(wanted), sum(wanted) / len(wanted), min(wanted))


def test_a_calm_year_is_one_run_and_what_is_too_old_goes() -> None:
    made = Measured()
    made.take("c", 0, 0.5)
    made.take("c", MINUTE, 1.0)
    made.take("c", 2 * MINUTE, 1.0)
    assert made.runs["c"] == [[0, 60, 0.5], [60, 180, 1.0]]
    assert made.over("nobody", None, None) is None
    made.take("c", KEEP_S + MINUTE, 1.0)
    assert made.over("c", None, None) == Measure(3, 1.0, 1.0)


def test_restless_completeness_becomes_coarse_where_it_is_old() -> None:
    made = Measured()
    for number in range(10_001):
        made.take("c", number * MINUTE, number % 2 / 2)
    assert len(made.runs["c"]) == 10_000
    assert made.runs["c"][0] == [0, 120, 0.25]


def test_a_snapshot_keeps_it() -> None:
    closed, again = ClosedMinutes(), ClosedMinutes()
    closed.take(ClosedMinute("c", 0, {}, completeness=0.5))
    again.restore(closed.dump())
    again.take(ClosedMinute("c", MINUTE, {}))
    assert again.measured.over("c", None, None) == Measure(2, 0.75, 0.5)
    assert closed.measured.over("c", None, None) == Measure(1, 0.5, 0.5)
