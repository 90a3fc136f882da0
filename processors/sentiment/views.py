"""The views of a text that the sentiment model reads: words (runs of characters), stems, opinion marks and concepts."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from processors.match.folding import fold_text
from processors.sentiment.tokens import DENIED, LONGEST, Token, Word, denials, read, tokens_of

#: Raised when a view changes: artefacts trained on other views are refused.
VIEWS_VERSION: Final = 4
#: What joins two stems to a feature, beside each other and around a third. No stem holds a blank.
BESIDE: Final = " "
AROUND: Final = " … "

#: Concepts so many tokens apart, or fewer, are about each other.
NEAR: Final = 3

#: Longer words are no words.
_LONGEST_WORD: Final = 40
_RUNS: Final = range(2, 7)
_LENGTHS: Final = (3, 6, 10, 15, 20, 30, 45)
_LATIN: Final = (0, 2, 5)
_NUMBERS: Final = (0, 1, 3)
_MOST: Final = 5
#: Words and summaries whose features are kept.
_REMEMBERED: Final = 1 << 15


class Views(NamedTuple):
    """Features of one text: its words (whose runs of characters count), stems, marks and concepts, each once."""

    words: list[str]
    stems: list[str]
    marks: list[str]
    concepts: list[str]


class Traits(NamedTuple):
    """The same before stems and concepts are paired: what the model scores.

    ``stems`` in their order, with the scope of negation; ``marks`` and ``summary`` together are the marks. ``concepts``
    are those of the tokens in their order, empty for a token without one.
    """

    words: list[str]
    stems: list[str]
    marks: list[str]
    summary: tuple[str, ...]
    concepts: list[str]


def views(text: str) -> Views:
    """All views of ``text``."""
    found = traits(read(fold_text(text[:LONGEST])))
    stems = list(dict.fromkeys(_combined(found.stems)))
    return Views(found.words, stems, [*found.marks, *found.summary], list(dict.fromkeys(_related(found.concepts))))


def traits(read: Sequence[Word]) -> Traits:
    """What a text shows that has been read."""
    found = tokens_of(read)
    denied = denials(found)
    written = list(dict.fromkeys([word for one in read for word in one.words]))
    if denied:
        stems = [one.denied if no else one.stem for one, no in zip(found, denied, strict=True) if one.stem]
        concepts = [one.concept_denied if no else one.concept for one, no in zip(found, denied, strict=True)]
    else:
        stems = [one.stem for one in found if one.stem]
        concepts = [one.concept for one in found]
    return Traits(written, stems, *_marks(found, denied), concepts)


def _combined(stems: Sequence[str]) -> Iterator[str]:
    """Stems alone, in pairs, and in pairs around a third."""
    yield from stems
    yield from (first + BESIDE + last for first, last in pairwise(stems))
    yield from (first + AROUND + last for first, last in zip(stems, stems[2:], strict=False))


def _related(concepts: Sequence[str]) -> Iterator[str]:
    """Concepts alone, and in pairs that stand near each other, whichever comes first; empty ones are none."""
    for after, one in enumerate(concepts, 1):
        if one:
            yield one
            yield from (BESIDE.join(sorted((one, other))) for other in concepts[after : after + NEAR] if other)


def _marks(tokens: Sequence[Token], denied: Sequence[bool]) -> tuple[list[str], tuple[str, ...]]:
    """What opinion words, punctuation and register say, in counts and steps."""
    marks: list[str] = []
    tones: list[int] = []
    latin = numbers = 0
    for at in [at for at, token in enumerate(tokens) if token.special]:
        token = tokens[at]
        if token.tone:
            tone, mark = _opinion(tokens, at, denied=bool(denied) and denied[at])
            tones.append(tone)
            marks.append(mark)
        marks += token.marks
        latin += token.latin
        numbers += token.number
    sizes = bisect_left(_LENGTHS, len(tokens)), bisect_left(_LATIN, latin), bisect_left(_NUMBERS, numbers)
    leaning = max(-_MOST, min(_MOST, sum(tones)))
    signs = _sign(tones[:1]), _sign(tones[-1:]), str(bool(tones) and min(tones) < 0 < max(tones))
    return list(dict.fromkeys(marks)), _summary(leaning, *signs, *sizes)


def _opinion(tokens: Sequence[Token], at: int, *, denied: bool) -> tuple[int, str]:
    """How much the opinion word at ``at`` praises (negative: blames), and its mark."""
    beside = tokens[max(at - 2, 0) : at + 2]
    strong = any(one.intensifies for one in beside)
    weak = any(one.diminishes for one in beside)
    tone = -tokens[at].tone if denied else tokens[at].tone
    return tone * (1 + strong), f"{tone:+d}{'!' * strong}{'?' * weak}{DENIED * denied}"


@lru_cache(maxsize=_REMEMBERED)
def _summary(leaning: int, first: str, last: str, mixed: str, *sizes: int) -> tuple[str, ...]:
    """The marks of a text as a whole; ``sizes``: how many steps its length, Latin words and numbers pass."""
    steps = zip(("length", "latin", "numbers"), (_LENGTHS, _LATIN, _NUMBERS), sizes, strict=True)
    return (
        *(f"pleased >{step}" for step in range(max(0, leaning))),
        *(f"displeased >{step}" for step in range(max(0, -leaning))),
        f"first{first} last{last}",
        f"last{last}",
        f"mixed{mixed}",
        *(f"{name} >{step}" for name, all_steps, passed in steps for step in all_steps[:passed]),
    )


def _sign(tones: Sequence[int]) -> str:
    return ("+" if tones[0] > 0 else "-") if tones else "0"


def padded(word: str) -> str:
    """A word whose ends show in its runs of characters."""
    return f" {word[:_LONGEST_WORD]} "


def runs_of(word: str) -> tuple[str, ...]:
    """Runs of characters of a word, its ends marked by spaces."""
    text = padded(word)
    return tuple(dict.fromkeys(text[at : at + size] for size in _RUNS for at in range(len(text) - size + 1)))
