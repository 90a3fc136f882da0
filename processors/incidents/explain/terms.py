"""Words that set these mentions apart from the usual ones.

Log-odds with a Dirichlet prior (Monroe, Colaresi, Quinn 2008, "Fightin' Words", with Jeffreys' ½ a word), on how many
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
#: Mentions that a word must be in, and the z-score that it must reach: 95 %, one-sided, one word at a time.
_FEWEST: Final = 3
_LEAST_Z: Final = 1.645
#: What is added to every count: a word never used so far is rare, not impossible.
_PRIOR: Final = 0.5
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
    strength = _PRIOR * len(here.keys() | there.keys())
    scored = []
    for word, count in here.items():
        if count < _FEWEST or word in known:
            continue
        odds = _log_odds(count, total_here, strength) - _log_odds(there[word], total_there, strength)
        z = odds / math.sqrt(1 / (count + _PRIOR) + 1 / (there[word] + _PRIOR))
        # Without anything usual there is nothing to tell from: the commonest words stand for the rest.
        if z >= _LEAST_Z or not total_there:
            scored.append((-z if total_there else -count, word))
    return [word for _, word in sorted(scored)[:MOST_TERMS]]


def _log_odds(count: int, total: int, strength: float) -> float:
    return math.log((count + _PRIOR) / (total + strength - count - _PRIOR))
