"""The input topics by name: the shape of their records, their key, and what may be filled in for a sender."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Struct

from listener.sources import urls
from listener.sources.kit.output import Outgoing
from models.article import ARTICLES_TOPIC, Article
from models.post import MAX_RECORD_BYTES, POSTS_TOPIC, Post
from processors.business.kinds import BUSINESS_KINDS

#: A record as a sender has it: JSON objects as dictionaries.
Fields = dict[str, Any]

_ID_DIGITS: Final = 32


@dataclass(frozen=True)
class Shape:
    """One input topic. ``key`` is that of a record; ``complete`` fills in what follows from other fields."""

    topic: str
    struct: type[Struct]
    key: Callable[[Any], str]
    complete: Callable[[Fields], None] = lambda _fields: None


def _complete_article(fields: Fields) -> None:
    """Identity and publisher follow from the address."""
    url = fields.get("url")
    if not isinstance(url, str):
        return
    fields.setdefault("canonical_url", urls.canonical(url))
    fields.setdefault("article_id", sha256(str(fields["canonical_url"]).encode()).hexdigest())
    fields.setdefault("publisher", {"domain": urls.domain(url)})
    if "published_at" not in fields and "observed_at" in fields:
        fields |= {"published_at": fields["observed_at"], "published_at_estimated": True}


SHAPES: Final[dict[str, Shape]] = {
    shape.topic: shape
    for shape in (
        Shape(POSTS_TOPIC, Post, attrgetter("post_id")),
        Shape(ARTICLES_TOPIC, Article, attrgetter("article_id"), _complete_article),
        *(Shape(topic, kind.record, attrgetter("entity_key")) for topic, kind in BUSINESS_KINDS.items()),
    )
}


@dataclass(frozen=True)
class Filler:
    """Makes records of what a sender gives. ``source`` names it where the record does not; ``observed_at``: now."""

    shape: Shape
    source: str
    observed_at: datetime
    defaults: Mapping[str, Any]

    def make(self, fields: Fields) -> Outgoing:
        """The record, judged by the schema of its topic. Raises ValueError that names the field at fault.

        Without an ``event_id`` it gets one from its content, so that the same record sent twice is the same event.
        """
        filled: Fields = {**self.defaults, **{name: value for name, value in fields.items() if value is not None}}
        filled.setdefault("observed_at", self.observed_at.isoformat())
        self.shape.complete(filled)
        filled.setdefault("schema_version", 1)
        filled.setdefault("source", self.source)
        if not filled.get("event_id"):
            content = {name: value for name, value in filled.items() if name not in ("event_id", "observed_at")}
            if "observed_at" in fields:
                content["observed_at"] = fields["observed_at"]
            filled["event_id"] = sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:_ID_DIGITS]
        record = msgspec.convert(filled, type=self.shape.struct)
        value = msgspec.json.encode(record)
        if len(value) > MAX_RECORD_BYTES:
            raise ValueError(f"the record has {len(value)} bytes, a topic takes {MAX_RECORD_BYTES}")
        return Outgoing(self.shape.topic, self.shape.key(record).encode(), value)

    def at(self, observed_at: datetime) -> "Filler":
        """The same at another time."""
        return replace(self, observed_at=observed_at)
