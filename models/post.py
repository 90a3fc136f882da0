"""Records of ``social.posts.v1``: one message about one post.

Names align with ActivityStreams (``op``) and schema.org. Unknown fields are ignored; times are RFC 3339 with an offset.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

#: Logical name of the topic; a deployment may put a prefix before it.
POSTS_TOPIC: Final = "social.posts.v1"
#: Largest record value in bytes that an input topic takes.
MAX_RECORD_BYTES: Final = 1_048_576

#: Before this no moment is believed; it also keeps every moment of a record representable in every zone.
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)

Op = Literal["create", "update", "engagement", "delete"]
Platform = Literal[
    "twitter",
    "instagram",
    "telegram",
    "bluesky",
    "mastodon",
    "facebook",
    "threads",
    "linkedin",
    "youtube",
    "tiktok",
    "reddit",
    "aparat",
    "eitaa",
    "bale",
    "rubika",
    "soroush",
    "virasty",
    "ninisite",
    "blog",
    "forum",
    "news",
    "other",
]
#: Wire order: cells and entities store the index, so new platforms go to the end.
PLATFORMS: Final[tuple[str, ...]] = get_args(Platform)

#: Counters of a post in wire order: entities store lists in this order, so new ones go to the end.
COUNTERS: Final = ("likes", "shares", "comments", "views", "quotes", "saves")

Time = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(min_length=1, max_length=512)]
#: A counter's value; null means unknown, not 0. The bound keeps sums within 64 bits.
Count = Annotated[int, Meta(ge=0, le=10**15)] | None


class Author(Struct, frozen=True):
    """Who wrote the post, as the platform names them."""

    id: Id
    handle: str | None = None
    display_name: str | None = None
    followers: Annotated[int, Meta(ge=0)] | None = None


class Counts(Struct, frozen=True):
    """A cumulative snapshot: what the platform showed when the source looked. Null is unknown."""

    likes: Count = None
    shares: Count = None
    comments: Count = None
    views: Count = None
    quotes: Count = None
    saves: Count = None

    def values(self) -> tuple[int | None, ...]:
        """The counters in the order of ``COUNTERS``."""
        return (self.likes, self.shares, self.comments, self.views, self.quotes, self.saves)


class Post(Struct, frozen=True):
    """One record of the posts topic, in full; ``text`` is required for create and update and may be empty."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    op: Op
    post_id: Id
    platform: Platform
    created_at: Time
    source: str | None = None
    text: str | None = None
    edited_at: Time | None = None
    lang: str | None = None
    url: str | None = None
    author: Author | None = None
    in_reply_to: str | None = None
    repost_of: str | None = None
    hashtags: list[str] = []
    mentions: list[str] = []
    links: list[str] = []
    visibility: str | None = None
    counts: Counts = Counts()
    counts_precision: Literal["exact", "rounded"] = "exact"

    def __post_init__(self) -> None:
        if self.text is None and self.op in ("create", "update"):
            raise ValueError(f"`text` is required for op {self.op!r} (it may be empty)")


class Skim(Struct, frozen=True, gc=False):
    """The few fields every record is checked for; the rest of the JSON is checked for form only.

    ``key`` is untyped on purpose: its type is judged with the full schema, and only for records that may match.
    ``text`` is a view of the record as it stands there, quotes and escapes included.
    """

    op: Op
    observed_at: Time
    key: object = msgspec.field(default=None, name="post_id")
    text: msgspec.Raw = msgspec.Raw(b"")

    @property
    def searched(self) -> bytes:
        """What is searched: the text as the record writes it; empty where it is missing or no text.

        Then the whole record is searched: what may match and fails its schema is a dead letter.
        """
        text = bytes(self.text)
        return text if text.startswith(b'"') else b""


_encode: Final = msgspec.json.Encoder().encode


def content_hash(post: Post) -> int:
    """63-bit hash of what a record says, whoever sends it in whatever version: equal for one delivered again."""
    content = _encode(msgspec.structs.replace(post, event_id="-", source=None, schema_version=1))
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1
