"""A post as the matcher reads it: folded words, with URLs set apart and hashtags and handles opened up."""

import re
from itertools import pairwise
from typing import Final, NamedTuple

from models.persian import LETTER_RANGES, ZWNJ
from processors.match.folding import CASE_CHANGE, TAG_UNDERSCORE, URL_FILLER, Folded, fold

#: A scheme starts a URL even when it is glued to the word before it; a generic scheme never swallows a known one.
_URL: Final = re.compile(
    r"(?:[a-z](?:(?!https?://|ftp://)[a-z0-9+.-]){0,20}://|(?<!w)www\.(?=\w))[^\s<>\"'`«»“”‹›،؛؟]+",
)
_HOST: Final = re.compile(rf"^(?:[a-z][a-z0-9+.-]*://)?[^/?#{LETTER_RANGES}]*[a-z0-9](?=[{LETTER_RANGES}])")
_TRAILING: Final = ".,;:!?*_~'\"-…" + ZWNJ

#: Longer than any platform allows; the bound keeps the cost of a post linear in its length.
_TAG: Final = re.compile(rf"[#@][\w{ZWNJ}]{{1,200}}")
#: On a shape string (U upper, l lower, . other): DigiKala → Digi|Kala, BBCPersian → BBC|Persian.
_CASE_CHANGE: Final = re.compile(r"(?<=l)(?=U)|(?<=U)(?=Ul)")


class Canonical(NamedTuple):
    """One post: its ``words`` (URLs blanked out, tags opened up) and its ``urls``, both folded."""

    original: str
    words: Folded
    urls: tuple[Folded, ...]


def canonical(text: str, folded: Folded | None = None) -> Canonical:
    """Set the URLs of a text apart and mark the segments of its tags; ``folded`` is the text folded, if at hand."""
    words, urls = without_urls(folded or fold(text))
    if "#" in words.text or "@" in words.text:
        words = _open_tags(words, text)
    return Canonical(text, words, urls)


def without_urls(folded: Folded) -> tuple[Folded, tuple[Folded, ...]]:
    """Canonical text with its URLs blanked out, and the URLs."""
    text = folded.text
    if "://" not in text and "www." not in text:
        return folded, ()
    urls: list[Folded] = []
    pieces: list[str] = []
    done = 0
    while match := _URL.search(text, done):
        start, end = match.start(), match.start() + _url_length(match.group())
        urls.append(folded.slice(start, end))
        pieces += text[done:start], URL_FILLER * (end - start)
        done = end
    return folded.replace("".join([*pieces, text[done:]])), tuple(urls)


def _url_length(url: str) -> int:
    """Where the URL really ends: before Persian letters glued to a Latin host, an unopened bracket, punctuation."""
    if glued := _HOST.match(url):
        return glued.end()
    depth = 0
    for at, char in enumerate(url):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            url = url[:at]
            break
    return len(url.rstrip(_TRAILING)) or len(url)


def _open_tags(words: Folded, original: str) -> Folded:
    """Mark underscores and case changes inside hashtags and handles."""
    breaks: list[int] = []
    for match in _TAG.finditer(words.text):
        start, end = match.span()
        written = original[words.starts[start] : words.ends[end - 1]]
        if written == written.lower():
            continue
        shape = "".join(map(_shape, (original[at] for at in words.starts[start:end])))
        if "U" in shape:
            breaks += [start + change.start() for change in _CASE_CHANGE.finditer(shape)]
    text = _TAG.sub(lambda match: match.group().replace("_", TAG_UNDERSCORE), words.text)
    return _with_breaks(words.replace(text), breaks)


def _shape(char: str) -> str:
    return "U" if char.isupper() else "l" if char.islower() else "."


def _with_breaks(words: Folded, breaks: list[int]) -> Folded:
    if not breaks:
        return words
    bounds = [0, *breaks, len(words.text)]
    pieces = [words.slice(low, high) for low, high in pairwise(bounds)]
    starts, ends = list(pieces[0].starts), list(pieces[0].ends)
    for piece in pieces[1:]:
        starts += [piece.starts[0], *piece.starts]
        ends += [piece.starts[0], *piece.ends]
    return Folded(CASE_CHANGE.join(piece.text for piece in pieces), starts, ends)
