"""What is known of a word or sign wherever it stands: its stem, its concept, its sectors, and what it says."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from models.relevance.cues import CUES
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

#: What a word says besides its stem, a bit each, so that arrays of words can be asked at once.
PRAISES, BLAMES, ENDS, DENIES_BEFORE, DENIES_AFTER, INTENSIFIES, DIMINISHES, LATIN, NUMBER = (
    1 << bit for bit in range(9)
)
ASKS, EXCLAIMS, FORMAL, INFORMAL, COMPARES, SUPERLATIVE = (1 << bit for bit in range(9, 15))
TONE: Final = PRAISES | BLAMES
DENIES: Final = DENIES_BEFORE | DENIES_AFTER

_NEGATED_VERB: Final = re.compile(f"نمی.+|ن(?:ا|ی)?(?:{'|'.join(NEGATABLE_STEMS)})(?:م|ی|د|ه|یم|ید|ین|ند|ن|ش|ه?ام|ست)?")
#: By their last letter, the longest first.
_ENDINGS: Final = {
    endings[-1]: tuple(endings.split())
    for endings in (
        *("هایی های یی ی", "هایش اش ش", "ترین شون تون مون ن"),
        *("ات ت", "ام یم م", "ید ند", "ها", "تر", "ه", "و"),
    )
}
_SHORTEST_STEM: Final = 3
_SHORTEST_COMPARATIVE: Final = 4
_CLAUSE_MARKS: Final = frozenset(".!?؟،؛,;:()«»…")
_FORMAL: Final = ("میباشد", "است", "گردد", "میشود", "باشد", "نماید", "میدهد", "دارد")
_INFORMAL: Final = frozenset(
    ["رو", "واسه", "اگه", "دیگه", "اینه", "تو", "یه", "خیلی", "میشه", "نمیشه", "داره", "نداره"]
)
_TELLING: Final = (*_FORMAL, "تر", "ترین")
#: Words whose analysis is kept, the frequent ones of posts.
_REMEMBERED: Final = 1 << 15
_NO_SECTORS: Final[frozenset[str]] = frozenset()


class Token(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What is known of a word or sign wherever it stands; the same object wherever it stands, too."""

    text: str
    #: Its stem, a sign being its own.
    root: str
    #: The same; empty for signs.
    stem: str
    #: What it says, in bits.
    says: int = 0
    #: Its concept; empty for words without one.
    concept: str = ""
    #: The sectors of business that have it among their cues.
    sectors: frozenset[str] = _NO_SECTORS


@lru_cache(maxsize=_REMEMBERED)
def token(word: str) -> Token:
    """The token of a word or sign in the analysis form."""
    root = stem(word)
    letters = root if word.isalnum() else ""
    itself, alike = _WORDS.get(word), _STEMS.get(root)
    if itself is None and alike is None:
        return Token(word, root, letters, _shape(word))
    says, concept, sectors = itself or _NOTHING
    tone, others, lines = alike or _NOTHING
    says |= _shape(word) | (0 if says & TONE else tone)
    return Token(word, root, letters, says, concept or others, sectors or lines)


def _shape(word: str) -> int:
    """What the letters of a word say of it."""
    if word.isascii():
        return LATIN if word.isalpha() else 0
    says = DENIES_BEFORE if word[:1] == "ن" and _NEGATED_VERB.fullmatch(word) else 0
    if word.endswith(_TELLING):
        if word.endswith(_FORMAL):
            says |= FORMAL
        elif word.endswith("ترین"):
            says |= SUPERLATIVE
        elif len(word) > _SHORTEST_COMPARATIVE:
            says |= COMPARES
    return says


def stem(word: str) -> str:
    """The word without up to two endings, formal or informal; a rough cut that only has to be the same each time."""
    shorter = _without_ending(word)
    return shorter if shorter is word else _without_ending(shorter)


def _without_ending(word: str) -> str:
    for ending in _ENDINGS.get(word[-1:], ()):
        if word.endswith(ending):
            return word if len(word) - len(ending) < _SHORTEST_STEM else word[: -len(ending)]
    return word


def polarity(token: str) -> str:
    """``+``, ``-`` or nothing: what the opinion words and emoji say about a token."""
    if token in POSITIVE or token in POSITIVE_SIGNS:
        return "+"
    return "-" if token in NEGATIVE or token in NEGATIVE_SIGNS else ""


#: Praise goes before blame, and opinion words before words that lean one way.
_TONES: Final = {
    **dict.fromkeys(NEGATIVE_HINTS, BLAMES),
    **dict.fromkeys(POSITIVE_HINTS, PRAISES),
    **dict.fromkeys(NEGATIVE | NEGATIVE_SIGNS, BLAMES),
    **dict.fromkeys(POSITIVE | POSITIVE_SIGNS, PRAISES),
}
_TONES_OF_STEMS: Final = {
    **{stem(word): BLAMES for word in NEGATIVE | NEGATIVE_HINTS},
    **{stem(word): PRAISES for word in POSITIVE | POSITIVE_HINTS},
    **_TONES,
}


def _said() -> dict[str, int]:
    """What words say that need no look at their letters."""
    said = {**_TONES, "0": NUMBER}
    for words, bit in (
        (_CLAUSE_MARKS | CLAUSE_WORDS, ENDS),
        (NEGATORS_AFTER, DENIES_BEFORE),
        (NEGATORS_BEFORE, DENIES_AFTER),
        (INTENSIFIERS, INTENSIFIES),
        (DIMINISHERS, DIMINISHES),
        (_INFORMAL, INFORMAL),
        ("؟?", ASKS),
        ("!", EXCLAIMS),
    ):
        said.update((word, said.get(word, 0) | bit) for word in words)
    return said


_SECTORS: Final = {
    word: frozenset(sector for sector, words in CUES.items() if word in words)
    for word in frozenset().union(*CUES.values())
}


def _together(said: Mapping[str, int], concepts: Mapping[str, str]) -> dict[str, tuple[int, str, frozenset[str]]]:
    """What words say, their concepts and their sectors in one table: most words are in none."""
    words = said.keys() | concepts.keys() | _SECTORS.keys()
    return {one: (said.get(one, 0), concepts.get(one, ""), _SECTORS.get(one, _NO_SECTORS)) for one in words}


_CONCEPTS: Final = {word: concept for concept, words in CONCEPTS.items() for word in words}
_NOTHING: Final = (0, "", _NO_SECTORS)
_WORDS: Final = _together(_said(), _CONCEPTS)
#: The same by stem. Where two concepts have words of one stem, the first concept has the stem.
_STEMS: Final = _together(
    _TONES_OF_STEMS,
    {**{stem(word): concept for concept in reversed(CONCEPTS) for word in CONCEPTS[concept]}, **_CONCEPTS},
)
