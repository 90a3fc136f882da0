"""Words that everybody uses, from the list that hazm brings: a brand named by one of them has other readings."""

from functools import cache
from importlib.resources import files
from typing import Final

from processors.relevance.features import keyword_of

#: How often a word must stand in the corpus behind hazm's list (its second column) to count as common.
_OFTEN: Final = 5_000


def is_common(word: str) -> bool:
    """Whether ``word``, in canonical letters without separators, is common."""
    return word in _common_words()


@cache
def _common_words() -> frozenset[str]:
    lines = (files("hazm") / "data" / "words.dat").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    often = (row[0] for row in rows if len(row) > 1 and row[1].isdigit() and int(row[1]) >= _OFTEN)
    return frozenset(keyword_of(word, ((0, len(word)),)) for word in often)
