"""What the words of texts say together: what is denied, opinions with their strength, register and size.

All texts of a batch at once, as arrays of their tokens one after the other. Each text is followed by tokens that say
nothing, so that what looks at a token's neighbours never sees another text (before the first text is what follows the
last one, as negative places are counted from the end).
"""

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.sentiment.lexicon import (
    ASKS,
    COMPARES,
    DENIES,
    DENIES_AFTER,
    DENIES_BEFORE,
    DIMINISHES,
    ENDS,
    EXCLAIMS,
    FORMAL,
    INFORMAL,
    INTENSIFIES,
    LATIN,
    NUMBER,
    PRAISES,
    SUPERLATIVE,
    TONE,
    Token,
    token,
)
from processors.sentiment.lookup import Ints

#: Marks a stem or concept in the scope of a negation.
DENIED: Final = "¬"
#: What follows each text, this many times; nothing looks farther. Its stem is one that no word has.
GAP: Final = Token(" ", " ", " ", ENDS)
GAPS: Final = 3
#: Words of its clause that a negated verb reaches back over, and that a negator such as بدون reaches on over.
_REACH_BACK: Final = 3
_REACH_ON: Final = 2

_ALONE: Final = {
    ASKS: "asks",
    EXCLAIMS: "exclaims",
    FORMAL: "formal",
    INFORMAL: "informal",
    COMPARES: "compares",
    SUPERLATIVE: "superlative",
}
#: What is looked for in a token, in this order.
_LOOKED_FOR: Final = np.array([TONE, *_ALONE])
_TELLING: Final = int(np.bitwise_or.reduce(_LOOKED_FOR))
#: Opinions (praise, strong, weak, denied: a binary digit each), then the marks that need no other token.
MARKS: Final = (
    *(
        f"{'-+'[praise]}1{'!' * strong}{'?' * weak}{DENIED * denied}"
        for praise, strong, weak, denied in product((0, 1), repeat=4)
    ),
    *_ALONE.values(),
)
_OPINIONS: Final = len(MARKS) - len(_ALONE)

_LENGTHS: Final = (3, 6, 10, 15, 20, 30, 45)
_LATIN: Final = (0, 2, 5)
_NUMBERS: Final = (0, 1, 3)
_MOST: Final = 5

#: How far a text leans to praise; its first and last opinion (1, -1 or 0 for none); whether it has both; and how many
#: steps its length, Latin words and numbers pass.
Summary = tuple[int, int, int, bool, int, int, int]


class Signs(NamedTuple):
    """What the tokens of texts say together."""

    #: Whether each token stands in the scope of a negation.
    denied: NDArray[np.bool_]
    #: Marks (places in ``MARKS``) with the number of their text, in their order, each once per text.
    owners: Ints
    marks: Ints
    #: One per text.
    summaries: list[Summary]


def signs(says: Ints, owners: Ints) -> Signs:
    """What tokens say together that say this each; ``owners`` are the numbers of their texts."""
    denied = denials(says)
    at = np.flatnonzero(says & _TELLING)
    no, of = denied[at], owners[at]
    beside = says[at - 2] | says[at - 1] | says[at] | says[at + 1]
    praise, strong, weak = ((says[at] & PRAISES) > 0) ^ no, (beside & INTENSIFIES) > 0, (beside & DIMINISHES) > 0
    told, which = np.nonzero(says[at][:, np.newaxis] & _LOOKED_FOR)
    opinion = praise * 8 + strong * 4 + weak * 2 + no
    marks = np.where(which == 0, opinion[told], _OPINIONS - 1 + which)
    first = once(of[told] * len(MARKS) + marks)
    leaning = told[which == 0]
    tones = np.where(praise, 1, -1) * (1 + strong)
    return Signs(denied, of[told][first], marks[first], _summaries(says, owners, tones[leaning], of[leaning]))


def denials(says: Ints) -> NDArray[np.bool_]:
    """Whether each token stands in the scope of a negation, within its clause; two negations cancel each other."""
    ends = (says & ENDS) > 0
    denies = np.where(ends, 0, says & DENIES)
    denied = np.zeros(len(says), np.bool_)
    for at, steps in (
        (np.flatnonzero(denies & DENIES_BEFORE), range(-1, -_REACH_BACK - 1, -1)),
        (np.flatnonzero(denies == DENIES_AFTER), range(1, _REACH_ON + 1)),
    ):
        reach = at
        for step in steps:
            reach = reach[~ends[reach + step]]
            denied[reach + step] ^= True
    return denied


def negated(tokens: Sequence[str]) -> list[bool]:
    """Whether each token of one text stands in the scope of a negation."""
    says = np.array([one.says for one in (*map(token, tokens), *[GAP] * GAPS)])
    found: list[bool] = denials(says)[: len(tokens)].tolist()
    return found


def once(keys: Ints) -> Ints:
    """Where each key stands first, in order."""
    return np.sort(np.unique(keys, return_index=True)[1])


def _summaries(says: Ints, owners: Ints, tones: Ints, of: Ints) -> list[Summary]:
    """The summary of each text; ``tones`` are its opinions (2 or -2 for strong ones) and ``of`` their texts."""
    count = int(owners[-1]) + 1 if len(owners) else 0
    texts = np.arange(count)
    begins, ends = np.searchsorted(of, texts), np.searchsorted(of, texts, side="right")
    signs = np.append(np.sign(tones), 0)
    first, last = np.where(begins < ends, (signs[begins], signs[ends - 1]), 0)

    def counted(of: Ints, steps: Sequence[int]) -> Ints:
        return np.searchsorted(steps, np.bincount(of, minlength=count))

    both = (np.bincount(of[tones > 0], minlength=count) > 0) & (np.bincount(of[tones < 0], minlength=count) > 0)
    columns = (
        np.minimum(np.maximum(np.bincount(of, tones, count).astype(np.intp), -_MOST), _MOST),
        first,
        last,
        both,
        np.searchsorted(_LENGTHS, np.bincount(owners, minlength=count) - GAPS),
        counted(owners[(says & LATIN) > 0], _LATIN),
        counted(owners[(says & NUMBER) > 0], _NUMBERS),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def summary_marks(summary: Summary) -> tuple[str, ...]:
    """The marks of a text as a whole."""
    leaning, first, last, mixed, *sizes = summary
    steps = zip(("length", "latin", "numbers"), (_LENGTHS, _LATIN, _NUMBERS), sizes, strict=True)
    return (
        *(f"pleased >{step}" for step in range(max(0, leaning))),
        *(f"displeased >{step}" for step in range(max(0, -leaning))),
        f"first{'0+-'[first]} last{'0+-'[last]}",
        f"last{'0+-'[last]}",
        f"mixed{mixed}",
        *(f"{name} >{step}" for name, all_steps, passed in steps for step in all_steps[:passed]),
    )
