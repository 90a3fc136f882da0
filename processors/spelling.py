"""``hazm.Normalizer().normalize``, step by step, without the steps that cannot change a text.

hazm runs about fifty regular expressions over every text; most look for something that is not there. Each one runs here
behind a check that is cheap and never wrong. Results are equal (property-tested).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, NamedTuple

from models.persian import ZWNJ
from processors.remembered import Remembered

_Step = Callable[[str], str]
_Check = Callable[[str], object]
_PUNCTUATION: Final = '".:!،؛؟»])}«[({'
_LETTERS: Final = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_PUNCTUATED: Final = re.compile(f"[{re.escape(_PUNCTUATION)}]")
_DIGIT: Final = re.compile(r"\d")
_OPENING: Final = re.compile(r"[«\[({]")
#: Found three times as fast as a stretched letter.
_THRICE: Final = re.compile(r"(.)\1\1")
_STRETCHED: Final = re.compile(rf"([{_LETTERS}])\1{{2}}")
#: hazm's ``\\b\\u200c*\\B`` and ``\\B\\u200c*\\b``, which match nothing without a half-space: here they begin with one.
_AFTER_WORD: Final = r"\u200c(?<=\w\u200c)\u200c*\B"
_BEFORE_WORD: Final = r"\u200c(?<!\w\u200c)\u200c*\b"
_BLANK: Final = " "
#: Stands in hazm's list between the two tokens of a verb form.
_NEXT: Final = "_"
#: Of a token with which no word begins.
NO_TAILS: Final = frozenset[str]()
#: Words of which it is remembered how they are written, and how long (code points) they may be.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 60
#: What is there of the patterns besides the characters they look for.
_SYNTAX: Final = "[]()|"


class Steps(NamedTuple):
    """A text of one line on its way through the steps."""

    #: Its tokens, and the same with compounds joined.
    tokens: list[str]
    spaced: list[str]
    #: The text, verbs with می as they were.
    written: str
    #: Whether it had a letter three times or more in a row.
    stretched: bool


class Spelling:
    """hazm's normaliser with its tables and patterns prepared. Building it takes seconds."""

    def __init__(self) -> None:
        hazm: Any = import_module("hazm").Normalizer()
        self._hazm: Final = hazm
        #: The first step: one letter for all that look like it; once more changes nothing.
        self.letters: Final = _translation(hazm.translation_src, hazm.translation_dst)
        self._numbers: Final = _translation(hazm.number_translation_src, hazm.number_translation_dst)
        #: The second one: quotation marks in pairs.
        self.quotes: Final = _sub(*hazm.persian_style_patterns[0])
        self._style: Final = _guarded(hazm.persian_style_patterns, (_holds('"'), _holds("."), _holds("...")))
        spaces = hazm.extra_space_patterns
        self._blanks: Final = _guarded(
            [*spaces[:5], (_AFTER_WORD, ""), (_BEFORE_WORD, ""), *spaces[7:]],
            (
                *(_holds("  "), _holds("\n\n\n"), _holds(ZWNJ * 2), _holds(ZWNJ + " "), _holds(" " + ZWNJ)),
                *(_holds(ZWNJ), _holds(ZWNJ), _holds("ـ", "\r")),
            ),
        )
        yeh, mi, plural, verb, joined = hazm.affix_spacing_patterns
        self._affixes: Final = _guarded(
            [yeh, mi, _blank_first(*plural), verb, joined],
            (_holds("ه ی "), _holds("می "), _holds(" تر", " گر", " ها"), _holds("ه ا"), _holds("هها")),
        )
        quotes, *marks = map(_sub, *zip(*hazm.punctuation_spacing_patterns, strict=True))
        self._punctuation: Final[tuple[tuple[_Check, tuple[_Step, ...]], ...]] = (
            (_holds('"'), (quotes,)),
            (_PUNCTUATED.search, tuple(marks[:4])),
            (_OPENING.search, (marks[4],)),
            (_DIGIT.search, tuple(marks[5:])),
        )
        self._joined_mi: Final = re.compile(hazm.joint_mi_patterns).findall
        self._rare: Final = _rare(hazm)
        self._split: Final = hazm.tokenizer.pattern
        self._words: Final = hazm.words
        self._verbs: Final = hazm.verbs
        self._tails: Final = _tails([*(word for word, (often, *_) in hazm.words.items() if often > 0), *hazm.verbs])
        #: Joined to any known word before them.
        self._suffixes: Final = frozenset[str](hazm.suffixes)
        #: What may be joined to a token before it.
        self.ends: Final = self._suffixes.union(*self._tails.values())
        #: Verb forms of two tokens begin with them.
        self.begun: Final = frozenset(verb.partition(_NEXT)[0] for verb in hazm.verbs if _NEXT in verb)
        #: A word that begins with می or نمی → the same with a half-space behind it, None where that is no verb form.
        self._apart: Final = Remembered(self._separated, _REMEMBERED, _LONGEST_REMEMBERED)

    def normalize(self, text: str) -> str:
        """What ``hazm.Normalizer().normalize`` gives, in its order of steps."""
        text, rare = self._cleaned(text)
        text = self._punctuated("\n".join(map(self._line, text.split("\n"))), rare=rare)
        if _is_stretched(text):
            text = self._hazm.decrease_repeated_chars(text)
        for verb, apart in self.joined_verbs(text):
            text = text.replace(verb, apart)
        return text

    def steps(self, text: str) -> Steps:
        """What the steps make of a text of one line, one after the other."""
        text, rare = self._cleaned(text)
        tokens = self.tokens(text)
        spaced = self._spaced(tokens)
        punctuated = self._punctuated(_BLANK.join(spaced), rare=rare)
        stretched = _is_stretched(punctuated)
        written = self._hazm.decrease_repeated_chars(punctuated) if stretched else punctuated
        return Steps(tokens, spaced, written, stretched)

    def joined_verbs(self, text: str) -> list[tuple[str, str]]:
        """The verbs with می in a text, and how they are written."""
        if "می" not in text:
            return []
        return [(verb, apart) for verb in self._joined_mi(text) if (apart := self._apart[verb]) is not None]

    def tails(self, token: str) -> frozenset[str]:
        """The tokens that make a known word or verb form with this one before them and a half-space between."""
        return self._tails.get(token, NO_TAILS)

    def goes_on(self, token: str, after: str) -> bool:
        """Whether a token and the next one are a verb form."""
        return f"{token}{_NEXT}{after}" in self._verbs

    def is_rare(self, text: str) -> bool:
        """Whether there is a diacritic, a ligature or a special character in it."""
        return self._rare(text) is not None

    def _cleaned(self, text: str) -> tuple[str, bool]:
        """Letters, digits and blanks as they are written; whether there is anything rare in the text."""
        text = self._numbers(_all(self._style, self.letters(text)))
        rare = self.is_rare(text)
        if rare:
            text = self._hazm.remove_diacritics(text)
        return _all(self._blanks, text), rare

    def _punctuated(self, spaced: str, *, rare: bool) -> str:
        """Affixes joined, marks where they belong, nothing special left."""
        text = _all(self._punctuation, _all(self._affixes, spaced))
        return self._hazm.remove_specials_chars(self._hazm.unicodes_replacement(text)) if rare else text

    def tokens(self, line: str) -> list[str]:
        """The words and signs of a line."""
        found = _BLANK.join(self._split.split(line.replace("\t", _BLANK)))
        return list(filter(None, found.split(_BLANK)))

    def _line(self, line: str) -> str:
        """Words that belong together joined by half-spaces, all others one space apart."""
        return _BLANK.join(self._spaced(self.tokens(line)))

    def _spaced(self, tokens: list[str]) -> list[str]:
        """``hazm.Normalizer.token_spacing``; only tokens that can end a joined word are looked at."""
        spaced = tokens[:1]
        for token, after in pairwise([*tokens[1:], ""]):
            if token in self.ends and self._joins(spaced[-1], token, after):
                spaced[-1] = f"{spaced[-1]}{ZWNJ}{token}"
            else:
                spaced.append(token)
        return spaced

    def _joins(self, before: str, token: str, after: str) -> bool:
        if token in self.tails(before):
            return not (after and self.goes_on(token, after))
        return token in self._suffixes and before in self._words

    def _separated(self, word: str) -> str | None:
        prefix = word.index("ی") + 1
        apart = f"{word[:prefix]}{ZWNJ}{word[prefix:]}"
        return apart if apart in self._verbs else None


