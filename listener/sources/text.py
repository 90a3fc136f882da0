"""Text of what sources send as HTML, with its links."""

import re
from html.parser import HTMLParser
from typing import Final, NamedTuple

_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre"),
        *("section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    }
)
#: What a reader never sees as text.
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript", "iframe", "object", "head", "title"})
_PARAGRAPHS: Final = frozenset({"p", "blockquote"})
#: A summary cut in the middle of a tag; the standard parser would take the rest for text.
_CUT_TAG: Final = re.compile(r"<[a-zA-Z/!][^<>]*\Z")
#: A sign that begins no tag: as text it costs the standard parser a look at the rest of the document each time.
_NO_TAG: Final = re.compile(r"<(?!!--)(?![^<>]*>)")
_SPACES: Final = re.compile(r"[^\S\n\u00a0]+|\u00a0")
_BREAKS: Final = re.compile(r" ?\n ?")
_MANY_BREAKS: Final = re.compile(r"\n{3,}")


class Anchor(NamedTuple):
    """A link in HTML: its address and its CSS classes, by which networks mark mentions and hashtags."""

    href: str
    classes: frozenset[str]


class HtmlText(NamedTuple):
    """The text, one blank line between paragraphs, and the links in their order."""

    text: str
    anchors: list[Anchor]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.anchors: list[Anchor] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self._break(tag)
        elif tag == "a" and not self._hidden:
            values = dict(attrs)
            if href := values.get("href"):
                self.anchors.append(Anchor(href.strip(), frozenset((values.get("class") or "").split())))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in _BLOCKS and tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data.replace("\r", " ").replace("\n", " "))

    def _break(self, tag: str) -> None:
        if not self._hidden:
            self.parts.append("\n\n" if tag in _PARAGRAPHS else "\n")


def read_html(html: str) -> HtmlText:
    """The text of a piece of HTML, however broken: entities resolved, blocks on lines of their own, no scripts."""
    reader = _Reader()
    try:
        reader.feed(_closed(html))
        reader.close()
    except AssertionError:
        # The standard parser gives up on some broken declarations ("<![") in this way; what came before is good.
        pass
    text = _BREAKS.sub("\n", _SPACES.sub(" ", "".join(reader.parts)))
    return HtmlText(_MANY_BREAKS.sub("\n\n", text).strip(), reader.anchors)


def _closed(html: str) -> str:
    """The HTML without a comment or tag that never ends: the standard parser is slow on it or reads it as text."""
    open_comment = html.find("<!--", max(html.rfind("-->"), 0))
    html = html if open_comment < 0 else html[:open_comment]
    return _NO_TAG.sub("&lt;", _CUT_TAG.sub("", html))


def plain_text(html: str | None) -> str | None:
    """The text of a piece of HTML; None when nothing is left of it."""
    return read_html(html).text or None if html else None


def one_line(html: str | None) -> str | None:
    """The text on one line, as titles and names are."""
    return " ".join(read_html(html).text.split()) or None if html else None
