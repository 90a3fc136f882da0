"""From what a parser read to a record that its topic takes, and to the reason when it does not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from models.article import Article
from models.post import MAX_RECORD_BYTES, Post

Record = Post | Article

#: Version of the shape of the records; see the topics' reference.
SCHEMA_VERSION: Final = 1
#: Stands where the id of the event will be until the content is known.
UNNAMED: Final = "-"
#: Stands for a time that only says when we looked.
_NO_TIME: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Problem:
    """Why there is no record. ``ignored``: the input is sound, but it is not a public post or an article."""

    reason: str
    ignored: bool = False


Result = Record | Problem


class LineParser(Protocol):
    """Reads the messages of one source in their order; may hold messages back and remember ids, within bounds."""

    def parse(self, line: bytes, observed_at: datetime) -> list[Result]:
        """What one JSON message says. Raises ``ValueError`` (also as msgspec's errors) for what is no message."""

    def finish(self) -> list[Result]:
        """What was held back; the input is over."""


def encode(record: Record) -> bytes:
    """The record as JSON, judged by the schema of its topic. Raises ValueError with the field at fault."""
    named = msgspec.structs.replace(record, event_id=_event_id(record))
    encoded = msgspec.json.encode(named)
    if len(encoded) > MAX_RECORD_BYTES:
        raise ValueError(f"the record has {len(encoded)} bytes, a topic takes {MAX_RECORD_BYTES}")
    msgspec.json.decode(encoded, type=type(record))
    return encoded


def clamped(claimed: datetime | None, latest: datetime, earliest: datetime) -> datetime:
    """The time that an author claims, or ``latest`` when it is missing, past ``latest`` or absurd.

    ``latest`` is when the network saw the post, or, where it does not say, when we read it.
    """
    return claimed if claimed is not None and earliest <= claimed <= latest else latest


def _event_id(record: Record) -> str:
    """The same content has the same id whenever it is read; counters are an event each time they are read."""
    volatile: dict[str, object] = {}
    if record.op != "engagement":
        volatile["observed_at"] = _NO_TIME
    if isinstance(record, Article):
        if record.published_at_estimated:
            volatile["published_at"] = _NO_TIME
    elif record.created_at == record.observed_at and record.op != "engagement":
        volatile["created_at"] = _NO_TIME
    return sha256(msgspec.json.encode(msgspec.structs.replace(record, **volatile))).hexdigest()[:32]
