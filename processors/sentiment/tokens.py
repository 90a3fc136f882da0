"""Texts in the analysis form: words with their affixes joined, and what is known of each word wherever it stands.

Posts are made of words that other posts had too. So a text is cut at its blanks, and what a piece reads as is worked
out once; the few rules that reach over a blank (می شود, کتاب ها) show in the pieces at both ends, which are then
read as one piece.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

from models.persian import ZWNJ
from models.relevance.cues import CUES, HEADS
from models.relevance.names import NAMES
from models.sentiment.concepts import CONCEPTS
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
from processors.match.folding import fold_text

#: Longer texts are read up to here (code points), which bounds the cost of a hostile post.
LONGEST: Final = 4_000

_NOISE: Final = re.compile(r"https?://\S+|www\.\S+|@\w+")
_THRICE: Final = re.compile(r"(.)\1\1")
_ELONGATED: Final = re.compile(r"([^\W\d])\1{2,}")
_DIGITS: Final = re.compile(r"\d+(?:[.,٫/:]\d+)*")
#: Affixes are written apart, joined or with a half-space: they are joined here.
_PREFIX: Final = re.compile(r"(?<!\w)(ن?می)[ \u200c]+(?=[^\W\d])")
_CLOSING: Final = ("ها", "های", "هایی", "هام", "هاش", "هاشون", "تر", "ترین", "ام", "اند", "ای")
_SUFFIXES: Final = "|".join(_CLOSING)
#: Blanks are looked for first, then the letter before them: a regular expression jumps from one to the next.
_SUFFIX: Final = re.compile(rf"[ \u200c](?<=[^\W\d][ \u200c])[ \u200c]*({_SUFFIXES})(?!\w)")
_TWO_PARTS: Final = re.compile(r"(?<!\w)(فوق|قابل|غیر) (?=العاده|قبول|اعتماد|قابل)")
_WITHOUT: Final = re.compile(r"(?<!\w)بی[ \u200c]+(?=[^\W\d]{3})")
#: How a piece of text ends that a rule may join to the next one, and how one begins that is joined to the one before.
_OPENING: Final = ("می", "نمی", "بی", "فوق", "قابل", "غیر")
_OPENS: Final = re.compile(rf"(?<!\w)(?:{'|'.join(_OPENING)})[ \u200c]*\Z")
_CLOSES: Final = re.compile(rf"[ \u200c]*(?:{_SUFFIXES})(?!\w)")
#: What a rule may change inside a piece; a blank, because rules look for them.
_RULED: Final = re.compile(rf"[\d\s_#@{ZWNJ}]|://|www\.|([^\W\d])\1\1")
_SOLID: Final = re.compile(r"\S+")
#: A word as it stands, a half-space compound being one.
_WRITTEN: Final = re.compile(rf"\w+(?:{ZWNJ}+\w+)*")
_NAMES: Final = NAMES | HEADS
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_NEGATED_VERB: Final = re.compile(f"نمی.+|ن(?:ا|ی)?(?:{'|'.join(NEGATABLE_STEMS)})(?:م|ی|د|ه|یم|ید|ین|ند|ن|ش|ه?ام|ست)?")
#: By length, the longest first.
_ENDINGS: Final = (
    (4, frozenset({"هایی", "هایش", "ترین"})),
    (3, frozenset({"های", "شون", "تون", "مون"})),
    (2, frozenset({"ها", "تر", "یی", "اش", "ات", "ام", "یم", "ید", "ند"})),
    (1, frozenset("هیمشتنو")),
)
_SHORTEST_STEM: Final = 3
_SHORTEST_COMPARATIVE: Final = 4
_CLAUSE_MARKS: Final = frozenset(".!?؟،؛,;:()«»…")
#: Marks a stem in the scope of a negation.
DENIED: Final = "¬"
#: Words of its clause that a negated verb reaches back over, and that a negator such as بدون reaches on over.
_REACH_BACK: Final = 3
_REACH_ON: Final = 2
_FORMAL: Final = ("میباشد", "است", "گردد", "میشود", "باشد", "نماید", "میدهد", "دارد")
_INFORMAL: Final = frozenset(
    ["رو", "واسه", "اگه", "دیگه", "اینه", "تو", "یه", "خیلی", "میشه", "نمیشه", "داره", "نداره"]
)
#: Words and pieces whose analysis is kept, the frequent ones of posts; and how long (code points) a piece may be.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 80


class Token(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What is known of a word or sign wherever it stands; the same object wherever it stands, too."""

    text: str
    #: Its stem, a sign being its own.
    root: str
    #: The sectors of business that have it among their cues.
    sectors: frozenset[str]
    #: Its stem, as it is and in the scope of a negation; empty for signs.
    stem: str
    denied: str
    #: Its concept, as it is and in the scope of a negation; empty for words without one.
    concept: str
    concept_denied: str
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
    #: Whether it denies, or says anything besides its stem.
    special: bool


