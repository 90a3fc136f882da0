"""Cumulative counters become counts: the rules of the topics' documentation, figure by figure."""

import pytest

from models.post import COUNTERS
from processors.snapshots import Levels, advance, rounding_step

OTHERS = (None,) * (len(COUNTERS) - 1)
UNKNOWN = Levels([None, *OTHERS], [None, *OTHERS], 0)


def likes(*snapshots: int | None, all_new: bool = False, rounded: bool = False) -> list[tuple[int, int]]:
    """(gross, net) of the likes after each snapshot."""
    levels, added = UNKNOWN, []
    for snapshot in snapshots:
        levels, steps = advance(levels, (snapshot, *OTHERS), all_new=all_new, rounded=rounded)
        assert len(steps) <= 1
        added.append((steps[0].gross, steps[0].net) if steps else (0, 0))
    return added


@pytest.mark.parametrize(
    ("snapshots", "added"),
    [
        ((41,), [(0, 0)]),
        ((41, 41), [(0, 0), (0, 0)]),
        ((41, 50), [(0, 0), (9, 9)]),
        ((41, 50, 45, 52), [(0, 0), (9, 9), (0, -5), (2, 7)]),
        ((41, 45, 41, 45, 41), [(0, 0), (4, 4), (0, -4), (0, 4), (0, -4)]),
        ((0, 3), [(0, 0), (3, 3)]),
    ],
    ids=["baseline", "same again", "more", "unliked and liked", "re-likes are not new", "from nothing"],
)
def test_gross_grows_and_net_follows(snapshots: tuple[int, ...], added: list[tuple[int, int]]) -> None:
    assert likes(*snapshots) == added


@pytest.mark.parametrize(
    ("snapshots", "added"),
    [
        ((41, 0), [(0, 0), (0, 0)]),
        ((41, 0, 43), [(0, 0), (0, 0), (2, 2)]),
        ((41, 0, 0), [(0, 0), (0, 0), (0, -41)]),
        ((41, 0, 1), [(0, 0), (0, 0), (0, -40)]),
        ((40, 20), [(0, 0), (0, -20)]),
        ((40, 19), [(0, 0), (0, 0)]),
        ((40, 19, 18), [(0, 0), (0, 0), (0, -22)]),
        ((40, 0, 41, 0), [(0, 0), (0, 0), (1, 1), (0, 0)]),
        ((1, 0), [(0, 0), (0, 0)]),
        ((2, 1), [(0, 0), (0, -1)]),
        ((41, 0, None, 0), [(0, 0), (0, 0), (0, 0), (0, -41)]),
        ((0, 0), [(0, 0), (0, 0)]),
    ],
    ids=[
        "held",
        "a hiccup",
        "believed the second time",
        "the next is believed as it is",
        "half is believed",
        "more than half is held",
        "then believed",
        "held anew after a rise",
        "the last like",
        "half of two",
        "unknown is no second time",
        "nothing stays nothing",
    ],
)
def test_a_great_fall_is_held_for_one_snapshot(snapshots: tuple[int | None, ...], added: list[tuple[int, int]]) -> None:
    assert likes(*snapshots) == added


def test_unknown_is_not_zero() -> None:
    assert likes(None, 41, None, 43) == [(0, 0), (0, 0), (0, 0), (2, 2)]


def test_a_young_post_has_everything_new() -> None:
    assert likes(7, 9, all_new=True) == [(7, 7), (2, 2)]
    assert likes(None, 5, all_new=True) == [(0, 0), (5, 5)]
    assert likes(0, all_new=True) == [(0, 0)]


@pytest.mark.parametrize(
    ("value", "step"), [(0, 1), (999, 1), (1000, 100), (999_999, 100), (1_000_000, 100_000), (10**15, 100_000)]
)
def test_rounding_step(value: int, step: int) -> None:
    assert rounding_step(value) == step


@pytest.mark.parametrize(
    ("snapshots", "added"),
    [
        ((12_500, 12_600), [(0, 0), (0, 0)]),
        ((12_500, 12_600, 12_700), [(0, 0), (0, 0), (200, 200)]),
        ((12_500, 12_400), [(0, 0), (0, 0)]),
        ((990, 991), [(0, 0), (0, 0)]),
        ((990, 992), [(0, 0), (2, 2)]),
        ((999, 1000), [(0, 0), (0, 0)]),
        ((999_900, 1_000_000), [(0, 0), (0, 0)]),
        ((1_000_000, 1_200_000), [(0, 0), (200_000, 200_000)]),
        ((1, 0), [(0, 0), (0, 0)]),
    ],
)
def test_rounded_sources_must_exceed_their_step(snapshots: tuple[int, ...], added: list[tuple[int, int]]) -> None:
    assert likes(*snapshots, rounded=True) == added


def test_counters_are_apart() -> None:
    first, _ = advance(UNKNOWN, (10, None, 3, 100, None, 0), all_new=False, rounded=False)
    after, steps = advance(first, (0, 5, 4, 90, None, 2), all_new=False, rounded=False)
    assert steps == [(2, 1, 1), (3, 0, -10), (5, 2, 2)]
    assert after == Levels([10, 5, 4, 90, None, 2], [10, 5, 4, 100, None, 2], 0b1)


def test_levels_given_are_not_touched() -> None:
    levels = Levels([1, *OTHERS], [1, *OTHERS], 0)
    advance(levels, (5, *OTHERS), all_new=False, rounded=False)
    assert levels == Levels([1, *OTHERS], [1, *OTHERS], 0)
