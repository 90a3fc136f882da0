"""The canonical form of text (letters rule), with a map back to the code points it came from."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple
from unicodedata import category, normalize

from models.persian import (
    DIGITS,
    HYPHENS,
    LETTER_RANGES,
    LETTERS,
    LINE_BREAKS,
    NOT_SIGN,
    TATWEEL,
    VISIBLE_FORMATS,
    ZWNJ,
)

#: Markers that folding adds; the same code points in a post become U+FFFD, as do lone surrogates.
CASE_CHANGE: Final = "\x1e"
TAG_UNDERSCORE: Final = "\x1f"
URL_FILLER: Final = "\x1d"
_MARKERS: Final = frozenset("\x1c\x1d\x1e\x1f")

#: Where NFKC, case or marks change something; CJK, Hangul and private use fold to themselves and are left out.
_SURVEYED: Final = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xD800, 0xE000),
    (0xF900, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE0200),
)
_ASTRAL: Final = 0x10000
#: Beyond the basic plane only emoji are taken to be regular: long lists of ranges make a character class slow.
_ODD_ASTRAL: Final = "\U00010000-\U0001efff\U0001f100-\U0001f25f\U0001fb00-\U0010ffff"
_ARABIC_FORMS: Final = range(0xFB50, 0xFF00)
_NOT_SIGN_JOINT: Final = re.compile(f"(?<=[{LETTER_RANGES}{ZWNJ}]){NOT_SIGN}+(?=[{LETTER_RANGES}{ZWNJ}])")
_HALF_SPACES: Final = re.compile(f"{ZWNJ}{{2,}}")
_TWO_HALF_SPACES: Final = ZWNJ * 2


def _fold_char(char: str) -> str:
    """One character of NFKC case-folded text: its canonical spelling, empty when it is ignored."""
    if (known := LETTERS.get(char) or DIGITS.get(char)) is not None:
        return known
    if char in (TATWEEL, ZWNJ):
        return ZWNJ if char == ZWNJ else ""
    if char in HYPHENS:
        return "-"
    kind = category(char)
    if char in _MARKERS or kind == "Cs":
        return "\ufffd"
    if char in LINE_BREAKS:
        return "\n"
    if kind in ("Mn", "Me") or (kind == "Cf" and char not in VISIBLE_FORMATS):
        return ""
    return " " if kind == "Zs" or char == "\t" else char


@lru_cache(maxsize=8192)
def fold_unit(unit: str) -> str:
    """One character with its combining marks → canonical text (possibly empty, possibly several characters).

    A spacing diacritic (NFKC: a space and a mark) is no space: an Arabic one is a mark and ignored, another is
    punctuation and kept.
    """
    compatible = normalize("NFKC", normalize("NFKC", unit).casefold())
    if compatible[0] == " " and category(unit[0]) != "Zs":
        return "" if ord(unit[0]) in _ARABIC_FORMS else unit[0]
    return "".join(map(_fold_char, compatible))


class _Folds(dict[int, str]):
    """Code point → canonical text, filled on demand."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = fold_unit(chr(code))
        return folded


_FOLDS: Final = _Folds()


class Survey(NamedTuple):
    """What Unicode offers beside the canonical spelling."""

    #: Canonical character → other code points whose canonical text holds it.
    spellings: dict[str, tuple[str, ...]]
    #: Code points that canonical text does not hold at all.
    ignored: tuple[str, ...]
    #: Finds out whether a one-to-one translation would go wrong somewhere, but for half-spaces in a row: a class of
    #: characters and nothing else is searched for in half the time.
    irregular: re.Pattern[str]
    #: The marks among them: they belong to the character before.
    marks: frozenset[str]
    #: Finds each character that a one-to-one translation changes: few, so this beats translating every character.
    changed: re.Pattern[str]


@cache
def survey() -> Survey:
    """Fold all of Unicode that folds (about 90,000 code points, a tenth of a second, once per process)."""
    spellings: dict[str, list[str]] = defaultdict(list)
    ignored: list[str] = []
    odd, marks, changed = [NOT_SIGN], list[str](), list[str]()
    for char in (chr(code) for low, high in _SURVEYED for code in range(low, high)):
        folded = fold_unit(char)
        if not folded:
            ignored.append(char)
        if len(folded) != 1 and ord(char) < _ASTRAL:
            (marks if category(char) in ("Mn", "Me") else odd).append(char)
        if folded != char:
            changed.append(char)
            for part in set(folded):
                spellings[part].append(char)
    mark = _char_class(marks)
    irregular = re.compile(f"[{mark}{_char_class(odd)}{_ODD_ASTRAL}]")
    one_to_one = [char for char in changed if len(_FOLDS[ord(char)]) == 1 and ord(char) < _ASTRAL]
    return Survey(
        {char: tuple(others) for char, others in spellings.items()},
        tuple(ignored),
        irregular,
        frozenset(marks),
        re.compile(f"[{_char_class(one_to_one)}]"),
    )


