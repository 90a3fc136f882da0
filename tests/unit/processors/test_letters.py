"""What a policy takes, and that nothing is taken twice."""

from datetime import UTC, datetime, timedelta

import pytest

from models.outcome import RAW_LIMIT, DeadLetter, Reason, dead_letter
from processors.letters import Letters, Policy, note, whole_value

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def letter(offset: int, value: bytes = b"{", reason: Reason = Reason.JSON, key: bytes | None = b"k") -> DeadLetter:
    return dead_letter(("social.posts.v1", 0, offset), reason, "why", value, {}, NOON + timedelta(hours=offset), key)


def taken(letters: Letters, policy: Policy, *reasons: Reason, again: bool = False) -> list[int]:
    return [one.letter.offset for one in letters.chosen(policy, frozenset(reasons), again=again)]


def letters(*some: DeadLetter) -> Letters:
    made = Letters()
    for one in some:
        made.take(one, 2)
    return made


def test_all_takes_the_open_ones_in_the_order_of_failure_and_each_content_once() -> None:
    found = letters(letter(7, b"a"), letter(3, b"b"), letter(3, b"b"), letter(9, b"a"), letter(11, b"a", key=b"other"))
    assert taken(found, "all") == [3, 7, 11]
    assert {one.partition for one in found.standing()} == {2}


def test_by_reason_takes_only_those() -> None:
    found = letters(letter(1, b"a"), letter(2, b"b", Reason.FUTURE), letter(3, b"c", Reason.SCHEMA))
    assert taken(found, "by-reason", Reason.FUTURE, Reason.SCHEMA) == [2, 3]


@pytest.mark.parametrize(("policy", "state"), [("all", "replayed"), ("by-reason", "replayed"), ("drop", "dropped")])
def test_what_was_dealt_with_is_not_taken_again_wherever_its_note_stands(policy: Policy, state: str) -> None:
    one = letter(1)
    handled = note(one, policy, NOON)
    for order in ((one, handled), (handled, one)):
        found = letters(*order)
        assert [standing.state for standing in found.standing()] == [state]
        assert taken(found, "all", again=True) == []


def test_a_record_that_failed_again_is_replayed_only_on_request() -> None:
    first, second = letter(1, b"x"), letter(50, b"x")
    found = letters(first, note(first, "all", NOON), second)
    assert [one.state for one in found.standing()] == ["replayed", "returned"]
    assert taken(found, "all") == []
    assert taken(found, "all", again=True) == [50]
    assert taken(found, "drop") == [50]


def test_the_same_content_after_a_drop_is_open() -> None:
    first = letter(1, b"x")
    assert taken(letters(first, note(first, "drop", NOON), letter(2, b"x")), "all") == [2]


def test_only_a_whole_record_can_be_produced_again() -> None:
    assert whole_value(letter(1, b"abc")) == b"abc"
    assert whole_value(letter(1, b"")) == b""
    assert whole_value(letter(1, b"x" * (RAW_LIMIT + 1))) is None
    stand_in = {"listener-too-large-size": b"9", "listener-too-large-sha256": b"00"}
    assert whole_value(dead_letter(("t", 0, 1), Reason.TOO_LARGE, "", b"head", stand_in, NOON)) is None


def test_a_note_holds_nothing_of_the_record() -> None:
    handled = note(letter(4, b"secret"), "all", NOON)
    assert (handled.raw, handled.handled, handled.handled_at) == ("", "replayed", NOON)
    assert handled.origin == ("social.posts.v1", 0, 4)
