"""Texts in the analysis form: words with their affixes joined, and what is known of each word wherever it stands.

Posts are made of words that other posts had too. So a text is cut at its blanks, and what a piece reads as is worked
out once; the few rules that reach over a blank (می شود, کتاب ها) show in the pieces at both ends, which are then
read as one piece.
"""

import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from models.persian import ZWNJ
from models.relevance.cues import HEADS
from models.relevance.names import NAMES
from processors.match.folding import fold_text
from processors.remembered import Remembered
from processors.sentiment.lexicon import Token, token

#: Longer texts are read up to here (code points), which bounds the cost of a hostile post.
LONGEST: Final = 4_000

_NOISE: Final = re.compile(r"https?://\S+|www\.\S+|@\w+")
_THRICE: Final = re.compile(r"(.)\1\1")
_ELONGATED: Final = re.compile(r"([^\W\d])\1{2,}")
_DIGITS: Final = re.compile(r"\d+(?:[.,٫/:]\d+)*")
#: Affixes are written apart, joined or with a half-space: they are joined here.
_PREFIX: Final = re.compile(r"(?<!\w)(ن?می)[ \u200c]+(?=[^\W\d])")
_CLOSING: Final = frozenset({"ها", "های", "هایی", "هام", "هاش", "هاشون", "تر", "ترین", "ام", "اند", "ای"})
_SUFFIXES: Final = "|".join(_CLOSING)
#: Blanks are looked for first, then the letter before them: a regular expression jumps from one to the next.
_SUFFIX: Final = re.compile(rf"[ \u200c](?<=[^\W\d][ \u200c])[ \u200c]*({_SUFFIXES})(?!\w)")
_TWO_PARTS: Final = re.compile(r"(?<!\w)(فوق|قابل|غیر) (?=العاده|قبول|اعتماد|قابل)")
_WITHOUT: Final = re.compile(r"(?<!\w)بی[ \u200c]+(?=[^\W\d]{3})")
#: How a piece of text ends that a rule may join to the next one, and how one begins that is joined to the one before.
_OPENING: Final = frozenset({"می", "نمی", "بی", "فوق", "قابل", "غیر"})
_BLANKS: Final = " " + ZWNJ
_OPENS: Final = re.compile(rf"(?<!\w)(?:{'|'.join(_OPENING)})[ \u200c]*\Z")
_CLOSES: Final = re.compile(rf"[ \u200c]*(?:{_SUFFIXES})(?!\w)")
#: What a rule may change inside a piece; a blank, because rules look for them.
_RULED: Final = re.compile(rf"[\d\s_#@{ZWNJ}]|://|www\.|([^\W\d])\1\1")
_SOLID: Final = re.compile(r"\S+")
#: A word as it stands, a half-space compound being one.
_WRITTEN: Final = re.compile(rf"\w+(?:{ZWNJ}+\w+)*")
_NAMES: Final = NAMES | HEADS
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
#: Pieces whose analysis is kept, the frequent ones of posts; and how long (code points) a piece may be.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 80


class Word(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A piece of text between blanks."""

    #: What it is in the analysis form, cut at blanks; and its tokens.
    words: tuple[str, ...]
    tokens: tuple[Token, ...]
    #: Known brands in it and nouns that go before brands, in canonical letters without half-spaces.
    names: tuple[str, ...]
    #: A rule may join it to the piece after it or before it.
    joins: bool
    #: It is joined to the piece after it, or before it, or has no letters at that end: what joins may reach over it.
    right: bool
    left: bool


def _word(piece: str) -> Word:
    """What a piece reads as; most are letters and signs in which no rule finds anything to change."""
    if piece.isalpha() and not _THRICE.search(piece):
        return _whole(piece, (token(piece),))
    if _RULED.search(piece) is None:
        return _whole(piece, tuple(map(token, _TOKEN.findall(piece))))
    if _NOISE.fullmatch(piece):
        return Word((), (), _names(piece), joins=False, right=True, left=True)
    return _ruled(piece)


def _whole(piece: str, found: tuple[Token, ...]) -> Word:
    """A piece that stays as it is."""
    opens = bool(found) and found[-1].text in _OPENING
    closes = bool(found) and found[0].text in _CLOSING
    names = tuple([one.text for one in found if one.text in _NAMES])
    return Word((piece,), found, names, opens or closes, opens, closes)


def _ruled(piece: str) -> Word:
    """A piece in which rules may change something."""
    cleaned = _cleaned(piece)
    written = _joined(cleaned)
    blank = cleaned != cleaned.strip(_BLANKS)
    opens, closes = _OPENS.search(cleaned) is not None, _CLOSES.match(cleaned) is not None
    found = tuple(map(token, _TOKEN.findall(written)))
    return Word(tuple(written.split()), found, _names(piece), opens or closes, opens or blank, closes or blank)


def _names(piece: str) -> tuple[str, ...]:
    return tuple([name for one in _WRITTEN.findall(piece) if (name := one.replace(ZWNJ, "")) in _NAMES])


_WORDS: Final = Remembered(_word, _REMEMBERED, _LONGEST_REMEMBERED)
_joins: Final = attrgetter("joins")


def read(folded: str) -> list[Word]:
    """The pieces of a canonical text, in order."""
    pieces = folded.split()
    found = list(map(_WORDS.__getitem__, pieces))
    return _rejoined(folded, pieces, found) if any(map(_joins, found)) else found


def _rejoined(folded: str, pieces: list[str], found: list[Word]) -> list[Word]:
    """The same where rules may reach over blanks: pieces that they may join are read as one."""
    spans = None if " ".join(pieces) == folded else [match.span() for match in _SOLID.finditer(folded)]
    made, done = list[Word](), 0
    for low, high in _stretches(found):
        part = " ".join(pieces[low:high]) if spans is None else folded[spans[low][0] : spans[high - 1][1]]
        made += found[done:low]
        made.append(_WORDS[part])
        done = high
    return made + found[done:]


def _stretches(found: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """From where to where pieces are linked, each to the next, and one of them is what a rule may join to another."""
    high = 0
    for at in [at for at, word in enumerate(found) if word.joins]:
        if at >= high:
            low, high = at, at + 1
            while low and (found[low - 1].right or found[low].left):
                low -= 1
            while high < len(found) and (found[high - 1].right or found[high].left):
                high += 1
            if low + 1 < high:
                yield low, high


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
    if " " in text or ZWNJ in text:
        text = _without_blanks(text)
    return text.replace("_", " ").replace("#", " ")


def _without_blanks(text: str) -> str:
    """The rules that join what stands apart."""
    if "می " in text or "می\u200c" in text:
        text = _PREFIX.sub(r"\1", text)
    text = _SUFFIX.sub(r"\1", text)
    if "بی " in text or "بی\u200c" in text:
        text = _WITHOUT.sub("بی", text)
    if "فوق " in text or "قابل " in text or "غیر " in text:
        text = _TWO_PARTS.sub(r"\1", text)
    return text.replace(ZWNJ, "")
