"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import html
from datetime import tzinfo
from typing import Final

import msgspec
from msgspec import Raw, Struct

from listener.sources.dates import parse_date
from listener.sources.feed import Entry, Feed, Origin

_VERSION: Final = "https://jsonfeed.org/version/"


class _Author(Struct):
    name: str | None = None


class _Item(Struct):
    id: str | int | float | None = None
    url: str | None = None
    external_url: str | None = None
    title: str | None = None
    summary: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None
    tags: list[str] | None = None
    language: str | None = None


class _Document(Struct):
    version: str
    items: list[Raw]
    title: str | None = None
    home_page_url: str | None = None
    feed_url: str | None = None
    language: str | None = None


def read_json(document: bytes, origin: Origin) -> Feed:
    """The feed; raises ValueError for what is no JSON Feed."""
    feed = msgspec.json.decode(document, type=_Document)
    if not feed.version.replace("http:", "https:").replace("//www.", "//").startswith(_VERSION):
        raise ValueError(f"JSON, but no JSON Feed: `version` is {feed.version[:80]!r}")
    zone = origin.zone_of(feed.language, feed.home_page_url)
    entries: list[Entry] = []
    problems: list[str] = []
    for number, raw in enumerate(feed.items, 1):
        try:
            entries.append(_entry(msgspec.json.decode(raw, type=_Item), zone))
        except ValueError as error:
            problems.append(f"item {number}: {error}")
    return Feed(feed.title, feed.home_page_url, feed.feed_url, feed.language, entries, problems)


def _entry(item: _Item, zone: tzinfo | None) -> Entry:
    authors = item.authors or ([item.author] if item.author else [])
    return Entry(
        title=html.escape(item.title) if item.title else None,
        link=item.url or item.external_url,
        guid=None if item.id is None else str(item.id),
        published=parse_date(item.date_published or item.date_modified or "", zone),
        summary=html.escape(item.summary) if item.summary else None,
        body=item.content_html or (html.escape(item.content_text) if item.content_text else None),
        author=authors[0].name if authors else None,
        section=item.tags[0] if item.tags else None,
        lang=item.language,
    )
