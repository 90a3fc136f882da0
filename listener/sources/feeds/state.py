"""What is remembered of a feed between two polls, and what a new document says compared with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from listener.sources.records import UNNAMED, Result
from models.article import Article

#: Entries remembered besides those of the last document: feeds drop and bring back what is near their end.
_KEPT: Final = 500
_HASH_DIGITS: Final = 12
_NO_TIME: Final = datetime(1, 1, 1, tzinfo=UTC)


class Seen(Struct, array_like=True):
    """An article that was produced: a hash of its content, and when it was first seen (epoch seconds)."""

    content: str
    first_seen: int


class FeedState(Struct, omit_defaults=True):
    """The cursor of one feed: what its server told of the last answer, and the articles that are known."""

    etag: str | None = None
    last_modified: str | None = None
    seen: dict[str, Seen] = {}

    @classmethod
    def read(cls, cursor: Any) -> "FeedState":
        """From a saved cursor; an unreadable one is as none."""
        try:
            return msgspec.convert(cursor or {}, type=cls)
        except msgspec.ValidationError:
            return cls()

    def cursor(self) -> Any:
        """To be saved."""
        return msgspec.to_builtins(self)


@dataclass
class Changes:
    """New and edited articles (and what could not be read); how many are as before; what is known now."""

    results: list[Result] = field(default_factory=list)
    unchanged: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)


def compare(results: Iterable[Result], state: FeedState, is_of_another: Callable[[str], bool]) -> Changes:
    """The changes that a document brings.

    ``is_of_another``: whether an article is known from another feed of the source (agencies have it in several).
    An article without a date keeps the moment of its first sight through its edits.
    """
    found = Changes()
    current: dict[str, Seen] = {}
    for result in results:
        if not isinstance(result, Article):
            found.results.append(result)
            continue
        if is_of_another(result.article_id) or result.article_id in current:
            found.unchanged += 1
            continue
        known = state.seen.get(result.article_id)
        content = _content_hash(result)
        first_seen = known.first_seen if known else int(result.observed_at.timestamp())
        current[result.article_id] = Seen(content, first_seen)
        if known and known.content == content:
            found.unchanged += 1
        else:
            found.results.append(_as_change(result, known))
    older = {key: seen for key, seen in state.seen.items() if key not in current}
    found.seen = dict(list(older.items())[-_KEPT:]) | current
    return found


def _as_change(article: Article, known: Seen | None) -> Article:
    if known is None:
        return article
    published_at = article.published_at
    if article.published_at_estimated:
        published_at = datetime.fromtimestamp(known.first_seen, UTC)
    return msgspec.structs.replace(article, op="update", published_at=published_at)


def _content_hash(article: Article) -> str:
    """Of what a reader sees; not of the moment of reading, nor of the feed that had it."""
    fixed: dict[str, Any] = {"event_id": UNNAMED, "observed_at": _NO_TIME, "feed_url": None, "url": "https://-"}
    if article.published_at_estimated:
        fixed["published_at"] = _NO_TIME
    content = msgspec.json.encode(msgspec.structs.replace(article, **fixed))
    return sha256(content).hexdigest()[:_HASH_DIGITS]