def _char_class(chars: Sequence[str]) -> str:
    """The inside of a regular expression's character class, runs of code points as ranges."""
    codes = sorted(map(ord, chars))
    starts = [code for code in codes if not _has(codes, code - 1)]
    ends = [code for code in codes if not _has(codes, code + 1)]
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in zip(starts, ends, strict=True))


def _has(codes: Sequence[int], code: int) -> bool:
    at = bisect_left(codes, code)
    return at < len(codes) and codes[at] == code


class Folded(NamedTuple):
    """Canonical text; character i came from the code points ``starts[i]:ends[i]`` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def is_regular(self) -> bool:
        """Whether each character came from one code point, in order and from the first on: places are the same."""
        return isinstance(self.starts, range) and self.starts.start == 0

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of canonical text ``start:end`` (not empty)."""
        return self.starts[start], self.ends[end - 1]

    def slice(self, start: int, end: int) -> "Folded":
        """A part, still pointing into the same original."""
        return Folded(self.text[start:end], self.starts[start:end], self.ends[start:end])

    def replace(self, text: str) -> "Folded":
        """Other characters at the same places; ``text`` has the same length."""
        return Folded(text, self.starts, self.ends)


def _is_regular(text: str) -> bool:
    return survey().irregular.search(text) is None and _TWO_HALF_SPACES not in text


def _translate(text: str) -> str:
    """Fold text without irregular places: as many characters as before."""
    return survey().changed.sub(_fold_match, text)


def _fold_match(match: re.Match[str]) -> str:
    return _FOLDS[ord(match[0])]


def fold(text: str) -> Folded:
    """Canonical text of ``text``: ZWNJ runs are single, marks and invisible characters are gone."""
    return fold_regular(text) or _single_half_spaces(_fold_irregular(text))


def fold_regular(text: str) -> Folded | None:
    """``fold`` where every character folds to one, as in most posts; else None."""
    if not _is_regular(text):
        return None
    return Folded(_translate(text), range(len(text)), range(1, len(text) + 1))


def fold_text(text: str) -> str:
    """``fold(text).text``, without the way back to the original."""
    return _translate(text) if _is_regular(text) else fold_irregular_text(text)


def fold_irregular_text(text: str) -> str:
    """The same, for texts of which ``fold_regular`` has given None; others take longer."""
    parts: list[str] = []
    done = 0
    for start, end, folded in _units(text):
        parts += text[done:start], folded
        done = end
    parts.append(text[done:])
    return _HALF_SPACES.sub(ZWNJ, _joined(_translate("".join(parts))))


def _joined(text: str) -> str:
    """``¬`` between Persian letters is how old keyboards wrote a half-space."""
    return _NOT_SIGN_JOINT.sub(lambda match: ZWNJ * len(match.group()), text) if NOT_SIGN in text else text


def _units(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, canonical text) of all that a one-to-one translation gets wrong, each with the marks behind it."""
    irregular, marks, done = survey().irregular, survey().marks, 0
    for match in irregular.finditer(text):
        at = match.start()
        if at < done:
            continue
        start, end = at - 1 if text[at] in marks and at > done else at, at + 1
        if text[start] not in marks:
            while text[end : end + 1] in marks:
                end += 1
        yield start, end, fold_unit(text[start:end])
        done = end


def _fold_irregular(text: str) -> Folded:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for start, end, folded in _units(text):
        parts += text[done:start], folded
        starts += range(done, start)
        starts += [start] * len(folded)
        ends += range(done + 1, start + 1)
        ends += [end] * len(folded)
        done = end
    parts.append(text[done:])
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return Folded(_translate("".join(parts)), starts, ends)


def _single_half_spaces(folded: Folded) -> Folded:
    """``¬`` between Persian letters becomes a half-space, and a run of half-spaces one."""
    text = _joined(folded.text)
    if _TWO_HALF_SPACES not in text:
        return folded.replace(text)
    kept = [at for at, char in enumerate(text) if char != ZWNJ or text[at - 1 : at] != ZWNJ]
    behind = [*kept[1:], len(text)]
    return Folded(
        "".join(text[at] for at in kept), [folded.starts[at] for at in kept], [folded.ends[at - 1] for at in behind]
    )
