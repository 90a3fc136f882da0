"""The press: RSS, RDF, Atom, JSON Feed and news sitemaps become articles; the content tells which of them it is."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from listener.sources import urls
from listener.sources.feed import Entry, Feed, Origin
from listener.sources.feed_json import read_json
from listener.sources.feed_xml import read_xml
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result
from listener.sources.sitemap import read_sitemap
from listener.sources.text import one_line, plain_text
from listener.sources.xml import decode_document, encode_document, mend
from models.article import Article, Publisher

_ROOT: Final = re.compile(r"<([A-Za-z_][\w.:-]{0,40})")
#: Before the web there were no articles on it: ``1970-01-01`` is a field that was never filled.
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
#: Characters of a title made from the text of an entry that has none.
_TITLE_LENGTH: Final = 120
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
#: "someone@paper.example (Name)", as RSS 2.0 has authors.
_MAILBOX: Final = re.compile(r"[^\s()@]+@[^\s()@]+ \((.+)\)")


def parse_feed(document: bytes, origin: Origin, observed_at: datetime) -> list[Result]:
    """One result for each entry, in the order of the document; raises ValueError when it cannot be read as a feed."""
    feed = _read(document, origin)
    known = [address for address in (origin.base_url, feed.self_link, feed.link) if address]
    base = next((found for address in known if (found := urls.absolute(address, origin.base_url))), None)
    links_base = (urls.absolute(feed.xml_base, base) if feed.xml_base else None) or base
    feed_url = urls.absolute(own, base) if (own := feed.self_link or origin.base_url) else None
    results: list[Result] = [Problem(problem) for problem in feed.problems]
    for number, entry in enumerate(feed.entries, 1):
        try:
            results.append(_article(entry, feed, (base, links_base), observed_at, feed_url))
        except ValueError as error:
            results.append(Problem(f"entry {number}{_named(entry)}: {error}"))
    return results


def _read(document: bytes, origin: Origin) -> Feed:
    text = decode_document(document)
    if text.startswith("{"):
        return read_json(text.encode(), origin)
    root = _ROOT.search(text)
    if root is None:
        raise ValueError("neither XML nor JSON" if text else "the input is empty")
    name = root[1].rpartition(":")[2].lower()
    if name == "sitemapindex":
        raise ValueError("a sitemap of sitemaps: it names no articles, read the sitemaps that it lists")
    if name == "urlset":
        return read_sitemap(encode_document(mend(text)), origin)
    if name == "html":
        raise ValueError("a web page (HTML), not a feed")
    return read_xml(text, origin)


def _article(
    entry: Entry,
    feed: Feed,
    bases: tuple[str | None, str | None],
    observed_at: datetime,
    feed_url: str | None,
) -> Article:
    """The article; raises ValueError with the reason why the entry is none.

    ``bases``: the address of the feed, and the one that its relative links start from (``xml:base``).
    """
    summary, body = plain_text(entry.summary), plain_text(entry.body)
    title = one_line(entry.title) or _beginning(summary or body)
    if title is None:
        raise ValueError("no title and no text")
    url, canonical_url = _addresses(entry, feed, bases, title)
    published = entry.published if entry.published and _EARLIEST <= entry.published <= observed_at else None
    return Article(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="rss",
        op="create",
        article_id=sha256(canonical_url.encode()).hexdigest(),
        url=url,
        canonical_url=canonical_url,
        title=title,
        published_at=published or observed_at,
        published_at_estimated=published is None,
        publisher=Publisher(urls.domain(url), name=one_line(entry.publication or feed.title)),
        summary=summary,
        body=None if body == summary else body,
        author=_author(entry.author),
        section=one_line(entry.section),
        lang=_language(entry.lang or feed.lang),
        feed_url=feed_url,
    )


def _beginning(text: str | None) -> str | None:
    """What stands for a title where a feed has none (RSS and JSON Feed allow that): the first words of the text."""
    line = (text or "").partition("\n")[0].strip()
    if len(line) <= _TITLE_LENGTH:
        return line or None
    return line[:_TITLE_LENGTH].rpartition(" ")[0].rstrip() or line[:_TITLE_LENGTH]


def _addresses(entry: Entry, feed: Feed, bases: tuple[str | None, str | None], title: str) -> tuple[str, str]:
    """Where the article stands, and the spelling by which it is known: by its link, else its guid, else its content.

    Raises ValueError when neither the entry nor the feed has an address.
    """
    base, links_base = bases
    home = urls.absolute(feed.link, base) if feed.link else None
    for link, start in ((entry.link, links_base), (entry.guid, None)):
        url = urls.absolute(link, start) if link else None
        if url and not (home and urls.canonical(url) == urls.canonical(home)):
            return urls.tidy(url), urls.canonical(url)
    if base is None:
        raise ValueError("no link, and no address of the feed to place it at: give --base-url")
    name = entry.guid or sha256(f"{title}\n{entry.summary or entry.body or ''}".encode()).hexdigest()
    url = urls.with_fragment(base, name)
    return url, url


def _author(author: str | None) -> str | None:
    name = one_line(author)
    mailbox = _MAILBOX.fullmatch(name or "")
    return mailbox[1] if mailbox else name


def _language(code: str | None) -> str | None:
    """A BCP 47 tag, its language in lower case; None for names ("Persian") and fillers."""
    tag = (code or "").strip().replace("_", "-")
    language, dash, rest = tag.partition("-")
    return language.lower() + dash + rest if _LANGUAGE.fullmatch(tag) else None


def _named(entry: Entry) -> str:
    name = entry.title or entry.link or entry.guid
    return f" ({' '.join(name.split())[:80]})" if name else ""
