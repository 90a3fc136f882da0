"""Judging raw records."""

import json
from datetime import UTC, datetime

import pytest

from models.outcome import HEADER_SHA256, HEADER_SIZE, Reason
from models.post import MAX_RECORD_BYTES, Post
from processors.judge import FUTURE_MS, Fault, decode_post, future_fault, skim_fault, time_fault

SKIM = {"op": "create", "observed_at": "2026-03-21T12:00:00Z", "post_id": "1"}
POST = SKIM | {
    "event_id": "e",
    "schema_version": 1,
    "platform": "twitter",
    "created_at": "2026-03-21T12:00:00Z",
    "text": "",
}


def raw(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode()


def padded(size: int) -> bytes:
    value = raw(SKIM)
    return value[:-1] + b" " * (size - len(value)) + b"}"


DEEP = b'{"op":"create","observed_at":"2026-03-21T12:00:00Z","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, "empty", "no value"),
        (b"", "empty", "no value"),
        (padded(MAX_RECORD_BYTES + 1), "too_large", "1048577 bytes, at most 1048576"),
        (b"\xff" * (MAX_RECORD_BYTES + 1), "too_large", "1048577 bytes"),
        (b'{"op": "\xd8\xa7\xff"}', "encoding", "not UTF-8 at byte 10"),
        (b'{"op": "\xed\xa0\x80"}', "encoding", "not UTF-8 at byte 8"),
        (raw(SKIM)[:-1] + b', "text": "\xd8"}', "encoding", "not UTF-8"),
        (b"{", "json", "truncated"),
        (b"nul", "json", ""),
        (b'{"op": "create",}', "json", ""),
        (b"\x00", "json", ""),
        (b'\xef\xbb\xbf{"op": "create"}', "json", ""),
        (raw(SKIM) + b"{}", "json", ""),
        (raw(SKIM)[:-1] + b', "x": "\\ud800"}', "json", ""),
        (DEEP, "json", "nested too deeply"),
        (b"[]", "schema", "object"),
        (b"null", "schema", "object"),
        (b'"create"', "schema", "object"),
        (raw({"op": "create"}), "schema", "observed_at"),
        (raw({"observed_at": "2026-03-21T12:00:00Z"}), "schema", "op"),
        (raw(SKIM | {"op": "upsert"}), "schema", "$.op"),
        (raw(SKIM | {"op": None}), "schema", "$.op"),
        (raw(SKIM | {"observed_at": 7}), "schema", "$.observed_at"),
        (raw(SKIM | {"observed_at": "2026-03-21T12:00:00"}), "schema", "$.observed_at"),
        (raw(SKIM | {"observed_at": "2026-02-30T12:00:00Z"}), "schema", "$.observed_at"),
        (raw(SKIM | {"observed_at": "10000-01-01T00:00:00Z"}), "schema", "$.observed_at"),
    ],
)
def test_skim_fault(value: bytes | None, reason: str, detail: str) -> None:
    fault = skim_fault(value, {})
    assert fault is not None
    assert fault.reason == reason
    assert detail in fault.detail


@pytest.mark.parametrize(
    "value",
    [
        raw(SKIM),
        padded(MAX_RECORD_BYTES),
        raw({"op": "delete", "observed_at": "9999-12-31T23:59:59.999999+03:30"}),
        raw({"op": "delete", "observed_at": "0001-01-01T00:00:00+14:00"}),
        raw(SKIM | {"post_id": 5, "platform": "orkut", "counts": "many"}),
        b" " + raw(SKIM) + b"\n",
    ],
)
def test_what_can_be_skimmed(value: bytes) -> None:
    assert skim_fault(value, {}) is None


def test_a_stand_in_is_too_large_whatever_it_holds() -> None:
    headers = {HEADER_SIZE: b"2097152", HEADER_SHA256: b"00"}
    assert skim_fault(b"\xff", headers) == ("too_large", "2097152 bytes at the source")


def test_a_post_is_decoded() -> None:
    assert isinstance(decode_post(raw(POST)), Post)


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (raw(POST | {"platform": "orkut"}), "schema", "$.platform"),
        (raw(POST | {"text": None}), "schema", "`text` is required"),
        (raw(POST)[:-1], "json", "truncated"),
        (raw(POST)[:-1] + b', "hashtags": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "schema", "$.hashtags"),
        (raw(POST)[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json", "nested too deeply"),
    ],
)
def test_decode_post_names_the_fault(value: bytes, reason: str, detail: str) -> None:
    fault = decode_post(value)
    assert isinstance(fault, Fault)
    assert fault.reason == reason
    assert detail in fault.detail


@pytest.mark.parametrize(
    ("moment", "timestamp", "future"),
    [
        (FUTURE_MS, 0, False),
        (FUTURE_MS + 1, 0, True),
        (-10, 0, False),
        (FUTURE_MS + 1, 1, False),
        (2**60, -1, False),
    ],
    ids=["exactly an hour", "a millisecond more", "past", "an hour again", "no timestamp"],
)
def test_future(moment: int, timestamp: int, *, future: bool) -> None:
    fault = future_fault(moment, timestamp, "created_at")
    assert (fault is not None) is future
    if fault:
        assert fault == ("future", "`created_at` is 3600 s past the time at which Kafka got the record")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "1899-12-31T23:59:59Z"])
def test_a_moment_before_1900_is_not_believed(moment: str) -> None:
    fault = time_fault(datetime.fromisoformat(moment), 0, "created_at")
    assert fault == Fault(Reason.PAST, "`created_at` lies before 1900")


def test_the_first_moment_that_is_believed() -> None:
    assert time_fault(datetime(1900, 1, 1, tzinfo=UTC), 0, "created_at") is None
