"""Which records may match at all, from their raw bytes: most never need decoding.

One search over the bytes knows the spellings of every keyword's anchor, and guards: whatever could stand inside a
keyword in a way that the anchors do not spell out (marks, invisible characters, presentation forms). A guard sends a
record the slow way, and so does any JSON escape; a mention is never missed.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import Final
from unicodedata import normalize

import msgspec

from models.persian import (
    DIGITS,
    HYPHENS,
    LETTERS,
    LINE_BREAKS,
    NOT_SIGN,
    OTHER_KEYBOARD,
    TATWEEL,
    UNCOMMON_VARIANTS,
    ZWNJ,
)
from processors.match.anchors import Anchor, Spelling
from processors.match.folding import fold_unit, survey
from processors.match.literals import Ends, search_for

#: Ignored characters that ordinary posts hold often, mostly at the end of a word or beside emoji: they guard only
#: before a letter that anchors use. Kept: emoji joiner, variation selector, kashida, the Arabic vowel signs.
_FREQUENT_IGNORED: Final = ("\u200d", "\ufe0f", TATWEEL, *map(chr, range(0x64B, 0x656)), "\u0670")
_JSON_BREAKS: Final = ("\\n", "\\r", "\\t", "\\f", "\n", "\r", "\t", *LINE_BREAKS)
#: Stands between texts that are searched in one go: JSON ends every text with it, and no pattern holds it.
_BETWEEN: Final = b'"'
#: How JSON writes any character that it need not: whoever writes so writes all of them so, so it is looked for apart.
_ESCAPE: Final = b"\\u"
#: JSON writes it as an escape.
_NUL: Final = "\0"
_SEPARATORS: Final = (" ", ZWNJ, "_", "-")


def _ordinary(char: str) -> tuple[str, ...]:
    """The spellings of a canonical character that posts are full of: two keyboards, three sets of digits."""
    digits = (digit for digit, ascii_digit in DIGITS.items() if ascii_digit == char)
    return (char, *(letter for letter in OTHER_KEYBOARD if LETTERS[letter] == char), *digits)


def _rare(char: str) -> tuple[str, ...]:
    """Its other spellings that anchors know; guards catch the extraordinary ones."""
    return (*(letter for letter in UNCOMMON_VARIANTS if LETTERS[letter] == char), *_other_cases(char))


def _other_cases(char: str) -> tuple[str, ...]:
    """Upper and title case of a letter outside ASCII, whose bytes ``bytes.lower`` leaves alone."""
    cases = {char.upper(), char.title()} - {char}
    return tuple(sorted(case for case in cases if len(case) == 1 and not case.isascii() and fold_unit(case) == char))


def _raw_spelling() -> Spelling:
    known = survey().spellings
    spaces = {*known[" "], *known["-"], *known["\n"], *HYPHENS} - {" ", "-"}
    odd = (*_JSON_BREAKS, *sorted(spaces), NOT_SIGN, *_FREQUENT_IGNORED)
    return Spelling(letters=_ordinary, rare=_rare, gaps=(ZWNJ, "_"), separators=_SEPARATORS, odd_separators=odd)


def _guards(letters: frozenset[str]) -> Iterator[str]:
    """Everything that may break up or disguise a keyword of these letters in a way that no spelling shows."""
    usual = {written for char in letters for written in (*_ordinary(char), *_rare(char))}
    yield from (NOT_SIGN, *survey().spellings["_"])
    yield from (first + second for first in (ZWNJ, "_") for second in (ZWNJ, "_"))
    for char in letters:
        yield from (other for other in survey().spellings.get(char, ()) if other not in usual and not other.isascii())
        yield from normalize("NFD", char)[1:]
    yield from (char for char in survey().ignored if char not in _FREQUENT_IGNORED)
    yield from (ignored + after for ignored in _FREQUENT_IGNORED for after in (*usual, ZWNJ, "_"))


class _Texts(msgspec.Struct, frozen=True):
    """What campaigns are matched against, of any kind of record."""

    text: msgspec.Raw = msgspec.Raw(b"")
    title: msgspec.Raw = msgspec.Raw(b"")
    summary: msgspec.Raw = msgspec.Raw(b"")
    body: msgspec.Raw = msgspec.Raw(b"")


_texts: Final = msgspec.json.Decoder(_Texts).decode


class Prefilter:
    """Which raw records may match; never wrong about one that does. Immutable, safe between threads.

    Anchors are searched for in the text alone, half of a record; ``literals`` (accounts, domains) as they are and
    ``names`` (of authors) in any spelling anywhere in the record. A run of records is searched as one piece: a call per
    record costs more than its search.
    """

    def __init__(
        self, anchors: Collection[Anchor], literals: Collection[str], names: Collection[Anchor] = frozenset()
    ) -> None:
        self._ends_in_text = _search(_written(anchors, frozenset()))
        self._ends_anywhere = _search(_written(names, literals)) if literals or names else None
        self._searches = bool(anchors or literals or names)

    def find_each(self, raws: Sequence[bytes], texts: Sequence[bytes]) -> Sequence[int]:
        """The indices of the records that must be looked at, in order.

        ``texts``: of each record (JSON, UTF-8) the strings that campaigns are matched against, as they stand there.
        Records with escapes must be looked at, unless nothing is searched for at all.
        """
        if not self._searches:
            return ()
        found = _holding(self._ends_in_text, texts)
        if self._ends_anywhere is not None:
            found |= _holding(self._ends_anywhere, raws)
        return sorted(found)

    def candidate(self, raw: bytes) -> bool:
        """Whether this record (JSON, UTF-8) must be looked at."""
        return bool(self._searches and self.find_each([raw], [_BETWEEN.join(msgspec.structs.astuple(_texts(raw)))]))

    def candidate_text(self, text: str) -> bool:
        """Whether this text, not wrapped in a record, must be looked at."""
        if not self._searches:
            return False
        written = text.encode("utf-8", "surrogatepass")
        return _NUL in text or bool(
            self._ends_in_text(written) or (self._ends_anywhere and self._ends_anywhere(written))
        )


def _holding(ends_in: Ends, parts: Sequence[bytes]) -> set[int]:
    """The indices of the parts that hold one of these, or an escape."""
    joined = _BETWEEN.join(parts)
    if _ESCAPE in joined:
        escaped = {index for index, part in enumerate(parts) if _ESCAPE in part}
        return escaped | _holding(ends_in, [b"" if index in escaped else part for index, part in enumerate(parts)])
    found = ends_in(joined)
    if not found:
        return set()
    ends = list(accumulate(map(len(_BETWEEN).__add__, map(len, parts))))
    return {bisect_right(ends, end - 1) for end in found}


def _written(anchors: Collection[Anchor], literals: Collection[str]) -> set[str]:
    """Everything that shows one of these, or may hide one."""
    letters = frozenset(char for anchor in anchors for word in anchor.words for char in word).union(*literals)
    spelling = _raw_spelling()
    spelled = (anchor.spellings(spelling) for anchor in anchors)
    return {*literals, *(_guards(letters) if letters else ())}.union(*spelled)


def _search(texts: Collection[str]) -> Ends:
    # JSON writes a quote with a backslash: what has one cannot be found.
    return search_for({text.encode("utf-8", "surrogatepass") for text in texts if '"' not in text and _NUL not in text})