class Word(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A piece of text between blanks."""

    #: What it is in the analysis form, cut at blanks; and its tokens.
    words: tuple[str, ...]
    tokens: tuple[Token, ...]
    #: Known brands in it and nouns that go before brands, in canonical letters without half-spaces.
    names: tuple[str, ...]
    #: A rule may join it to the piece after it, or before it.
    opens: bool
    closes: bool
    #: The same, or it has no letters at one of its ends: what a rule joins may reach over it.
    right: bool
    left: bool


class _Words(dict[str, Word]):
    """Piece of canonical text → what it reads as; half of what is remembered is forgotten at a time, the older half."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, Word] = {}

    def __missing__(self, piece: str) -> Word:
        word = self._before.get(piece)
        if word is None:
            word = _plain_word(piece) if _RULED.search(piece) is None else _any_word(piece)
        if len(piece) > _LONGEST_REMEMBERED:
            return word
        if len(self) >= _REMEMBERED:
            self._before = dict(self)
            self.clear()
        self[piece] = word
        return word


def _plain_word(piece: str) -> Word:
    """A piece of letters and signs in which no rule finds anything to change."""
    found = tuple(map(_token, _TOKEN.findall(piece)))
    opens = bool(found) and found[-1].text in _OPENING
    closes = bool(found) and found[0].text in _CLOSING
    return Word(
        words=(piece,),
        tokens=found,
        names=tuple(one.text for one in found if one.text in _NAMES),
        opens=opens,
        closes=closes,
        right=opens,
        left=closes,
    )


def _any_word(piece: str) -> Word:
    cleaned = _cleaned(piece)
    written = _joined(cleaned)
    blank = cleaned != cleaned.strip(" " + ZWNJ)
    opens, closes = _OPENS.search(cleaned) is not None, _CLOSES.match(cleaned) is not None
    return Word(
        words=tuple(written.split()),
        tokens=tuple(map(_token, _TOKEN.findall(written))),
        names=tuple(name for one in _WRITTEN.findall(piece) if (name := one.replace(ZWNJ, "")) in _NAMES),
        opens=opens,
        closes=closes,
        right=opens or blank,
        left=closes or blank,
    )


_WORDS: Final = _Words()


def read(folded: str) -> list[Word]:
    """The pieces of a canonical text, in order."""
    pieces = folded.split()
    found = list(map(_WORDS.__getitem__, pieces))
    for word in found:
        if word.opens or word.closes:
            return _rejoined(pieces if " ".join(pieces) == folded else None, folded, found)
    return found


def _rejoined(pieces: list[str] | None, folded: str, found: list[Word]) -> list[Word]:
    """The same where rules may reach over blanks: pieces that they may join are read as one.

    ``pieces`` is None where more stands between them than one blank each.
    """
    linked = [before.right or after.left for before, after in pairwise(found)]
    starts = [0, *(at for at, link in enumerate(linked, 1) if not link)]
    bounds = list(zip(starts, [*starts[1:], len(found)], strict=True))
    if pieces is None:
        spans = [match.span() for match in _SOLID.finditer(folded)]
        return [_WORDS[folded[spans[low][0] : spans[high - 1][1]]] for low, high in bounds]
    return [found[low] if high == low + 1 else _WORDS[" ".join(pieces[low:high])] for low, high in bounds]


def tokens_of(words: Sequence[Word]) -> list[Token]:
    """Every token of a text that has been read."""
    return [token for word in words for token in word.tokens]


def tokens(text: str) -> list[str]:
    """The words and signs of ``text`` in the analysis form."""
    return [token.text for token in tokens_of(read(fold_text(text[:LONGEST])))]


def plain(text: str) -> str:
    """Canonical letters, affixes joined, half-spaces gone, addresses and account names gone, numbers as 0.

    What ``read`` gives is this form, cut into words.
    """
    return _joined(_cleaned(fold_text(text[:LONGEST])))


def _cleaned(text: str) -> str:
    """The rules that see no blank.

    Most rules look for something that is not there: a check that is cheap and never wrong stands before them.
    """
    if "@" in text or "://" in text or "www." in text:
        text = _NOISE.sub(" ", text)
    if _THRICE.search(text):
        text = _ELONGATED.sub(r"\1", text)
    return _DIGITS.sub("0", text)


def _joined(text: str) -> str:
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
    return denials(list(map(_token, tokens))) or [False] * len(tokens)


def denials(tokens: Sequence[Token]) -> list[bool]:
    """The same of tokens; an empty list where nothing is denied."""
    denied: list[bool] = []
    for at, token in enumerate(tokens):
        if not token.special or token.ends:
            continue
        if token.denies_before:
            denied = denied or [False] * len(tokens)
            _deny(denied, _clause_start(tokens, at), at)
        elif token.denies_after:
            denied = denied or [False] * len(tokens)
            _deny(denied, at + 1, _clause_end(tokens, at + 1, at + 1 + _REACH_ON))
    return denied


def _deny(denied: list[bool], start: int, end: int) -> None:
    denied[start:end] = [not one for one in denied[start:end]]


def _clause_start(tokens: Sequence[Token], at: int) -> int:
    """Where the words of a clause begin over which the negator at ``at`` reaches back."""
    start = at
    while start > max(0, at - _REACH_BACK) and not tokens[start - 1].ends:
        start -= 1
    return start


def _clause_end(tokens: Sequence[Token], start: int, end: int) -> int:
    part = tokens[start:end]
    return start + next((at for at, one in enumerate(part) if one.ends), len(part))


def polarity(token: str) -> str:
    """``+``, ``-`` or nothing: what the opinion words and emoji say about a token."""
    if token in POSITIVE or token in POSITIVE_SIGNS:
        return "+"
    return "-" if token in NEGATIVE or token in NEGATIVE_SIGNS else ""


@lru_cache(maxsize=_REMEMBERED)
def _token(word: str) -> Token:
    root = stem(word)
    lettered = word.isalnum()
    tone, marks = _tone(word, root), _marks_alone(word)
    concept = _CONCEPTS.get(word) or _CONCEPTS.get(root) or _STEMMED_CONCEPTS.get(root, "")
    before = word in NEGATORS_AFTER or (word[:1] == "ن" and _NEGATED_VERB.fullmatch(word) is not None)
    after = word in NEGATORS_BEFORE
    latin, number = word.isascii() and word.isalpha(), word == "0"
    return Token(
        text=word,
        root=root,
        sectors=_SECTORS.get(word) or _SECTORS.get(root) or _NO_SECTORS,
        stem=root if lettered else "",
        denied=DENIED + root if lettered else "",
        concept=concept,
        concept_denied=concept and DENIED + concept,
        tone=tone,
        ends=word in _CLAUSE_MARKS or word in CLAUSE_WORDS,
        denies_before=before,
        denies_after=after,
        intensifies=word in INTENSIFIERS,
        diminishes=word in DIMINISHERS,
        latin=latin,
        number=number,
        marks=marks,
        special=bool(before or after or tone or marks or latin or number),
    )


def _marks_alone(word: str) -> tuple[str, ...]:
    marks: list[str] = []
    if word in "؟?":
        marks.append("asks")
    if word == "!":
        marks.append("exclaims")
    if word.endswith(_FORMAL):
        marks.append("formal")
    if word in _INFORMAL:
        marks.append("informal")
    if word.endswith("تر") and len(word) > _SHORTEST_COMPARATIVE:
        marks.append("compares")
    if word.endswith("ترین"):
        marks.append("superlative")
    return tuple(marks)


def _tone(token: str, root: str) -> int:
    """1 for a word that leans to praise, -1 to blame, 0 for others; its stem counts too."""
    return _TONES.get(token) or _TONES.get(root) or _STEMMED.get(root, 0)


def stem(word: str) -> str:
    """The word without up to two endings, formal or informal; a rough cut that only has to be the same each time."""
    shorter = _without_ending(word)
    return shorter if shorter is word else _without_ending(shorter)


def _without_ending(word: str) -> str:
    for length, endings in _ENDINGS:
        if word[-length:] in endings:
            return word if len(word) - length < _SHORTEST_STEM else word[:-length]
    return word


_NO_SECTORS: Final[frozenset[str]] = frozenset()
_SECTORS: Final = {
    word: frozenset(sector for sector, words in CUES.items() if word in words)
    for word in frozenset().union(*CUES.values())
}
#: Praise goes before blame, and opinion words before words that lean one way.
_TONES: Final = {
    **dict.fromkeys(NEGATIVE_HINTS, -1),
    **dict.fromkeys(POSITIVE_HINTS, 1),
    **dict.fromkeys(NEGATIVE | NEGATIVE_SIGNS, -1),
    **dict.fromkeys(POSITIVE | POSITIVE_SIGNS, 1),
}
_STEMMED: Final = {
    **{stem(word): -1 for word in NEGATIVE | NEGATIVE_HINTS},
    **{stem(word): 1 for word in POSITIVE | POSITIVE_HINTS},
}
_CONCEPTS: Final = {word: concept for concept, words in CONCEPTS.items() for word in words}
#: Where two concepts have words of one stem, the first concept has the stem.
_STEMMED_CONCEPTS: Final = {stem(word): concept for concept in reversed(CONCEPTS) for word in CONCEPTS[concept]}
