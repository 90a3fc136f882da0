"""Anchors: short stretches of letters, one of which any occurrence of a keyword must show.

A keyword's anchor is a window of at most five runs of its rarest word (or, if its words are short, across
them). An occurrence holds the window's letters in order; what may stand between them or lengthen them is enumerated
letter by letter, and an enumerated spelling ends as soon as it is distinctive: at the end of the window, or after
three letters and something unusual. So every occurrence holds exactly one of the spellings, and the set stays small.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from models.persian import COMMON_WORDS, EZAFE_LETTER, FREQUENT_LETTERS

#: JSON writes these with a backslash, so no anchor holds them.
_ESCAPED: Final = frozenset('"\\/')
_LONGEST: Final = 5
_SHORT: Final = 3
#: Letters after which a spelling is distinctive that holds a gap; a rare letter alone needs one more.
_WITH_GAP: Final = 3
_WITH_RARE_LETTER: Final = 4


class Spelling(NamedTuple):
    """How the text that is searched may write things; the canonical one writes each letter in one way."""

    #: Canonical character → its ordinary spellings.
    letters: Callable[[str], tuple[str, ...]]
    #: Canonical character → its rare spellings, unusual enough to end an enumeration early.
    rare: Callable[[str], tuple[str, ...]]
    #: What may stand between two letters of one word.
    gaps: tuple[str, ...]
    #: What may begin a separator (or hide a mark) between two words; the first ones may be followed by the next word.
    separators: tuple[str, ...]
    odd_separators: tuple[str, ...]


#: The spelling of canonical text without half-spaces and underscores.
CANONICAL: Final = Spelling(
    letters=lambda char: (char,),
    rare=lambda _: (),
    gaps=(),
    separators=(" ", "-"),
    odd_separators=("\n", "\r"),
)


def signs_of(words: tuple[str, ...]) -> frozenset[str]:
    """Strings of which one begins every occurrence of a keyword (given its words), in the ``CANONICAL`` spelling."""
    return frozenset(_Enumeration(words, CANONICAL).all())


class Anchor(NamedTuple):
    """The windows' words: one in the ordinary case; several only where each is too short to be searched alone."""

    words: tuple[str, ...]

    @property
    def rarity(self) -> tuple[bool, int, int, int]:
        """Orders anchors by how rare they may be expected to be in posts; more is rarer."""
        return _rarity("".join(self.words))

    def spellings(self, spelling: Spelling) -> frozenset[str]:
        """Strings of which every occurrence of the keyword holds one."""
        return frozenset(_Enumeration(self.words, spelling).all())


def anchor_of(words: tuple[str, ...]) -> Anchor:
    """The anchor of a keyword, given its canonical words."""
    best = max((window for word in words for part in _stretches(word) for window in _windows(part)), key=_rarity)
    whole = all(list(_stretches(word)) == [word] for word in words)
    if (len(best) <= _SHORT or _is_common(best)) and len(words) > 1 and whole and not _meet(words):
        return Anchor(words[:2])
    return Anchor((best,))


def _stretches(word: str) -> Iterator[str]:
    """Parts of a word without characters that JSON escapes; letters and digits alone where they suffice."""
    plain = list(_split(word, lambda char: char not in _ESCAPED))
    solid = [part for stretch in plain for part in _split(stretch, str.isalnum)]
    yield from (part for part in solid if len(part) >= _SHORT) if any(len(p) >= _SHORT for p in solid) else plain


def _split(text: str, keep: Callable[[str], bool]) -> Iterator[str]:
    for kept, part in groupby(text, keep):
        if kept:
            yield "".join(part)


def _windows(stretch: str) -> Iterator[str]:
    """Every few neighbouring runs of a stretch, whole."""
    runs = ["".join(run) for _, run in groupby(stretch)]
    for start in range(max(1, len(runs) - _LONGEST + 2)):
        yield "".join(runs[start : start + _LONGEST])


