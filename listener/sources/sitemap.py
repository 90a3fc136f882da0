"""News sitemaps (https://www.sitemaps.org and Google's ``news`` extension)."""

from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from listener.sources.dates import parse_date
from listener.sources.feed import Entry, Feed, Origin


def read_sitemap(document: bytes, origin: Origin) -> Feed:
    """The sitemap as a feed, as far as it can be read; raises ValueError when it cannot be read at all."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"broken XML: {error}") from error
    if root is None:
        raise ValueError("broken XML")
    return Feed(entries=[_entry(url, origin) for url in _children(root, "url")])


def _entry(url: "etree._Element", origin: Origin) -> Entry:
    link = _text(url, "loc")
    news = next(_children(url, "news"), None)
    if news is None:
        return Entry(link=link)
    publication = next(_children(news, "publication"), None)
    lang = None if publication is None else _text(publication, "language")
    return Entry(
        title=_text(news, "title"),
        link=link,
        published=parse_date(_text(news, "publication_date") or "", origin.zone_of(lang, link)),
        lang=lang,
        publication=None if publication is None else _text(publication, "name"),
    )


def _children(element: "etree._Element", name: str) -> Iterator["etree._Element"]:
    """Children by local name: broken sitemaps use prefixes that they do not declare."""
    for child in element:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2].rpartition(":")[2] == name:
            yield child


def _text(element: "etree._Element", name: str) -> str | None:
    child = next(_children(element, name), None)
    return None if child is None else "".join(child.itertext()).strip() or None
