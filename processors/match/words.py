"""Keywords as patterns over canonical text: separators, suffixes, ezafe, boundaries, repeats."""

import re
from functools import cached_property
from itertools import groupby
from typing import Final, NamedTuple
from unicodedata import category

from models.persian import (
    EZAFE_LETTER,
    EZAFE_SIGNS,
    LETTER_RANGES,
    SUFFIX_ENDINGS,
    SUFFIX_INDEFINITE_PLURAL,
    SUFFIX_PLURALS,
    SUFFIX_POSSESSIVES,
    SUFFIX_YEH,
    ZWNJ,
)
from processors.match.canonical import Canonical
from processors.match.folding import CASE_CHANGE, TAG_UNDERSCORE, fold
from processors.match.results import Hit, Rule

_SEPARATORS: Final = rf" _{ZWNJ}{CASE_CHANGE}{TAG_UNDERSCORE}\-"
_SPLIT: Final = re.compile(f"[{_SEPARATORS}\n\r]+")
#: Between two letters of one keyword word: a half-space, or the segments of a tag re-joined.
_GAP: Final = f"[{ZWNJ}{CASE_CHANGE}{TAG_UNDERSCORE}]*"
#: Any run of separators with at most one line break.
_RUN: Final = f"[{_SEPARATORS}]*(?:(?:\r\n|[\n\r])[{_SEPARATORS}]*)?"
#: Between two words of a keyword: an ezafe and a separator, or any separator, or nothing.
_JUNCTION: Final = f"(?:(?P<ezafe{{}}>{ZWNJ}{EZAFE_LETTER}(?=[{_SEPARATORS}\n\r])){_RUN}|{_RUN})"
_PLAIN_JUNCTION: Final = f"(?:{_RUN})"

_PERSIAN: Final = f"[{LETTER_RANGES}]"
_OTHER: Final = rf"[^\W\d_{LETTER_RANGES}]"
#: What must not stand before a keyword.
_BEFORE: Final = {
    "persian": (_PERSIAN, _PERSIAN + ZWNJ),
    "other": (_OTHER, _OTHER + ZWNJ),
    "digit": (r"\d", rf"\d[{ZWNJ}.,٫٬]"),
    "symbol": (),
}
_AFTER: Final = {
    "persian": f"(?!{ZWNJ}?{_PERSIAN})",
    "other": f"(?!{ZWNJ}?{_OTHER})",
    "digit": rf"(?![{ZWNJ}.,٫٬]?\d)",
    "symbol": "",
}
#: What ``*`` stands for: the rest of the word, as long as words are.
_MORE: Final = {
    "persian": f"(?:{ZWNJ}?{_PERSIAN}){{0,64}}",
    "other": f"(?:{ZWNJ}?{_OTHER}){{0,64}}",
    "digit": r"\d{0,64}",
    "symbol": "",
}
_TAG_BEFORE: Final = re.compile(rf"([#@])[\w{ZWNJ}{CASE_CHANGE}{TAG_UNDERSCORE}]*\Z")
_TAG_REACH: Final = 200
_EZAFE: Final = ZWNJ + EZAFE_LETTER
_EZAFE_SIGN: Final = re.compile(rf"[{''.join(sorted(EZAFE_SIGNS))}](?!\w)")
_SYMBOLS: Final = frozenset({"So", "Sc", "Sm"})
#: No part of any word, suffix, tag or half-space: what has one of these on both sides stands alone.
_APART: Final = frozenset(" \n.,:;!?()[]\"'«»،؛؟…")


def _stretch(word: str) -> str:
    """A suffix, each letter once or three and more times (a stretched one), half-spaces between (ها‌یی)."""
    return f"{ZWNJ}?".join(f"{char}(?:{char}{{2,}})?" for char in word)


def _slot(*suffixes: str) -> str:
    return f"{ZWNJ}?(?:{'|'.join(map(_stretch, suffixes))})"