def _all(steps: Iterable[tuple[_Check, tuple[_Step, ...]]], text: str) -> str:
    for applies, guarded in steps:
        if applies(text):
            for step in guarded:
                text = step(text)
    return text


def _guarded(
    patterns: list[tuple[str, str]], checks: tuple[_Check, ...]
) -> tuple[tuple[_Check, tuple[_Step, ...]], ...]:
    return tuple((check, (_sub(*pattern),)) for check, pattern in zip(checks, patterns, strict=True))


def _blank_first(pattern: str, replacement: str) -> tuple[str, str]:
    """``(?<=…) …`` with the blank before the look back: a regular expression jumps from blank to blank."""
    behind, _, rest = pattern.partition(") ")
    return f" {behind} ){rest}", replacement


def _sub(pattern: str, replacement: str) -> _Step:
    sub = re.compile(pattern).sub
    return lambda text: sub(replacement, text)


def _holds(*parts: str) -> Callable[[str], bool]:
    if len(parts) == 1:
        (part,) = parts
        return lambda text: part in text
    return lambda text: any(part in text for part in parts)


def _translation(source: str, target: str) -> _Step:
    """Later pairs win, and what has no counterpart is left alone, as in hazm; only changed characters are touched."""
    table = {char: other for char, other in zip(source, target, strict=False) if char != other}
    sub = re.compile(f"[{re.escape(''.join(table))}]").sub
    return lambda text: sub(lambda match: table[match[0]], text)


def _rare(hazm: Any) -> _Check:
    """Finds a diacritic, a ligature or a special character: one look instead of twenty."""
    special = "".join(old for old, _ in (*hazm.diacritics_patterns, *hazm.specials_chars_patterns))
    ligatures = "".join(old for old, _ in hazm.replacements)
    chars = {char for char in special + ligatures if char not in _SYNTAX}
    return re.compile(f"[{re.escape(''.join(sorted(chars)))}]").search


def _is_stretched(text: str) -> bool:
    """Whether it has a letter three times or more in a row."""
    return _THRICE.search(text) is not None and _STRETCHED.search(text) is not None


def _tails(words: Iterable[str]) -> dict[str, frozenset[str]]:
    """What stands before a half-space in a word → what may follow it there.

    Tokens hold no blank, so a word that does is never put together.
    """
    tails = defaultdict[str, set[str]](set)
    for word in words:
        if ZWNJ in word and _BLANK not in word:
            parts = word.split(ZWNJ)
            for at in range(1, len(parts)):
                tails[ZWNJ.join(parts[:at])].add(ZWNJ.join(parts[at:]))
    return {head: frozenset(found) for head, found in tails.items()}
