"""Distinct visitors from additive cells: the error, and that parts add up."""

from collections import Counter

import pytest

from processors.kpis.visitors import ERROR, coupon, visitors


@pytest.mark.parametrize(("number", "allowed"), [(1, 0), (3, 0), (1_000, 3 * ERROR), (50_000, 3 * ERROR)])
def test_the_estimate_is_within_its_error(number: int, allowed: float) -> None:
    estimate = visitors(coupon(f"visitor {name}") for name in range(number))
    assert abs(estimate / number - 1) <= allowed


def test_nobody_is_nobody_and_who_comes_twice_is_one() -> None:
    assert visitors([]) == 0
    assert visitors([coupon("ali"), coupon("ali")]) == 1


def test_parts_add_up_and_what_was_taken_back_is_gone() -> None:
    monday = Counter(coupon(f"v{name}") for name in range(300))
    tuesday = Counter(coupon(f"v{name}") for name in range(200, 500))
    whole = visitors(coupon(f"v{name}") for name in range(500))
    assert visitors(monday + tuesday) == whole
    assert visitors(+(monday + tuesday - tuesday)) == visitors(monday)


def test_a_coupon_tells_of_nobody() -> None:
    shared = Counter(coupon(f"v{name}") for name in range(100_000))
    assert shared.most_common(1)[0][1] > 10
    assert max(map(len, shared)) <= len("user:7ff.31")
