"""Outcomes and dead letters."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

from models.outcome import HEADER_SHA256, HEADER_SIZE, OUTCOMES, RAW_LIMIT, DeadLetter, Outcome, Reason, dead_letter

NOW = datetime(2026, 3, 21, tzinfo=UTC)
ORIGIN = ("social.posts.v1", 3, 77)


def letter(value: bytes, headers: dict[str, bytes] | None = None, key: bytes | None = None) -> DeadLetter:
    return dead_letter(ORIGIN, Reason.JSON, "why", value, headers or {}, NOW, key)


def test_names_are_in_the_order_of_the_values() -> None:
    assert OUTCOMES == ("counted", "unmatched", "stale", "duplicate", "late", "invalid")
    assert [OUTCOMES[outcome] for outcome in Outcome] == [outcome.name.lower() for outcome in Outcome]


def test_says_where_why_and_what() -> None:
    one = letter(b"\xff{", key=b"\x00k")
    assert (one.topic, one.partition, one.offset) == ORIGIN
    assert (one.reason, one.detail, one.failed_at) == ("json", "why", NOW)
    assert base64.b64decode(one.raw) == b"\xff{"
    assert one.key is not None
    assert base64.b64decode(one.key) == b"\x00k"
    assert (one.size, one.sha256) == (2, sha256(b"\xff{").hexdigest())


def test_a_record_without_a_key_has_none() -> None:
    assert letter(b"{").key is None


def test_a_long_value_is_cut_but_measured_whole() -> None:
    value = b"x" * (RAW_LIMIT + 1)
    one = letter(value)
    assert base64.b64decode(one.raw) == value[:RAW_LIMIT]
    assert (one.size, one.sha256) == (RAW_LIMIT + 1, sha256(value).hexdigest())


def test_a_stand_in_speaks_of_the_record_that_it_stands_for() -> None:
    one = letter(b"head", {HEADER_SIZE: b"2000000", HEADER_SHA256: b"abc"})
    assert (one.size, one.sha256, base64.b64decode(one.raw)) == (2_000_000, "abc", b"head")
