"""Judging raw records: what every record is checked for, and what only a record that may match is."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

import msgspec

from models.outcome import HEADER_SIZE, Reason
from models.post import EARLIEST, MAX_RECORD_BYTES, Post, Skim
from processors.windows import to_ms

#: How far ``observed_at`` and the event time may lie past the Kafka timestamp, in milliseconds.
FUTURE_MS: Final = 3_600_000

Shape = TypeVar("Shape")

skim_decoder: Final = msgspec.json.Decoder(Skim)
_post_decoder: Final = msgspec.json.Decoder(Post)


class Fault(NamedTuple):
    """Why a record is invalid; ``detail`` names the field where one is to blame."""

    reason: Reason
    detail: str


def skim_fault(
    value: bytes | None, headers: dict[str, bytes], skim: Callable[[bytes], object] = skim_decoder.decode
) -> Fault | None:
    """The fault that keeps ``value`` from being skimmed, or None: the hot path's slow twin, which names reasons."""
    if HEADER_SIZE in headers:
        return Fault(Reason.TOO_LARGE, f"{headers[HEADER_SIZE].decode(errors='replace')} bytes at the source")
    if not value:
        return Fault(Reason.EMPTY, "the record has no value")
    if len(value) > MAX_RECORD_BYTES:
        return Fault(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_RECORD_BYTES} are taken")
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return Fault(Reason.ENCODING, f"not UTF-8 at byte {error.start}: {error.reason}")
    try:
        skim(value)
    except (msgspec.DecodeError, RecursionError) as error:
        return _decode_fault(error)
    return None


def decode_post(value: bytes) -> Post | Fault:
    """The whole post, or why it is none."""
    return decode_as(_post_decoder, value)


def decode_as(decoder: "msgspec.json.Decoder[Shape]", value: bytes) -> Shape | Fault:
    """A whole record, or why it is none."""
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        return _decode_fault(error)


def _decode_fault(error: Exception) -> Fault:
    if isinstance(error, RecursionError):
        return Fault(Reason.JSON, "nested too deeply")
    return Fault(Reason.SCHEMA if isinstance(error, msgspec.ValidationError) else Reason.JSON, str(error))


def time_fault(moment: datetime, timestamp_ms: int, field: str) -> Fault | None:
    """A fault where ``moment`` is before 1900, or in the future as seen from the Kafka timestamp."""
    if moment < EARLIEST:
        return Fault(Reason.PAST, f"`{field}` lies before {EARLIEST.year}")
    return future_fault(to_ms(moment), timestamp_ms, field)


def future_fault(moment_ms: int, timestamp_ms: int, field: str) -> Fault | None:
    """A fault where ``moment_ms`` lies more than an hour past the Kafka timestamp (negative: the record has none)."""
    if timestamp_ms < 0 or moment_ms - timestamp_ms <= FUTURE_MS:
        return None
    ahead = (moment_ms - timestamp_ms) // 1000
    return Fault(Reason.FUTURE, f"`{field}` is {ahead} s past the time at which Kafka got the record")
