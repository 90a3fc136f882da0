"""RSS, RDF and Atom: fastfeedparser, and feedparser for what it gives up on (fifty times slower, and more patient)."""

import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any, Final

import fastfeedparser  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]

from listener.sources.feed import Entry, Feed, Origin
from listener.sources.xml import encode_document, mend, rewrite_dates

_ENTRY: Final = re.compile(r"<(?:[\w.-]{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_LANGUAGE: Final = re.compile(
    r"<(?:dc:)?language[^>]{0,200}>\s*(?:<!\[CDATA\[)?\s*([\w-]{2,35})|\bxml:lang=[\"']([\w-]{2,35})[\"']",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"<(?:[\w.-]{1,20}:)?link\s[^<>]{1,2000}>", re.IGNORECASE)
_LINK_SELF: Final = re.compile(r"\brel=[\"']self[\"']", re.IGNORECASE)
_LINK_HREF: Final = re.compile(r"\bhref=[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE)
_PLAIN_LINK: Final = re.compile(r"<link>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]{1,2000})", re.IGNORECASE)
_DATE_FIELDS: Final = ("published", "updated", "created")

_Read = Callable[[bytes], Mapping[str, Any]]


def read_xml(text: str, origin: Origin) -> Feed:
    """The feed, as far as one of the two parsers can read it; raises ValueError when neither can."""
    first = _ENTRY.search(text)
    head = text[: first.start()] if first else text
    lang, link = _language(head), _first_link(head)
    rewritten, dates = rewrite_dates(text, origin.zone_of(lang, link))
    raw, raw_entries = _parsed(encode_document(mend(rewritten)), expected=len(_ENTRY.findall(text)))
    entries = [_entry(entry, dates) for entry in raw_entries]
    return Feed(_text(raw, "title"), _text(raw, "link") or link, _self_link(head), lang, entries)


def _parsed(document: bytes, expected: int) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The feed's own fields and its entries, from the parser that finds more of them."""
    found: list[Mapping[str, Any]] = []
    for read in (_read_fast, _read_patiently):
        try:
            found.append(read(document))
        except (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError):
            # What the two raise on broken documents; neither documents it.
            continue
        if len(found[-1]["entries"]) >= expected and found[-1]["feed"]:
            break
    best = max(found, key=lambda one: len(one["entries"]), default=None)
    if best is None or not (best["entries"] or best["feed"]):
        raise ValueError("neither RSS nor Atom that can be read")
    return best["feed"], list(best["entries"])


def _read_fast(document: bytes) -> Mapping[str, Any]:
    feed: Mapping[str, Any] = fastfeedparser.parse(document, include_media=False, include_enclosures=False)
    return feed


def _read_patiently(document: bytes) -> Mapping[str, Any]:
    # A stream, because feedparser takes a string for the address of a feed or the name of a file.
    feed: Mapping[str, Any] = feedparser.parse(BytesIO(document), resolve_relative_uris=False, sanitize_html=False)
    return feed


def _entry(raw: Mapping[str, Any], dates: frozenset[str]) -> Entry:
    contents, tags = raw.get("content"), raw.get("tags")
    return Entry(
        title=_text(raw, "title"),
        link=_text(raw, "link"),
        guid=_text(raw, "id"),
        published=_published(raw, dates),
        summary=_text(raw, "description") or _text(raw, "summary"),
        body=_text(contents[0], "value") if contents else None,
        author=_text(raw, "author"),
        section=_text(tags[0], "term") or _text(tags[0], "label") if tags else None,
    )


def _published(raw: Mapping[str, Any], dates: frozenset[str]) -> datetime | None:
    """The first date of the entry that we wrote ourselves; anything else is a parser's guess."""
    found = (date for field in _DATE_FIELDS if field in raw and (date := _text(raw, field)) in dates)
    first = next(found, None)
    return datetime.fromisoformat(first) if first else None


def _text(raw: Mapping[str, Any], field: str) -> str | None:
    value = raw[field] if field in raw else None  # noqa: SIM401 - feedparser's `get` answers with other fields
    return value.strip() or None if isinstance(value, str) else None


def _language(head: str) -> str | None:
    match = _LANGUAGE.search(head)
    return (match[1] or match[2]) if match else None


def _first_link(head: str) -> str | None:
    plain = _PLAIN_LINK.search(head)
    if plain:
        return html.unescape(plain[1])
    others = (link[0] for link in _LINK.finditer(head) if not _LINK_SELF.search(link[0]))
    return next((address for link in others if (address := _href(link))), None)


def _self_link(head: str) -> str | None:
    return next((_href(link[0]) for link in _LINK.finditer(head) if _LINK_SELF.search(link[0])), None)


def _href(link: str) -> str | None:
    match = _LINK_HREF.search(link)
    return html.unescape(match[1]).strip() if match else None
