"""Words that set these mentions apart from the usual ones.

Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008, "Fightin' Words"), on how many
mentions a word is in: a word repeated in one text counts once.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from models.stopwords import STOP_WORDS
from processors.match.canonical import canonical

_WORD: Final = re.compile(r"[^\W\d_][\w\u200c]*")
_SHORTEST: Final = 2
#: Mentions that a word must be in, and the z-score (95 %, one word at a time) that it must reach.
_FEWEST: Final = 3
_LEAST_Z: Final = 1.96
#: The prior weighs as much as a tenth of all that was read.
_PRIOR: Final = 0.1
MOST_TERMS: Final = 5


def words(text: str) -> frozenset[str]:
    """The folded words of a text that say something; addresses are left out."""
    folded = canonical(text).words.text
    found = (word.replace("\u200c", "") for word in _WORD.findall(folded))
    return frozenset(word for word in found if len(word) >= _SHORTEST and word not in STOP_WORDS)


def telling(now: Sequence[frozenset[str]], usual: Sequence[frozenset[str]], known: Collection[str] = ()) -> list[str]:
    """The words that tell ``now`` from ``usual``, the most telling first; ``known`` ones (the brand's) are left out."""
    here, there = Counter(word for text in now for word in text), Counter(word for text in usual for word in text)
    total_here, total_there = sum(here.values()), sum(there.values())
    strength = _PRIOR * (total_here + total_there)
    scored = []
    for word, count in here.items():
        if count < _FEWEST or word in known:
            continue
        prior = strength * (count + there[word]) / (total_here + total_there)
        odds = _log_odds(count, total_here, prior, strength) - _log_odds(there[word], total_there, prior, strength)
        z = odds / math.sqrt(1 / (count + prior) + 1 / (there[word] + prior))
        # Without anything usual there is nothing to tell from: the commonest words stand for the rest.
        if z >= _LEAST_Z or not total_there:
            scored.append((-z if total_there else -count, word))
    return [word for _, word in sorted(scored)[:MOST_TERMS]]


def _log_odds(count: int, total: int, prior: float, strength: float) -> float:
    return math.log((count + prior) / (total + strength - count - prior))
