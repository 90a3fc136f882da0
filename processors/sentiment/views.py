"""The views of a text that the sentiment model reads: words, opinion marks, runs of characters and stems."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from models.persian import ZWNJ
from models.sentiment.hints import NEGATIVE_HINTS, POSITIVE_HINTS
from models.sentiment.words import (
    CLAUSE_WORDS,
    DIMINISHERS,
    INTENSIFIERS,
    NEGATABLE_STEMS,
    NEGATIVE,
    NEGATIVE_SIGNS,
    NEGATORS_AFTER,
    NEGATORS_BEFORE,
    POSITIVE,
    POSITIVE_SIGNS,
)
from processors.match.folding import fold

#: Raised when a view changes: artefacts trained on other views are refused.
VIEWS_VERSION: Final = 3
#: Longer texts are read up to here (code points), which bounds the cost of a hostile post.
LONGEST: Final = 4_000

_NOISE: Final = re.compile(r"https?://\S+|www\.\S+|@\w+")
_THRICE: Final = re.compile(r"(.)\1\1")
_ELONGATED: Final = re.compile(r"([^\W\d])\1{2,}")
_DIGITS: Final = re.compile(r"\d+(?:[.,٫/:]\d+)*")
#: Affixes are written apart, joined or with a half-space: they are joined here.
_PREFIX: Final = re.compile(r"(?<!\w)(ن?می)[ \u200c]+(?=[^\W\d])")
#: Blanks are looked for first, then the letter before them: a regular expression jumps from one to the next.
_SUFFIX: Final = re.compile(
    r"[ \u200c](?<=[^\W\d][ \u200c])[ \u200c]*(ها|های|هایی|هام|هاش|هاشون|تر|ترین|ام|اند|ای)(?!\w)"
)
_TWO_PARTS: Final = re.compile(r"(?<!\w)(فوق|قابل|غیر) (?=العاده|قبول|اعتماد|قابل)")
_WITHOUT: Final = re.compile(r"(?<!\w)بی[ \u200c]+(?=[^\W\d]{3})")
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_NEGATED_VERB: Final = re.compile(f"نمی.+|ن(?:ا|ی)?(?:{'|'.join(NEGATABLE_STEMS)})(?:م|ی|د|ه|یم|ید|ین|ند|ن|ش|ه?ام|ست)?")
_ENDING: Final = re.compile("(?:هایی|هایش|های|ها|ترین|تر|یی|شون|تون|مون|اش|ات|ام|یم|ید|ند|ه|ی|م|ش|ت|ن|و)$")
_SHORTEST_STEM: Final = 3
_SHORTEST_COMPARATIVE: Final = 4
#: Longer words are no words.
_LONGEST_WORD: Final = 40
_CLAUSE_MARKS: Final = frozenset(".!?؟،؛,;:()«»…")
_DENIED: Final = "¬"
#: Words of its clause that a negated verb reaches back over, and that a negator such as بدون reaches on over.
_REACH_BACK: Final = 3
_REACH_ON: Final = 2
_RUNS: Final = range(2, 7)
_LENGTHS: Final = (3, 6, 10, 15, 20, 30, 45)
_LATIN: Final = (0, 2, 5)
_NUMBERS: Final = (0, 1, 3)
_MOST: Final = 5
_FORMAL: Final = ("میباشد", "است", "گردد", "میشود", "باشد", "نماید", "میدهد", "دارد")
_INFORMAL: Final = frozenset(
    ["رو", "واسه", "اگه", "دیگه", "اینه", "تو", "یه", "خیلی", "میشه", "نمیشه", "داره", "نداره"]
)
#: Words whose analysis is kept: the frequent words of posts.
_REMEMBERED: Final = 1 << 15


class Views(NamedTuple):
    """Features of one text: its words (whose runs of characters count), its stems and its marks, each once."""

    words: list[str]
    stems: list[str]
    marks: list[str]


def views(text: str) -> Views:
    """All views of ``text``."""
    written = plain(text)
    found = list(map(_token, _TOKEN.findall(written)))
    denied = _negated(found)
    return Views(
        list(dict.fromkeys(written.split())),
        list(dict.fromkeys(_stems(found, denied))),
        list(dict.fromkeys(_marks(found, denied))),
    )


def tokens(text: str) -> list[str]:
    """The words and signs of ``text`` in the analysis form."""
    return _TOKEN.findall(plain(text))


def plain(text: str) -> str:
    """Canonical letters, affixes joined, half-spaces gone, addresses and account names gone, numbers as 0.

    Most rules look for something that is not there: a check that is cheap and never wrong stands before them.
    """
    text = fold(text[:LONGEST]).text
    if "@" in text or "://" in text or "www." in text:
        text = _NOISE.sub(" ", text)
    if _THRICE.search(text):
        text = _ELONGATED.sub(r"\1", text)
    text = _DIGITS.sub("0", text)
    if "می " in text or "می\u200c" in text:
        text = _PREFIX.sub(r"\1", text)
    text = _SUFFIX.sub(r"\1", text)
    if "بی " in text or "بی\u200c" in text:
        text = _WITHOUT.sub("بی", text)
    if "فوق " in text or "قابل " in text or "غیر " in text:
        text = _TWO_PARTS.sub(r"\1", text)
    return text.replace(ZWNJ, "").replace("_", " ").replace("#", " ")


def negated(tokens: Sequence[str]) -> list[bool]:
    """Whether each token stands in the scope of a negation; two negations cancel each other."""
    return _negated(list(map(_token, tokens)))


def _negated(tokens: Sequence["_Token"]) -> list[bool]:
    denied = [False] * len(tokens)
    start = 0
    for at, token in enumerate(tokens):
        if token.ends:
            start = at + 1
        elif token.denies_before:
            _deny(denied, max(start, at - _REACH_BACK), at)
        elif token.denies_after:
            _deny(denied, at + 1, _clause_end(tokens, at + 1, at + 1 + _REACH_ON))
    return denied


def _deny(denied: list[bool], start: int, end: int) -> None:
    denied[start:end] = [not one for one in denied[start:end]]


def _clause_end(tokens: Sequence["_Token"], start: int, end: int) -> int:
    part = tokens[start:end]
    return start + next((at for at, one in enumerate(part) if one.ends), len(part))


def polarity(token: str) -> str:
    """``+``, ``-`` or nothing: what the opinion words and emoji say about a token."""
    if token in POSITIVE or token in POSITIVE_SIGNS:
        return "+"
    return "-" if token in NEGATIVE or token in NEGATIVE_SIGNS else ""


class _Token(NamedTuple):
    """What is known of a word or sign, wherever it stands."""

    #: Its stem, as it is and in the scope of a negation; empty for signs.
    stem: str
    denied: str
    #: 1 for praise, -1 for blame.
    tone: int
    ends: bool
    denies_before: bool
    denies_after: bool
    intensifies: bool
    diminishes: bool
    latin: bool
    number: bool
    #: Its marks that need no other token.
    marks: tuple[str, ...]


@lru_cache(maxsize=_REMEMBERED)
def _token(word: str) -> _Token:
    root = stem(word) if word.isalnum() else ""
    return _Token(
        stem=root,
        denied=_DENIED + root,
        tone=_tone(word),
        ends=word in _CLAUSE_MARKS or word in CLAUSE_WORDS,
        denies_before=word in NEGATORS_AFTER or _NEGATED_VERB.fullmatch(word) is not None,
        denies_after=word in NEGATORS_BEFORE,
        intensifies=word in INTENSIFIERS,
        diminishes=word in DIMINISHERS,
        latin=word.isascii() and word.isalpha(),
        number=word == "0",
        marks=tuple(_marks_alone(word)),
    )


def _marks_alone(word: str) -> Iterator[str]:
    yield from ["asks"] * (word in "؟?")
    yield from ["exclaims"] * (word == "!")
    yield from ["formal"] * word.endswith(_FORMAL)
    yield from ["informal"] * (word in _INFORMAL)
    yield from ["compares"] * (word.endswith("تر") and len(word) > _SHORTEST_COMPARATIVE)
    yield from ["superlative"] * word.endswith("ترین")


def _marks(tokens: Sequence[_Token], denied: Sequence[bool]) -> Iterator[str]:
    """What opinion words, punctuation and register say, in counts and steps."""
    tones = []
    for at, token in enumerate(tokens):
        if token.tone:
            beside = tokens[max(at - 2, 0) : at + 2]
            strong = any(one.intensifies for one in beside)
            weak = any(one.diminishes for one in beside)
            tone = -token.tone if denied[at] else token.tone
            tones.append(tone * (1 + strong))
            yield f"{tone:+d}{'!' * strong}{'?' * weak}{_DENIED * denied[at]}"
        yield from token.marks
    total = sum(tones)
    yield from _steps("pleased", total, range(_MOST))
    yield from _steps("displeased", -total, range(_MOST))
    yield f"first{_sign(tones[:1])} last{_sign(tones[-1:])}"
    yield f"last{_sign(tones[-1:])}"
    yield f"mixed{bool(tones) and min(tones) < 0 < max(tones)}"
    yield from _steps("length", len(tokens), _LENGTHS)
    yield from _steps("latin", sum([one.latin for one in tokens]), _LATIN)
    yield from _steps("numbers", sum([one.number for one in tokens]), _NUMBERS)


@lru_cache(maxsize=_REMEMBERED)
def _steps(name: str, amount: int, steps: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{name} >{step}" for step in steps if amount > step)


def _sign(tones: Sequence[int]) -> str:
    return ("+" if tones[0] > 0 else "-") if tones else "0"


def _tone(token: str) -> int:
    """1 for a word that leans to praise, -1 to blame, 0 for others; its stem counts too."""
    for one in (token, stem(token)):
        if sign := polarity(one):
            return 1 if sign == "+" else -1
        if one in POSITIVE_HINTS or one in NEGATIVE_HINTS:
            return 1 if one in POSITIVE_HINTS else -1
    return _STEMMED.get(stem(token), 0)


@lru_cache(maxsize=_REMEMBERED)
def runs_of(word: str) -> tuple[str, ...]:
    """Runs of characters of a word, its ends marked by spaces."""
    padded = f" {word[:_LONGEST_WORD]} "
    return tuple(dict.fromkeys(padded[at : at + size] for size in _RUNS for at in range(len(padded) - size + 1)))


def _stems(tokens: Sequence[_Token], denied: Sequence[bool]) -> list[str]:
    """Stems with the scope of negation, alone, in pairs, and in pairs around a third."""
    stems = [one.denied if no else one.stem for one, no in zip(tokens, denied, strict=True) if one.stem]
    pairs = [f"{first} {last}" for first, last in pairwise(stems)]
    around = [f"{first} … {last}" for first, last in zip(stems, stems[2:], strict=False)]
    return stems + pairs + around


@lru_cache(maxsize=_REMEMBERED)
def stem(word: str) -> str:
    """The word without up to two endings, formal or informal; a rough cut that only has to be the same each time."""
    for _ in range(2):
        shorter = _ENDING.sub("", word)
        if len(shorter) < _SHORTEST_STEM:
            break
        word = shorter
    return word


_STEMMED: Final = {
    **{stem(word): -1 for word in NEGATIVE | NEGATIVE_HINTS},
    **{stem(word): 1 for word in POSITIVE | POSITIVE_HINTS},
}