def _suffix() -> str:
    """[ی] [plural] [possessive] [و or ه]; no possessive directly after a relational or indefinite ی."""
    yeh, possessive, ending = _slot(*SUFFIX_YEH), _slot(*SUFFIX_POSSESSIVES), _slot(*SUFFIX_ENDINGS)
    plural = f"(?:{_slot(*SUFFIX_PLURALS)}(?:{possessive})?|{_slot(SUFFIX_INDEFINITE_PLURAL)})"
    return f"(?P<suffix>(?:(?:{yeh})?{plural}|{yeh}|{possessive})?(?:{ending})?)"


_SUFFIX: Final = _suffix()


class Form(NamedTuple):
    """How a keyword is meant.

    ``exact`` (quoted in a query): without endings and stretched letters; ``wildcard``: as the beginning of any word.
    """

    exact: bool = False
    wildcard: bool = False


PLAIN: Final = Form()


class _Run(NamedTuple):
    """Equal characters of a keyword word; ``glue`` is what may stand before it in a post (regular expression)."""

    char: str
    length: int
    glue: str

    def regex(self, *, stretched: bool = True, last: bool = False) -> str:
        """The run as a post may write it: as often, or three and more times if it is a letter.

        Before a suffix that begins with the same letter, the ``last`` run may leave one letter of three to it.
        """
        char = re.escape(self.char)
        if not self.char.isalpha():
            return char * self.length
        more = f"(?:{_GAP}{char})"
        if not stretched:
            return char + more * (self.length - 1)
        if self.length == 1:
            shared = f"|{more}(?={ZWNJ}?{char})" if last else ""
            return f"{char}(?:{more}{{2,}}{shared})?"
        exact = f"{more}{{{self.length - 1}}}"
        return f"{char}(?:{more}{{{max(2, self.length - 1)},}}|{exact})"


def words_of(keyword: str) -> tuple[str, ...]:
    """The canonical words of a keyword, separators gone; raises ValueError when nothing is left to search for."""
    words = tuple(filter(None, _SPLIT.split(fold(keyword).text)))
    if not any(char.isalnum() or category(char) in _SYMBOLS for word in words for char in word):
        raise ValueError("nothing is left to search for: a keyword needs a letter, a digit or a symbol")
    return words


def kind_of(char: str) -> str:
    """persian, other (a letter of another script), digit or symbol: what decides on boundaries."""
    if re.match(_PERSIAN, char):
        return "persian"
    if char.isdecimal():
        return "digit"
    return "other" if char.isalnum() else "symbol"


def _runs(words: tuple[str, ...], *, exact: bool) -> list[_Run]:
    runs: list[_Run] = []
    for number, word in enumerate(words):
        before = "" if number == 0 else _PLAIN_JUNCTION if exact else _junction(number, words[number - 1])
        for char, equal in groupby(word):
            runs.append(_Run(char, len(list(equal)), before))
            before = _GAP if char.isalnum() else ""
    return [run if run.char.isalnum() or run.glue != _GAP else run._replace(glue="") for run in runs]


def _junction(number: int, word_before: str) -> str:
    return _JUNCTION.format(number) if kind_of(word_before[-1]) == "persian" else _PLAIN_JUNCTION


def _body(words: tuple[str, ...], *, exact: bool) -> str:
    """The keyword as a regular expression without its boundaries."""
    parts: list[str] = []
    previous: _Run | None = None
    runs = _runs(words, exact=exact)
    for run in runs:
        part = run.glue + run.regex(stretched=not exact, last=run is runs[-1])
        if not exact and previous and previous.char == run.char and run.char.isalpha():
            # Joined, the two runs are one, and a post may stretch it as a whole.
            previous = _Run(run.char, previous.length + run.length, previous.glue)
            joined = f"{run.char}(?:{_GAP}{run.char}){{{max(3, previous.length) - 1},}}"
            part = f"{previous.glue}(?:{parts.pop().removeprefix(previous.glue)}{part}|{joined})"
        else:
            previous = run
        parts.append(part)
    return "".join(parts)


def _bounded(body: str, first: str, before: tuple[str, ...]) -> str:
    """The body where none of ``before`` stands before it.

    Looking back after the first letter instead of before it lets the regular expression jump from one such letter to
    the next: ten times as fast.
    """
    if body.startswith(first):
        return first + "".join(f"(?<!{one}{first})" for one in before) + body.removeprefix(first)
    return "".join(f"(?<!{one})" for one in before) + body


