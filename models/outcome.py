"""What became of a record: exactly one outcome each, and the dead letter of an invalid one."""

import base64
import enum
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from msgspec import Struct


class Outcome(enum.IntEnum):
    """The first that applies, in this order. The value is the index into ``Progress.outcomes``.

    ``INVALID``   no JSON object, no ``op`` or ``observed_at``, wrong UTF-8, too large, in the future, or a record
                  that may match but fails its schema → dead letter
    ``UNMATCHED`` no campaign matches and no entity is tracked; nothing is kept
    ``STALE``     observed before the entity's last observation
    ``DUPLICATE`` the same observation again
    ``LATE``      past the lateness bounds
    ``COUNTED``   all else: deltas of 0, deletes and edits included
    """

    COUNTED = 0
    UNMATCHED = 1
    STALE = 2
    DUPLICATE = 3
    LATE = 4
    INVALID = 5


#: Names in the order of the values: keys of the public JSON.
OUTCOMES: Final[tuple[str, ...]] = tuple(outcome.name.lower() for outcome in Outcome)


class Reason(enum.StrEnum):
    """Why a record is invalid: a bounded label, the detail is in the dead letter."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    JSON = "json"
    SCHEMA = "schema"
    FUTURE = "future"
    PAST = "past"


#: Longest raw value kept in a dead letter, in bytes; the hash and size are of the whole.
RAW_LIMIT: Final = 64 * 1024

#: Headers of a stand-in for a record that was too large for the topic; its value is the record's head.
HEADER_SIZE: Final = "listener-too-large-size"
HEADER_SHA256: Final = "listener-too-large-sha256"
#: Header of a record that was produced again from its dead letter: ``topic/partition/offset`` of the first attempt.
HEADER_REPLAY: Final = "listener-replay-of"


class DeadLetter(Struct, frozen=True):
    """A record of ``listener.dead_letters.v1``; ``raw`` (cut at 64 KiB) and ``key`` are base64.

    ``sha256`` and ``size`` are of the whole value. ``handled``: not a letter but the note, with an empty ``raw``, of
    what was done about one, at ``handled_at``; it is on the same partition under the same key.
    """

    topic: str
    partition: int
    offset: int
    reason: Reason
    detail: str
    raw: str
    sha256: str
    size: int
    failed_at: datetime
    key: str | None = None
    handled: Literal["replayed", "dropped"] | None = None
    handled_at: datetime | None = None

    @property
    def origin(self) -> tuple[str, int, int]:
        """Topic, partition and offset of the record: a letter written twice is one letter."""
        return self.topic, self.partition, self.offset

    @property
    def content(self) -> tuple[str, str | None, str]:
        """What is the same for a record that was produced again."""
        return self.topic, self.key, self.sha256

    @property
    def origin_key(self) -> bytes | None:
        """The key of the record that could not be counted: its dead letters keep their order."""
        return None if self.key is None else base64.b64decode(self.key)


def dead_letter(
    origin: tuple[str, int, int],
    reason: Reason,
    detail: str,
    value: bytes,
    headers: dict[str, bytes],
    now: datetime,
    key: bytes | None = None,
) -> DeadLetter:
    """The dead letter of ``value`` read at ``origin`` (topic, partition, offset) under ``key``."""
    size = int(headers[HEADER_SIZE]) if HEADER_SIZE in headers else len(value)
    digest = headers[HEADER_SHA256].decode() if HEADER_SHA256 in headers else sha256(value).hexdigest()
    topic, partition, offset = origin
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        reason=reason,
        detail=detail,
        raw=base64.b64encode(value[:RAW_LIMIT]).decode(),
        sha256=digest,
        size=size,
        failed_at=now,
        key=None if key is None else base64.b64encode(key).decode(),
    )
