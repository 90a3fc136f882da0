"""The views of a text that the sentiment model reads: words (runs of characters), stems, opinion marks and concepts."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from processors.match.folding import fold_text
from processors.sentiment.signs import DENIED, GAP, GAPS, MARKS, signs, summary_marks
from processors.sentiment.tokens import LONGEST, read, tokens_of

#: Raised when a view changes: artefacts trained on other views are refused.
VIEWS_VERSION: Final = 4
#: What joins two stems to a feature, beside each other and around a third. No stem holds a blank.
BESIDE: Final = " "
AROUND: Final = " … "

#: Concepts so many tokens apart, or fewer, are about each other.
NEAR: Final = GAPS

#: Longer words are no words.
_LONGEST_WORD: Final = 40
_RUNS: Final = range(2, 7)


class Views(NamedTuple):
    """Features of one text: its words (whose runs of characters count), stems, marks and concepts, each once."""

    words: list[str]
    stems: list[str]
    marks: list[str]
    concepts: list[str]


def views(text: str) -> Views:
    """All views of ``text``, as training sees them; a model finds the same in many texts at once."""
    words = read(fold_text(text[:LONGEST]))
    tokens = tokens_of(words)
    found = signs(np.array([one.says for one in (*tokens, *[GAP] * GAPS)]), np.zeros(len(tokens) + GAPS, np.intp))
    pairs = list(zip(tokens, found.denied.tolist(), strict=False))
    stems = [DENIED * no + one.stem for one, no in pairs if one.stem]
    concepts = [one.concept and DENIED * no + one.concept for one, no in pairs]
    return Views(
        list(dict.fromkeys(part for word in words for part in word.words)),
        list(dict.fromkeys(_combined(stems))),
        [*(MARKS[mark] for mark in found.marks), *summary_marks(found.summaries[0])],
        list(dict.fromkeys(_related(concepts))),
    )


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


def padded(word: str) -> str:
    """A word whose ends show in its runs of characters."""
    return f" {word[:_LONGEST_WORD]} "


def runs_of(word: str) -> tuple[str, ...]:
    """Runs of characters of a word, its ends marked by spaces."""
    text = padded(word)
    return tuple(dict.fromkeys(text[at : at + size] for size in _RUNS for at in range(len(text) - size + 1)))
