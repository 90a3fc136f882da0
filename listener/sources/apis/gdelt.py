"""GDELT DOC 2.0: articles of the world's press by a query, newest first.

Shape: https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/. It knows when it saw an article, not its publication.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from listener.sources import urls
from listener.sources.apis.polling import ListPoller, Query
from listener.sources.kit.connector import Connector, Context
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result
from listener.sources.text import one_line
from models.article import ARTICLES_TOPIC, Article, Publisher

#: Most records of a query, and the shortest time between two: GDELT's own rules.
_MOST: Final = 250
_PAUSE_S: Final = 5.0
_SEEN: Final = "%Y%m%dT%H%M%SZ"
_LANGUAGES: Final = {
    "arabic": "ar",
    "azerbaijani": "az",
    "chinese": "zh",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hebrew": "he",
    "italian": "it",
    "kurdish": "ku",
    "persian": "fa",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "turkish": "tr",
    "urdu": "ur",
}


class GdeltConfig(Struct, forbid_unknown_fields=True):
    """`queries` in GDELT's language: `"central bank" sourcelang:persian`. `timespan`: how far back each looks."""

    queries: Annotated[list[str], Meta(min_length=1)]
    timespan: str = "1h"
    interval_s: Annotated[float, Meta(ge=60)] = 900.0
    pause_s: Annotated[float, Meta(ge=0)] = _PAUSE_S
    url: str = "https://api.gdeltproject.org/api/v2/doc/doc"
    once: bool = False

    def connector(self, context: Context) -> Connector:
        """The poller."""
        fixed = [("mode", "artlist"), ("format", "json"), ("sort", "datedesc"), ("maxrecords", str(_MOST))]
        queries = [
            Query(query, self.url, parse_articles, [("query", query), ("timespan", self.timespan), *fixed])
            for query in self.queries
        ]
        return ListPoller(
            ARTICLES_TOPIC, queries, context, interval=self.interval_s, pause=self.pause_s, once=self.once
        )


class _Found(Struct):
    url: str
    title: str
    seendate: str = ""
    domain: str | None = None
    language: str | None = None


class _Answer(Struct):
    articles: list[Raw] = []


def parse_articles(document: bytes, observed_at: datetime) -> list[Result]:
    """The articles of an answer. Raises ValueError for what is none: GDELT explains a wrong query in plain text."""
    try:
        answer = msgspec.json.decode(document, type=_Answer)
    except msgspec.DecodeError as error:
        said = " ".join(document[:200].decode(errors="replace").split())
        raise ValueError(f"GDELT says: {said}" if said[:1] not in "{[" else f"no JSON: {error}") from error
    return [_article(raw, observed_at) for raw in answer.articles]


def _article(raw: Raw, observed_at: datetime) -> Result:
    try:
        found = msgspec.json.decode(raw, type=_Found)
        canonical = urls.canonical(found.url)
    except ValueError as error:
        return Problem(f"an article of the list: {error}")
    title = one_line(found.title)
    if title is None:
        return Problem(f"{found.url}: no title")
    return Article(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="gdelt",
        op="create",
        article_id=sha256(canonical.encode()).hexdigest(),
        url=urls.tidy(found.url),
        canonical_url=canonical,
        title=title,
        published_at=_seen(found.seendate, observed_at),
        published_at_estimated=True,
        publisher=Publisher(urls.domain(found.url)),
        lang=_LANGUAGES.get((found.language or "").lower()),
    )


def _seen(text: str, observed_at: datetime) -> datetime:
    """When GDELT saw it, which is the best that is known of when it was published."""
    try:
        return min(datetime.strptime(text, _SEEN).replace(tzinfo=UTC), observed_at)
    except ValueError:
        return observed_at
