"""Records of ``listener.mentions.v1``: every matched, enriched mention, one record per campaign and entity.

Two keys per mention, so that compaction keeps both: ``campaign|entity`` for what was said (create, update) and
``campaign|entity|counts`` for the newest counters (engagement). Both go to the partition of the source record, so their
order is that of the source. A replay may write a record again: readers skip what is not past the highest
(source topic, partition, offset) that they have of the same key. A delete is a tombstone of both keys.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.post import Counts

MENTIONS_TOPIC: Final = "listener.mentions.v1"

Kind = Literal["post", "article"]
Label = Literal["negative", "neutral", "positive"]
#: Longest text that is kept, in code points: of a longer one the first so many, with the matches in them.
MAX_TEXT: Final = 100_000
LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")


class Origin(Struct, frozen=True, array_like=True):
    """Which source record said so: logical topic name, partition, offset plus base (the record's stamp)."""

    topic: str
    partition: int
    stamp: int


class Found(Struct, frozen=True, omit_defaults=True):
    """One occurrence of a keyword: code points ``start:end`` of ``Mention.text``, as the matcher reports them."""

    keyword: str
    start: int
    end: int
    rule: str


class Mention(Struct, frozen=True, omit_defaults=True):
    """What a campaign was mentioned with. Of an ``engagement`` only the first fields and ``counts`` are there.

    ``text`` is what was matched (of an article: title, summary and body, a blank line between), cut at ``MAX_TEXT``;
    ``normalized`` is the same as hazm writes it. ``sentiment`` is toward this campaign, ``scores`` sum to 1.
    ``relevant`` is None without a verdict. ``story`` is equal for near-duplicate texts. ``author`` is a keyed hash,
    never a name; None without a key. ``counts`` are those last believed. Every record is of a mention that was counted:
    late finds have none. After an edit that no longer matches there are no ``matches``.
    """

    campaign: str
    entity: str
    kind: Kind
    op: Literal["create", "update", "engagement"]
    origin: Origin
    platform: str
    event_time: datetime
    observed_at: datetime
    counts: Counts = Counts()
    schema_version: int = 1
    matches: tuple[Found, ...] = ()
    text: str = ""
    title: str | None = None
    normalized: str = ""
    lang: str | None = None
    url: str | None = None
    sentiment: Label | None = None
    scores: dict[str, float] = {}
    relevant: bool | None = None
    relevance: float | None = None
    story: str | None = None
    author: str | None = None
    followers: int | None = None
    publisher: str | None = None
    repost: bool = False

    @property
    def key(self) -> bytes:
        """Its key on the topic."""
        return (
            counts_key(self.campaign, self.entity)
            if self.op == "engagement"
            else mention_key(self.campaign, self.entity)
        )


def mention_key(campaign: str, entity: str) -> bytes:
    """Key of what was said."""
    return f"{campaign}|{entity}".encode()


def counts_key(campaign: str, entity: str) -> bytes:
    """Key of the newest counters."""
    return f"{campaign}|{entity}|counts".encode()


_decode = msgspec.json.Decoder(Mention).decode


def pack_mention(mention: Mention) -> bytes:
    """The value on the wire: JSON."""
    return msgspec.json.encode(mention)


def unpack_mention(value: bytes) -> Mention:
    """The inverse of ``pack_mention``; ``msgspec.ValidationError`` for anything else."""
    return _decode(value)