def _rarity(window: str) -> tuple[bool, int, int, int]:
    """In no everyday word; long enough; rare letters, above all the first ones, all that an unusual spelling shows."""
    rare = [char not in FREQUENT_LETTERS for char in window]
    return not _is_common(window), min(len(window), _LONGEST - 1), sum(rare[:_WITH_GAP]), sum(rare)


def _is_common(window: str) -> bool:
    return any(window in word for word in COMMON_WORDS)


def _meet(words: tuple[str, ...]) -> bool:
    """Equal letters on both sides of a separator: joined and stretched they would be one run."""
    return words[0][-1] == words[1][0]


class _Enumeration:
    def __init__(self, words: tuple[str, ...], spelling: Spelling) -> None:
        self._chars = "".join(words)
        self._junctions = frozenset(accumulate(map(len, words[:-1])))
        self._spelling = spelling

    def all(self) -> Iterator[str]:
        return self._from(0, "", None)

    def _from(self, at: int, prefix: str, enough: int | None) -> Iterator[str]:
        """The spellings that begin with ``prefix``; ``enough``: letters at which an unusual one ends, None: usual."""
        if at == len(self._chars) or (enough is not None and at >= enough):
            yield prefix
            return
        yield from self._stretched(at, prefix, usual=enough is None)
        if at in self._junctions:
            yield from self._separated(at, prefix)
        gaps = self._spelling.gaps if self._inside(at) else ()
        for written in self._spelling.letters(self._chars[at]):
            yield from self._from(at + 1, prefix + written, enough)
            for gap in gaps:
                yield from self._from(at + 1, prefix + gap + written, _WITH_GAP)
        for written in self._spelling.rare(self._chars[at]):
            yield from self._from(at + 1, prefix + written, enough or _WITH_RARE_LETTER)
            for gap in gaps:
                yield from self._from(at + 1, prefix + gap + written, _WITH_GAP)

    def _inside(self, at: int) -> bool:
        """Between two letters of one word."""
        return at > 0 and at not in self._junctions and self._chars[at - 1].isalnum() and self._chars[at].isalnum()

    def _written(self, char: str) -> tuple[str, ...]:
        return (*self._spelling.letters(char), *self._spelling.rare(char))

    def _separated(self, at: int, prefix: str) -> Iterator[str]:
        """The first word, then one separator and the next word, or whatever else may come first in a separator."""
        spelling = self._spelling
        for odd in spelling.odd_separators:
            yield prefix + odd
        for first in spelling.separators:
            yield from (prefix + first + second for second in (*spelling.separators, *spelling.odd_separators))
            for written in self._written(self._chars[at]):
                yield from self._from(at + 1, prefix + first + written, _WITH_GAP)
        if not spelling.gaps:
            # Canonical text has lost the half-space before the ezafe, perhaps the separator after it too.
            ends = (*spelling.separators, *spelling.odd_separators)
            after = (self._chars[at], *(first + second for first in ends for second in (self._chars[at], *ends)))
            yield from (prefix + EZAFE_LETTER + end for end in after)
        for gap in spelling.gaps:
            yield from (prefix + gap + written for written in self._written(EZAFE_LETTER))

    def _stretched(self, at: int, prefix: str, *, usual: bool) -> Iterator[str]:
        """A run inside the window that goes on where the keyword's run ends: what is sure to follow, as far as needed.

        A stretched run has three letters or more; of the window's first and last run it shows enough anyway.
        """
        char = self._chars[at - 1] if at else ""
        if not char.isalpha() or self._chars[at] == char or not self._chars[:at].strip(char):
            return
        gaps, letters = self._spelling.gaps, self._written(char)
        yield from (prefix + gap + written for gap in gaps for written in letters)
        if self._chars[at - 2] == char or not usual:
            yield from (prefix + written for written in letters)
        else:
            yield from (prefix + first + second for first in letters for second in (*letters, *gaps))