def _literal(words: tuple[str, ...], form: Form) -> str | None:
    """What is the keyword whatever stands beside it that is in ``_APART``; None where that is not sure."""
    first, last = words[0][0], words[-1][-1]
    sure = not form.wildcard and {kind_of(first), kind_of(last)} <= {"persian", "other"}
    return " ".join(words) if sure else None


class WordPattern:
    """One keyword, found as a whole word (or words) in canonical text. Raises ValueError for an empty keyword."""

    def __init__(self, keyword: str, form: Form = PLAIN) -> None:
        self.keyword = keyword
        self.form = form
        self.words = words_of(keyword)
        self._literal = _literal(self.words, form) if fold(keyword).text == " ".join(self.words) else None
        self._with_ezafe = _EZAFE_SIGN.search(keyword) is not None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        """Compiled at the first post that may hold the keyword."""
        first, last = kind_of(self.words[0][0]), kind_of(self.words[-1][-1])
        suffix = _SUFFIX if last == "persian" and self.form == PLAIN else "(?P<suffix>)"
        more = f"(?P<more>{_MORE[last]})" if self.form.wildcard else ""
        body = _bounded(_body(self.words, exact=self.form.exact), re.escape(self.words[0][0]), _BEFORE[first])
        return re.compile(f"(?P<keyword>{body}{more}){suffix}{_AFTER[last]}")

    def find(self, post: Canonical, places: int | None = None) -> tuple[Hit, ...]:
        """Every occurrence, left to right, without overlaps; ``places``: at how many of them one may begin, if known.

        Most posts write a keyword as it is, a blank or a mark on both sides. Where that explains all the places there
        is nothing else to find, and the regular expression is not needed, nor compiled: it takes 2 ms.
        """
        if places and self._literal:
            hits = self._plain_hits(post, self._literal, places)
            if len(hits) == places:
                return hits
        return tuple(self._hit(post, match) for match in self._regex.finditer(post.words.text))

    def _plain_hits(self, post: Canonical, literal: str, most: int) -> tuple[Hit, ...]:
        """The first occurrences of the keyword as it is, as far as one that does not stand alone."""
        text, original = post.words.text, post.original
        hits: list[Hit] = []
        at = text.find(literal)
        while at >= 0 and len(hits) < most:
            behind = at + len(literal)
            if (at and text[at - 1] not in _APART) or (behind < len(text) and text[behind] not in _APART):
                break
            start, end = post.words.span(at, behind)
            hits.append(Hit(start, end, self._plain_rule(original[start:end])))
            at = text.find(literal, behind)
        return tuple(hits)

    def _plain_rule(self, written: str) -> Rule:
        if written == self.keyword:
            return "exact"
        return "ezafe" if not self._with_ezafe and _EZAFE_SIGN.search(written) else "letters"

    def _hit(self, post: Canonical, match: re.Match[str]) -> Hit:
        start, end = post.words.span(*match.span("keyword"))
        return Hit(start, end, _tag_rule(match) or self._rule(match, post.original[start:end]))

    def _rule(self, match: re.Match[str], written: str) -> Rule:
        groups = match.groupdict()
        suffix = groups.pop("suffix")
        if groups.pop("more", None):
            return "wildcard"
        if suffix:
            return "ezafe" if suffix == _EZAFE else "suffix"
        keyword = groups.pop("keyword")
        if any(groups.values()) or (_EZAFE_SIGN.search(written) and not _EZAFE_SIGN.search(self.keyword)):
            return "ezafe"
        if len(_SPLIT.sub("", keyword)) > sum(map(len, self.words)):
            return "repeat"
        if written == self.keyword:
            return "exact"
        return "letters" if keyword == fold(self.keyword).text else "separator"


def _tag_rule(match: re.Match[str]) -> Rule | None:
    """Whether the occurrence lies in a hashtag or a handle."""
    start = match.start()
    tag = _TAG_BEFORE.search(match.string[max(0, start - _TAG_REACH) : start])
    if tag is None:
        return None
    return "hashtag" if tag[1] == "#" else "handle"
