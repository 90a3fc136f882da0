"""Which records may match at all, from their raw bytes: most never need decoding.

An Aho-Corasick automaton over the lower-cased bytes knows the spellings of every keyword's anchor, and guards:
whatever could stand inside a keyword in a way that the anchors do not spell out (JSON escapes, marks, invisible
characters, presentation forms). A guard sends a record the slow way; a mention is never missed.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final
from unicodedata import normalize

from ahocorasick_rs import BytesAhoCorasick, Implementation

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

#: Ignored characters that ordinary posts hold often, mostly at the end of a word or beside emoji: they guard only
#: before a letter that anchors use. Kept: emoji joiner, variation selector, kashida, the Arabic vowel signs.
_FREQUENT_IGNORED: Final = ("\u200d", "\ufe0f", TATWEEL, *map(chr, range(0x64B, 0x656)), "\u0670")
_JSON_BREAKS: Final = ("\\n", "\\r", "\\t", "\\f", "\n", "\r", "\t", *LINE_BREAKS)
#: The fields that campaigns are matched against; a key written otherwise holds an escape.
_TEXT_KEY: Final = b'"text"'
#: Every article has one.
_TITLE_KEY: Final = b'"title"'
_TEXT_KEYS: Final = (_TEXT_KEY, _TITLE_KEY, b'"summary"', b'"body"')
#: Patterns up to which the fastest automaton is taken. It costs about 2.5 kB for each (200 MB for 80,000); the other
#: kind a tenth of that and some 15 % more time.
_LARGEST_DFA: Final = 20_000
#: How JSON writes any character that it need not; also in a key.
_ESCAPE: Final = b"\\u"
_BACKSLASH: Final = b"\\"
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


class Prefilter:
    """Whether a raw record may match; never wrong about a record that does. Immutable, safe between threads.

    The hot path calls ``find(raw.lower())`` itself: a true value means "decode it". Anchors are searched for in the
    text alone, half of a record; ``literals`` (accounts, domains) as they are and ``names`` (of authors) in any
    spelling anywhere in the record.
    """

    def __init__(
        self, anchors: Collection[Anchor], literals: Collection[str], names: Collection[Anchor] = frozenset()
    ) -> None:
        self._find_in_text = _automaton(_written(anchors, frozenset()))
        self._find_anywhere = _automaton(_written(names, literals)) if literals or names else None
        #: Records with escapes must be decoded, unless nothing is searched for at all.
        self.find: Callable[[bytes], object] = self._find if anchors or literals or names else _nothing

    def candidate(self, raw: bytes) -> bool:
        """Whether this record (JSON, UTF-8) must be looked at."""
        return bool(self.find(raw.lower()))

    def candidate_text(self, text: str) -> bool:
        """Whether this text, not wrapped in a record, must be looked at."""
        lowered = text.encode("utf-8", "surrogatepass").lower()
        return bool(self._find_in_text(lowered) or (self._find_anywhere and self._find_anywhere(lowered)))

    def _find(self, lowered: bytes) -> object:
        # One byte is found much faster than two, and most records have no backslash.
        if _BACKSLASH in lowered and _ESCAPE in lowered:
            return True
        if self._find_anywhere is not None and (found := self._find_anywhere(lowered)):
            return found
        at = lowered.find(_TEXT_KEY)
        if at >= 0 and lowered.find(_TEXT_KEY, at + 1) < 0 and lowered.find(_TITLE_KEY) < 0:
            return self._find_in_text(_next_string(lowered, at + len(_TEXT_KEY)))
        return self._find_in_all(lowered)

    def _find_in_all(self, lowered: bytes) -> object:
        """In every text of a record that has several or none."""
        keys = [key for key in _TEXT_KEYS if key in lowered]
        if not keys:
            return self._find_in_text(lowered)
        return any(self._find_in_text(_next_string(lowered, at)) for key in keys for at in _ends(lowered, key))


def _written(anchors: Collection[Anchor], literals: Collection[str]) -> set[str]:
    """Everything that shows one of these, or may hide one."""
    letters = frozenset(char for anchor in anchors for word in anchor.words for char in word).union(*literals)
    spelling = _raw_spelling()
    spelled = (anchor.spellings(spelling) for anchor in anchors)
    return {*literals, *(_guards(letters) if letters else ())}.union(*spelled)


def _nothing(_lowered: bytes) -> object:
    return False


def _ends(lowered: bytes, key: bytes) -> Iterator[int]:
    at = lowered.find(key)
    while at >= 0:
        yield at + len(key)
        at = lowered.find(key, at + len(key))


def _next_string(json: bytes, at: int) -> bytes:
    """The next JSON string from here on; a little more where it ends in a backslash."""
    start = json.find(b'"', at) + 1
    end = json.find(b'"', start)
    while end > 0 and json[end - 1] == _BACKSLASH[0]:
        end = json.find(b'"', end + 1)
    return json[start:end] if end >= 0 else json[start:]


def _automaton(texts: Collection[str]) -> Callable[[bytes], list[Any]]:
    patterns = sorted(text.encode("utf-8", "surrogatepass").lower() for text in texts)
    kind = Implementation.DFA if len(patterns) <= _LARGEST_DFA else Implementation.ContiguousNFA
    find: Callable[[bytes], list[Any]] = BytesAhoCorasick(patterns, implementation=kind).find_matches_as_indexes
    return find
