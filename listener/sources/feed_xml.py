"""RSS, RDF and Atom: fastfeedparser, and feedparser for what it gives up on (fifty times slower, and more patient)."""

import html
import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

import fastfeedparser  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]

from listener.sources.feed import Entry, Feed, Origin
from listener.sources.text import plain_text
from listener.sources.xml import encode_document, mend, rewrite_dates, zone_of_dates

_ENTRY: Final = re.compile(r"<(?:[\w.-]{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_END: Final = re.compile(r"</(?:[\w.-]{1,20}:)?(?:item|entry)\s*>", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^<>]{0,200}>\s*(?:<!\[CDATA\[)?([^<\]]{1,1000})", re.IGNORECASE)
_LANGUAGE: Final = re.compile(
    r"<(?:dc:)?language[^>]{0,200}>\s*(?:<!\[CDATA\[)?\s*([\w-]{2,35})|\bxml:lang=[\"']([\w-]{2,35})[\"']",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"<(?:[\w.-]{1,20}:)?link\s[^<>]{1,2000}>", re.IGNORECASE)
_LINK_SELF: Final = re.compile(r"\brel=[\"']self[\"']", re.IGNORECASE)
_LINK_HREF: Final = re.compile(r"\bhref=[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE)
_XML_BASE: Final = re.compile(r"\bxml:base=[\"']([^\"'<>\s]{1,2000})[\"']")
_PLAIN_LINK: Final = re.compile(r"<link>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]{1,2000})", re.IGNORECASE)
_ATOM: Final = re.compile(r"<(?:[\w.-]{1,20}:)?feed[\s>]", re.IGNORECASE)
_ATOM_TEXT: Final = re.compile(
    r"(<((?:[\w.-]{1,20}:)?(?:title|subtitle|summary|content))\s[^<>]{0,300}?\btype=[\"']text[\"'][^<>]{0,300}>)"
    r"([^<]*)(</\2\s*>)",
    re.IGNORECASE,
)
_DATE_FIELDS: Final = ("published", "updated", "created")

#: What the two parsers raise on broken documents; neither documents it.
_BROKEN: Final = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)
#: Feeds have some ten entries and a short head; the bounds keep the last resort cheap on hostile input.
_MOST_APART, _LONGEST_HEAD = 2000, 20_000


def read_xml(text: str, origin: Origin) -> Feed:
    """The feed, as far as one of the two parsers can read it; raises ValueError when neither can.

    What the feed says of itself is read here from before its first entry: a parser that mends a broken entry may take
    the rest of it for the feed's own title and link.
    """
    text, problems = _complete(_literal(text))
    is_atom = _ATOM.search(text[:2000]) is not None
    first = _ENTRY.search(text)
    head = text[: first.start()] if first else text
    lang, link = _language(head), _first_link(head)
    rewritten, dates = rewrite_dates(text, origin.zone or zone_of_dates(head) or origin.zone_of(lang, link))
    raw, raw_entries = _parsed(mend(rewritten))
    entries = [_entry(entry, dates, is_atom=is_atom) for entry in raw_entries]
    if (lost := len(_ENTRY.findall(text)) - len(raw_entries)) > 0:
        problems.append(f"{lost} entries are too broken to be read")
    title = _TITLE.search(head)
    name = html.unescape(title[1]) if title else _text(raw, "title")
    base = _XML_BASE.search(head)
    return Feed(
        name,
        link or _text(raw, "link"),
        _self_link(head),
        lang,
        entries,
        problems,
        xml_base=html.unescape(base[1]) if base else None,
    )


def _literal(text: str) -> str:
    """Atom's constructs of the type ``text`` with their signs escaped once more: what looks like a tag is none."""
    return _ATOM_TEXT.sub(lambda found: found[1] + found[3].replace("&", "&amp;") + found[4], text)


def _complete(text: str) -> tuple[str, list[str]]:
    """The document without an entry in whose middle it ends: half a link is the address of something else."""
    starts = [match.start() for match in _ENTRY.finditer(text)]
    if not starts or _ENTRY_END.search(text, starts[-1]):
        return text, []
    return text[: starts[-1]], [f"entry {len(starts)}: the document ends in the middle of it"]


def _parsed(text: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The feed's own fields and its entries, from the reader that finds most; raises ValueError when none can read."""
    expected = len(_ENTRY.findall(text))
    found: list[Mapping[str, Any]] = []
    for read in (_read_fast, _read_patiently, _read_apart):
        try:
            found.append(read(text))
        except _BROKEN:
            continue
        if _usable_entries(found[-1]) >= expected:
            break
    best = max(found, key=_usable_entries, default=None)
    if best is None or not (best["entries"] or best["feed"]):
        raise ValueError("neither RSS nor Atom that can be read")
    return best["feed"], list(best["entries"])


def _usable_entries(parsed: Mapping[str, Any]) -> int:
    return sum(
        1 for entry in parsed["entries"] if _text(entry, "title") and (_text(entry, "link") or _text(entry, "id"))
    )


def _read_fast(text: str) -> Mapping[str, Any]:
    feed: Mapping[str, Any] = fastfeedparser.parse(encode_document(text), include_media=False, include_enclosures=False)
    return feed


def _read_patiently(text: str) -> Mapping[str, Any]:
    # A stream, because feedparser takes a string for the address of a feed or the name of a file.
    document = BytesIO(encode_document(text))
    feed: Mapping[str, Any] = feedparser.parse(document, resolve_relative_uris=False, sanitize_html=False)
    return feed


def _read_apart(text: str) -> Mapping[str, Any]:
    """Every entry as a feed of its own, so that a broken one takes none of its neighbours with it."""
    starts = [match.start() for match in _ENTRY.finditer(text)][:_MOST_APART]
    head = text[: starts[0]][:_LONGEST_HEAD] if starts else ""
    entries: list[Mapping[str, Any]] = []
    for start, end in pairwise([*starts, len(text)]):
        try:
            entries.extend(_read_fast(head + text[start:end])["entries"])
        except _BROKEN:
            continue
    return {"feed": {}, "entries": entries}


def _entry(raw: Mapping[str, Any], dates: frozenset[str], *, is_atom: bool) -> Entry:
    """The parsers let content and description stand in for each other: RSS means the description, Atom the content."""
    contents, tags = raw.get("content"), raw.get("tags")
    summary = _text(raw, "description") or _text(raw, "summary")
    body = _text(contents[0], "value") if contents else None
    is_same = summary is not None and body is not None and _words(summary) == _words(body)
    return Entry(
        title=_text(raw, "title"),
        link=_text(raw, "link"),
        guid=_text(raw, "id"),
        published=_published(raw, dates),
        summary=None if is_same and is_atom else summary,
        body=None if is_same and not is_atom else body,
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


def _words(markup: str) -> list[str]:
    return (plain_text(markup) or "").split()


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
