"""The cap on dead letters: more than half of the last 10,000, or 1,000 in a row, after at least 1,000 records."""

import pytest

from processors.cap import BLOCKS, CapReached, DeadLetterCap


def feed(cap: DeadLetterCap, pattern: str, times: int = 1) -> int:
    """Feed ``pattern`` ("i" invalid, "v" valid) over and over; returns the records taken without reaching the cap."""
    taken = 0
    for _ in range(times):
        for kind in pattern:
            if kind == "v":
                cap.valid(1)
            else:
                cap.invalid(enforce=True)
            taken += 1
    return taken


def reached(cap: DeadLetterCap, pattern: str, times: int) -> int:
    """How many records pass until the cap is reached, the last one included."""
    before = cap.read
    with pytest.raises(CapReached):
        feed(cap, pattern, times)
    return cap.read - before


def test_a_thousand_in_a_row_from_the_first_record() -> None:
    assert reached(DeadLetterCap(), "i", 2000) == 1000


def test_999_in_a_row_pass() -> None:
    cap = DeadLetterCap()
    feed(cap, "v")
    feed(cap, "i", 999)
    feed(cap, "v")
    assert feed(cap, "i", 999) == 999
    assert cap.run == 999


def test_a_run_is_one_record_longer_after_a_valid_one() -> None:
    cap = DeadLetterCap()
    feed(cap, "v")
    assert reached(cap, "i", 2000) == 1000


def test_the_first_thousand_records_are_not_judged() -> None:
    cap = DeadLetterCap()
    assert feed(cap, "i", 999) == 999


def test_half_of_the_last_ten_thousand_pass() -> None:
    cap = DeadLetterCap()
    assert feed(cap, "iv", 20_000) == 40_000
    assert sum(cap.blocks) <= 5000


def test_more_than_half_of_the_last_ten_thousand() -> None:
    cap = DeadLetterCap()
    taken = reached(cap, "i" * 51 + "v" * 49, 200)
    assert 9_500 < taken <= 10_000
    assert sum(cap.blocks) == 5001


def test_what_lies_more_than_ten_thousand_back_is_forgotten() -> None:
    cap = DeadLetterCap()
    feed(cap, "iiiiv", 1240)
    feed(cap, "v", 10_000)
    assert sum(cap.blocks) == 0
    assert feed(cap, "iiiiv", 1240) == 6200


def test_many_valid_records_at_once_are_as_many_one_by_one() -> None:
    slow, fast = DeadLetterCap(), DeadLetterCap()
    for size in (1, 999, 3500, 12_345, 0, 40):
        feed(slow, "iii")
        feed(fast, "iii")
        feed(slow, "v", size)
        fast.valid(size)
        assert (slow.read, slow.run, slow.blocks) == (fast.read, fast.run, fast.blocks)


def test_no_record_at_all_does_not_end_a_run() -> None:
    cap = DeadLetterCap()
    feed(cap, "ii")
    cap.valid(0)
    assert cap.run == 2


def test_a_restart_does_not_forget() -> None:
    first = DeadLetterCap()
    feed(first, "v" + "i" * 700)
    second = DeadLetterCap(first.read, first.run, tuple(first.blocks))
    assert reached(second, "i", 2000) == 300


def test_off_counts_on_without_stopping() -> None:
    cap = DeadLetterCap()
    for _ in range(12_000):
        cap.invalid(enforce=False)
    assert (cap.run, sum(cap.blocks), len(cap.blocks)) == (12_000, 9001, BLOCKS)
    with pytest.raises(CapReached, match="12001 invalid records in a row"):
        cap.invalid(enforce=True)
