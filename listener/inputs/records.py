"""From one line's JSON to the value of a record: mapping, defaults, key, and the stand-in for what is too large."""

from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

from listener.inputs.fieldmap import NULL, FieldMap, Fields, decode_fields
from models.article import ARTICLES_TOPIC
from models.audience import AUDIENCE_TOPIC
from models.backlinks import BACKLINKS_TOPIC
from models.outcome import HEADER_SHA256, HEADER_SIZE, RAW_LIMIT
from models.people import PEOPLE_TOPIC
from models.post import MAX_RECORD_BYTES, PLATFORMS, POSTS_TOPIC
from models.search import SEARCH_TOPIC
from models.site_rank import RANK_TOPIC
from models.spend import SPEND_TOPIC
from models.web import WEB_TOPIC

_OTHER: Final = Raw(b'"other"')
#: Defaults that depend on nothing else in the record.
_CONSTANTS: Final = {"op": Raw(b'"create"'), "schema_version": Raw(b"1"), "source": Raw(b'"replay"')}
#: Hex digits of a made-up event id or key: 128 bits, as in a UUID.
_HASH_DIGITS: Final = 32
#: Longest post id that is used as a key, in characters; the schema refuses longer ones.
_MAX_KEY: Final = 512


class InputRecord(NamedTuple):
    """A record as it goes to Kafka, and the place where it was read (``line`` from 1)."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    file: str
    line: int
    topic: str = POSTS_TOPIC


class _Shape(NamedTuple):
    """What is filled in for a topic: ``observed_at`` from ``moment``, the key from ``key``, a platform or none."""

    moment: str
    key: str
    platform: bool


_SHAPES: Final = {
    POSTS_TOPIC: _Shape("created_at", "post_id", platform=True),
    ARTICLES_TOPIC: _Shape("published_at", "article_id", platform=False),
    WEB_TOPIC: _Shape("event_time", "session_id", platform=False),
    PEOPLE_TOPIC: _Shape("occurred_at", "person_id", platform=False),
    # These have one partition, so any key will do.
    SPEND_TOPIC: _Shape("observed_at", "campaign_id", platform=False),
    SEARCH_TOPIC: _Shape("observed_at", "site", platform=False),
    RANK_TOPIC: _Shape("observed_at", "domain", platform=False),
    BACKLINKS_TOPIC: _Shape("observed_at", "source_url", platform=False),
    AUDIENCE_TOPIC: _Shape("observed_at", "account_id", platform=False),
}
#: Topics that take input.
INPUT_TOPICS: Final = tuple(_SHAPES)


def make_record(
    raw: bytes, fields: Fields | None, field_map: FieldMap, *, file: str, line: int, topic: str = POSTS_TOPIC
) -> InputRecord:
    """The record for the JSON text ``raw`` with these ``fields``; None: no JSON object, passed on as it is."""
    if fields is None:
        key, value = _hash(raw), raw
    else:
        filled = fill(field_map.apply(fields), topic)
        value = raw if filled == fields else msgspec.json.encode(filled)
        key = _key(filled, _SHAPES[topic].key) or _hash(raw)
    if len(value) > MAX_RECORD_BYTES:
        headers = ((HEADER_SIZE, str(len(value)).encode()), (HEADER_SHA256, sha256(value).hexdigest().encode()))
        return InputRecord(key, _head(value), headers, file, line, topic)
    return InputRecord(key, value, (), file, line, topic)


def fill(record: Fields, topic: str = POSTS_TOPIC) -> Fields:
    """The record with defaults for what it lacks (or has as null); a value of a wrong type stays for the schema."""
    filled, shape = dict(record), _SHAPES[topic]
    if _lacks(filled, "observed_at") and not _lacks(filled, shape.moment):
        filled["observed_at"] = filled[shape.moment]
    for name, value in _CONSTANTS.items():
        if _lacks(filled, name):
            filled[name] = value
    if shape.platform and (_lacks(filled, "platform") or _is_unknown_platform(filled["platform"])):
        filled["platform"] = _OTHER
    if _lacks(filled, "event_id"):
        filled.pop("event_id", None)
        filled["event_id"] = Raw(b'"%b"' % _hash(msgspec.json.encode(filled)))
    return filled


def _lacks(record: Fields, name: str) -> bool:
    value = record.get(name)
    return value is None or bytes(value) == NULL


def _text(value: Raw) -> str | None:
    return msgspec.json.decode(value, type=str) if bytes(value).startswith(b'"') else None


def _is_unknown_platform(value: Raw) -> bool:
    name = _text(value)
    return name is not None and name not in PLATFORMS


def _key(record: Fields, name: str) -> bytes | None:
    written = _text(record[name]) if name in record else None
    return written.encode() if written and len(written) <= _MAX_KEY else None


def _hash(data: bytes) -> bytes:
    return sha256(data).hexdigest()[:_HASH_DIGITS].encode()


def _head(value: bytes) -> bytes:
    """The first 64 KiB, never a whole JSON object: a short object before a megabyte of blanks loses its brace."""
    head = value[:RAW_LIMIT]
    try:
        decode_fields(head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return head
    return head.rstrip()[:-1]
