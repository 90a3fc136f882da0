"""The matching rules once more, slowly: an oracle without regular expressions over keywords, automata or short cuts.

It walks through the text letter by letter and through the keyword beside it, and tries everything that a rule allows.
Nothing of ``processors.match`` is used. It knows plain text, tags and URLs with a scheme; what it leaves out (URLs
without a scheme, bare punctuation keywords, marks as words) is not generated for it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from typing import NamedTuple

LETTERS = dict(
    zip("يىئكڪةۀھہەؤأإ", "یییککههههه" + "واا", strict=True),
) | {"ۂ": "ه"}
SPACES = {chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"} | {"\t"}
BREAKS = set("\n\r\x0b\x0c\x85\u2028\u2029")
HYPHENS = set("-‐‑")
HALF = "\u200c"
YEH, PLURAL, ENDING = ("", "ی", "یی"), ("", "ها", "های", "یا"), ("", "و", "ه")
POSSESSIVE = ("", "م", "ت", "ش", "مان", "مون", "تان", "تون", "شان", "شون")


def suffixes() -> set[tuple[str, ...]]:
    """Every chain of slots: no possessive directly after ی of the first slot or of هایی."""
    chains = set()
    for yeh in YEH:
        for plural in (*PLURAL, "هایی"):
            for possessive in POSSESSIVE:
                if possessive and (plural == "هایی" or (yeh and not plural)):
                    continue
                for ending in ENDING:
                    chains.add(tuple(filter(None, (yeh, plural, possessive, ending))))
    return chains


SUFFIXES = sorted({"".join(chain) for chain in suffixes()}, key=len, reverse=True)


class Unit(NamedTuple):
    """One canonical character and the code points it came from; ``break_before``: a tag changes case here."""

    char: str
    start: int
    end: int
    break_before: bool = False


def invisible(char: str) -> bool:
    """Marks, and format characters that nobody sees (ZWNJ is none of them here)."""
    if char == HALF:
        return False
    return char == "\u0640" or unicodedata.category(char) in ("Mn", "Me", "Cf")


def canonical_of(cluster: str) -> str:
    """Canonical characters of a base with its marks."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    kept = [LETTERS.get(char, char) for char in folded if not invisible(char)]
    return "".join(str(unicodedata.digit(c)) if c in "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹" else c for c in kept)


