"""XML of feeds before a parser sees it: decoded, mended where feeds are often broken, its dates made unmistakable."""

import html
import re
from datetime import tzinfo
from typing import Final

from listener.sources.dates import named_offset, parse_date

_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]{0,200}\?>", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"<\?xml[^>]{0,100}?encoding=[\"']([\w.:-]{1,40})[\"']", re.IGNORECASE)
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
#: How UTF-16 begins where it has no mark.
_UNMARKED: Final = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
#: Older Persian and Arabic sites; every byte means something in it, so it is tried last.
_LAST_RESORT: Final = "windows-1256"
#: A document cut in the middle of a letter is still UTF-8; one with more errors than this is not.
_WRONG_LETTERS: Final = 0.01
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DOCTYPE: Final = re.compile(r"<!DOCTYPE[^\[>]{0,1000}(?:\[[^\]]{0,100000}\]\s*)?>", re.IGNORECASE)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_AMPERSAND: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)(?:(\w{2,32});)?")
_DATE: Final = re.compile(
    r"<(?P<tag>(?:[\w.-]{1,20}:)?(?:pubDate|published|updated|issued|modified|created|date))(?P<attributes>\s[^<>]{0,500})?>"
    r"\s*(?:<!\[CDATA\[)?(?P<date>[^<\]]{0,300})(?:\]\]>)?\s*</(?P=tag)\s*>",
    re.IGNORECASE,
)

_OWN_DATE: Final = re.compile(
    r"<(?:[\w.-]{1,20}:)?(?:lastBuildDate|pubDate|published|updated|date)(?:\s[^<>]{0,500})?>"
    r"\s*(?:<!\[CDATA\[)?([^<\]]{0,300})",
    re.IGNORECASE,
)


def decode_document(raw: bytes) -> str:
    """The text of a document by its byte order mark, its declaration or its looks."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _clean(raw[len(mark) :].decode(encoding, errors="replace"))
    if unmarked := _UNMARKED.get(raw[:2]):
        return _clean(raw.decode(unmarked, errors="replace"))
    try:
        # Whatever is declared: no other encoding makes valid UTF-8 of Persian by chance, and sites declare old ones.
        return _clean(raw.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if declared := _ENCODING.search(raw[:400]):
        try:
            return _clean(raw.decode(declared[1].decode("ascii")))
        except (LookupError, ValueError):
            pass
    text = raw.decode("utf-8", errors="replace")
    if text.count("\ufffd") > 1 + _WRONG_LETTERS * len(text):
        text = raw.decode(_LAST_RESORT, errors="replace")
    return _clean(text)


def mend(text: str) -> str:
    """XML without a document type, with HTML's named letters (``&nbsp;``, ``&raquo;``) and bare ampersands resolved.

    Without this, parsers drop what they do not know, and half of a title with it. Sections of CDATA stay as they are.
    """
    text = _DOCTYPE.sub("", text, count=1)
    parts: list[str] = []
    done = 0
    while (start := text.find(_CDATA, done)) >= 0 and (end := text.find(_CDATA_END, start)) >= 0:
        parts += (_AMPERSAND.sub(_resolved, text[done:start]), text[start : end + len(_CDATA_END)])
        done = end + len(_CDATA_END)
    return "".join([*parts, _AMPERSAND.sub(_resolved, text[done:])])


def rewrite_dates(text: str, zone: tzinfo | None) -> tuple[str, frozenset[str]]:
    """The document with every date as RFC 3339 in UTC, or empty where it cannot be read; and the dates as written.

    Feed parsers hand over dates only as they have understood them, so they must not be able to misunderstand.
    """
    written: set[str] = set()

    def rewrite(match: re.Match[str]) -> str:
        instant = parse_date(html.unescape(match["date"]), zone)
        date = instant.isoformat(timespec="seconds") if instant else ""
        written.add(date)
        return f"<{match['tag']}{match['attributes'] or ''}>{date}</{match['tag']}>"

    rewritten = _DATE.sub(rewrite, text)
    return rewritten, frozenset(written - {""})


def zone_of_dates(head: str) -> tzinfo | None:
    """The zone that a feed's own dates name, for those of its entries that name none; None where it is UTC or unnamed.

    UTC says nothing: the software of many sites writes the time of the feed itself as such.
    """
    for match in _OWN_DATE.finditer(head):
        if offset := named_offset(html.unescape(match[1])):
            return offset
    return None


def encode_document(text: str) -> bytes:
    """The document in UTF-8, declared so."""
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode()


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", _DECLARATION.sub("", text, count=1)).lstrip()


def _resolved(match: re.Match[str]) -> str:
    letter = html.unescape(match[0]) if match[1] else match[0]
    return letter.replace("&", "&amp;").replace("<", "&lt;")
