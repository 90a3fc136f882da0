"""Records of ``press.articles.v1``: one message about one article of the press.

Names align with ActivityStreams (``op``) and schema.org. Unknown fields are ignored; times are RFC 3339 with an offset.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

#: Logical name of the topic; a deployment may put a prefix before it.
ARTICLES_TOPIC: Final = "press.articles.v1"

Op = Literal["create", "update", "delete"]

Time = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(min_length=1, max_length=512)]
Url = Annotated[str, Meta(min_length=1, max_length=8192, pattern="^https?://")]


class Publisher(Struct, frozen=True):
    """Whose site the article stands on; ``domain`` has no ``www.``, ``country`` is ISO 3166-1 alpha-2."""

    domain: Annotated[str, Meta(min_length=1, max_length=253)]
    name: str | None = None
    country: str | None = None


class Article(Struct, frozen=True):
    """One record of the articles topic, in full.

    ``article_id`` is the SHA-256 of ``canonical_url`` in hexadecimal. ``published_at_estimated`` says that the source
    gave no date that can be right, so ``published_at`` is the time of the observation.
    """

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    op: Op
    article_id: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    url: Url
    canonical_url: Url
    title: Annotated[str, Meta(min_length=1)]
    published_at: Time
    publisher: Publisher
    published_at_estimated: bool = False
    source: str | None = None
    summary: str | None = None
    body: str | None = None
    author: str | None = None
    section: str | None = None
    lang: str | None = None
    feed_url: str | None = None

    @property
    def text(self) -> str:
        """What campaigns are matched against: title, summary and body, a blank line between them."""
        return "\n\n".join(part for part in (self.title, self.summary, self.body) if part)


class ArticleSkim(Struct, frozen=True, gc=False):
    """The few fields every record is checked for; see ``models.post.Skim``."""

    op: Op
    observed_at: Time
    key: object = msgspec.field(default=None, name="article_id")
    title: msgspec.Raw = msgspec.Raw(b"")
    summary: msgspec.Raw = msgspec.Raw(b"")
    body: msgspec.Raw = msgspec.Raw(b"")

    @property
    def searched(self) -> bytes:
        """All that is searched, as the record writes it; see ``models.post.Skim``."""
        title, *others = (bytes(self.title), bytes(self.summary), bytes(self.body))
        sound = title.startswith(b'"') and all(one[:1] in (b"", b"n", b'"') for one in others)
        return b"\n".join((title, *others)) if sound else b""


def article_hash(article: Article) -> int:
    """63-bit hash of what a record says, whoever sends it in whatever version: equal for one delivered again."""
    content = msgspec.json.encode(msgspec.structs.replace(article, event_id="-", source=None, schema_version=1))
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1