def clusters(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.category(text[end]) in ("Mn", "Me"):
            end += 1
        yield start, end
        start = end


def units_of(text: str) -> list[Unit]:
    units: list[Unit] = []
    for start, end in clusters(text):
        units += [Unit(char, start, end) for char in canonical_of(text[start:end])]
    for at, unit in enumerate(units):
        if unit.char == "¬" and 0 < at < len(units) - 1 and all(map(persian_or_half, (units[at - 1], units[at + 1]))):
            units[at] = unit._replace(char=HALF)
    return units


def persian(char: str) -> bool:
    return "\u0620" <= char <= "\u06ff" and char.isalpha()


def persian_or_half(unit: Unit) -> bool:
    return persian(unit.char) or unit.char == HALF


def separator(char: str) -> bool:
    return char in SPACES or char in HYPHENS or char in (HALF, "_")


class Oracle:
    """Whether, and where, a keyword is in a text."""

    def __init__(self, keyword: str) -> None:
        words = [""]
        for unit in units_of(keyword):
            if separator(unit.char) or unit.char in BREAKS:
                words.append("")
            else:
                words[-1] += unit.char
        self.words = [word for word in words if word]

    def found(self, text: str) -> bool:
        """Whether the keyword is there."""
        return bool(self.starts(text))

    def starts(self, text: str) -> set[int]:
        """Every place where it begins, in code points of the text."""
        return set(_Search(self.words, blank_urls(tagged(units_of(text), text))).starts())


def blank_urls(units: list[Unit]) -> list[Unit]:
    """URLs with a scheme become something that is no letter; an unbroken stretch up to white space."""
    text = "".join(unit.char for unit in units)
    for match in re.finditer(r"https?://[^\s«»،؛؟]+", text):
        for at in range(*match.span()):
            units[at] = units[at]._replace(char="\uffff")
    return units


def tagged(units: list[Unit], text: str) -> list[Unit]:
    """Inside ``#…`` and ``@…``: underscores and case changes join and divide segments."""
    at = 0
    while at < len(units):
        if units[at].char in "#@":
            end = at + 1
            while end < len(units) and (units[end].char.isalnum() or units[end].char in ("_", HALF)):
                end += 1
            for inside in range(at + 1, end):
                here, before = text[units[inside].start], text[units[inside - 1].start]
                after = text[units[inside + 1].start] if inside + 1 < end else ""
                humps = before.islower() and here.isupper()
                humps = humps or (before.isupper() and here.isupper() and after.islower() and after != "")
                char = "\x1f" if units[inside].char == "_" else units[inside].char
                units[inside] = units[inside]._replace(char=char, break_before=humps and inside > at + 1)
            at = end
        else:
            at += 1
    return units


class _Search:
    def __init__(self, words: list[str], units: list[Unit]) -> None:
        self.words = words
        self.units = units

    def starts(self) -> Iterator[int]:
        """Where an occurrence begins: the words and any suffix, then the end of the word."""
        keyword = "".join(self.words)
        endings = ["", *SUFFIXES] if persian(self.words[-1][-1]) else [""]
        for start, unit in enumerate(self.units):
            if unit.char == keyword[0] and self._begins(start):
                ends = (end for suffix in endings for end in self._ends_of(keyword + suffix, start))
                if any(map(self._ends, ends)):
                    yield unit.start

    def _char(self, at: int) -> str:
        return self.units[at].char if 0 <= at < len(self.units) else ""

    def _begins(self, at: int) -> bool:
        first, before = self.words[0][0], self._char(at - 1)
        if self.units[at].break_before:
            return True
        if first.isdecimal():
            before = self._char(at - 2) if before == HALF else before
            return not before.isdecimal() and not (before and before in ".,٫٬" and self._char(at - 2).isdecimal())
        back = at - 1
        while self._char(back) == HALF:
            back -= 1
        return not same_script(self._char(back), first)

    def _ends(self, at: int) -> bool:
        """Whether the word is over before ``at``."""
        if at < len(self.units) and self.units[at].break_before:
            return True
        last = self.words[-1][-1]
        if last.isdecimal():
            after = self._char(at)
            if after and (after == HALF or after in ".,٫٬"):
                return not self._char(at + 1).isdecimal()
            return not after.isdecimal()
        ahead = at
        while self._char(ahead) == HALF:
            ahead += 1
        return not same_script(self._char(ahead), last)

    def _ends_of(self, wanted: str, at: int) -> frozenset[int]:
        """Where ``wanted`` can end from ``at`` on: the text's runs of three and more shrink, never to nothing."""
        edges = frozenset(accumulate(map(len, self.words[:-1])))

        @cache
        def walk(done: int, at: int) -> frozenset[int]:
            if done == len(wanted):
                return frozenset({at})
            run = next(n for n in range(1, len(wanted) + 1) if wanted[done + n : done + n + 1] != wanted[done])
            # A separator or the half-space before a suffix may divide a run; what is on each side counts alone.
            parts = {run, *(edge - done for edge in (*edges, len("".join(self.words))) if 0 < edge - done < run)}
            return frozenset(
                end
                for length in parts
                for stop in self._run_ends(wanted[done], length, at)
                for onward in ({stop} if done + length == len(wanted) else self._glue(done + length, edges, stop))
                for end in walk(done + length, onward)
            )

        return walk(0, at)

    def _run_ends(self, char: str, length: int, at: int) -> Iterator[int]:
        """Where a run of ``char`` in the text may end that stands for ``length`` of them."""
        taken = 0
        while self._char(at) == char:
            taken += 1
            at += 1
            if taken == length or (taken >= max(3, length) and char.isalpha()):
                yield at
            inside = at
            while self._gap(inside):
                inside += 1
            at = inside if self._char(inside) == char else at

    def _gap(self, at: int) -> bool:
        return self._char(at) in (HALF, "\x1f") and self._char(at) != ""

    def _glue(self, done: int, edges: frozenset[int], at: int) -> Iterator[int]:
        """Where the next letter may stand: after half-spaces and tag seams, or after a separator between words."""
        yield at
        inside = at
        while self._gap(inside):
            inside += 1
            yield inside
        if done in edges:
            yield from self._separators(at)
            if persian(self._char(at - 1)) and self._char(at) == HALF and self._char(at + 1) == "ی":
                after = list(self._separators(at + 2))
                yield from after

    def _separators(self, at: int) -> Iterator[int]:
        """Ends of a run of separators with one line break at most (CR and LF together are one)."""
        breaks = 0
        while True:
            char = self._char(at)
            if char and (separator(char) or char == "\x1f"):
                at += 1
            elif char in BREAKS and char:
                breaks += 1
                at += 2 if char == "\r" and self._char(at + 1) == "\n" else 1
            else:
                return
            if breaks > 1:
                return
            yield at


def same_script(one: str, other: str) -> bool:
    if not one or not other:
        return False
    if persian(other):
        return persian(one)
    return other.isalpha() and one.isalpha() and not persian(one)
