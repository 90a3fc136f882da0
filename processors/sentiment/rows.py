"""Which features of its views a model knows in many texts at once: the rows of its tables, as arrays.

Rows count from 1; row 0 is that of nothing, and every text (or word) begins with it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.sentiment.lookup import Ints, Lookup
from processors.sentiment.signs import DENIED, MARKS, Signs, once, summary_marks
from processors.sentiment.views import AROUND, BESIDE, NEAR, padded

_CODE_POINT_BITS: Final = 21
#: No character.
_BEYOND: Final = (1 << _CODE_POINT_BITS) - 1
#: In place of the number of a stem: a sign, which does not stand between stems.
_SIGN: Final = -1
#: Stems of a pair stand so far apart at most.
_FARTHEST: Final = 2


def rows_of(places: Mapping[str, int], features: Sequence[str]) -> list[int]:
    """The rows of the features that are known."""
    return [places[one] + 1 for one in features if one in places]


def in_order(owners: Ints, rows: Ints, texts: int) -> Ints:
    """The rows of each text in their order, after row 0; ``owners`` are the numbers of their texts."""
    order = np.argsort(np.concatenate([np.arange(texts), owners]), kind="stable")
    return np.concatenate([np.zeros(texts, np.intp), rows])[order]


def sums_of(table: NDArray[np.float64], rows: Ints) -> NDArray[np.float64]:
    """The sum of the rows of each text, row 0 beginning one. What else is summed makes no difference to a text."""
    return np.add.reduceat(table[rows], np.flatnonzero(rows == 0), axis=0)


class _Sets:
    """Sets of rows, one per text."""

    def __init__(self, places: Mapping[str, int]) -> None:
        #: Numbers of 16 bits are sorted by their digits, several times faster than by comparing them.
        self._small: Final = np.min_scalar_type(len(places))

    def rows(self, owners: Ints, rows: Ints, texts: int) -> Ints:
        """The rows of each text after row 0, each once, in rising order; ``owners`` are the numbers of their texts."""
        owners, rows = np.concatenate([np.arange(texts), owners]), np.concatenate([np.zeros(texts, np.intp), rows])
        order = np.lexsort((rows.astype(self._small), owners.astype(np.min_scalar_type(texts))))
        owners, rows = owners[order], rows[order]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (rows[1:] != rows[:-1]) | (owners[1:] != owners[:-1])
        return rows[new]


class Runs:
    """The known runs of characters of words, found with a trie: node and next character → node."""

    def __init__(self, places: Mapping[str, int]) -> None:
        nodes = {"": 0}
        for run in places:
            for end in range(1, len(run) + 1):
                nodes.setdefault(run[:end], len(nodes))
        rows = {nodes[run[:-1]] << _CODE_POINT_BITS | ord(run[-1]): node for run, node in nodes.items() if node}
        self._next: Final = Lookup(rows)
        self._rows: Final = np.array([places.get(run, -1) + 1 for run in nodes])
        self._longest: Final = max(map(len, nodes))
        self._sets: Final = _Sets(places)

    def rows(self, words: Sequence[str]) -> Ints:
        """The rows of each word. No run reaches over the two blanks between words."""
        texts = list(map(padded, words))
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.intp)
        codes = np.append(codes, [_BEYOND] * self._longest)
        owners = np.repeat(np.arange(len(texts)), list(map(len, texts)))
        at, nodes = np.arange(len(owners)), np.zeros(len(owners), np.intp)
        of, rows = list[Ints](), list[Ints]()
        for after in range(self._longest):
            nodes = self._next.find(nodes << _CODE_POINT_BITS | codes[at + after])
            alive = np.flatnonzero(nodes)
            at, nodes = at[alive], nodes[alive]
            of.append(owners[at])
            rows.append(self._rows[nodes])
        return self._sets.rows(np.concatenate(of), np.concatenate(rows), len(words))


class Stems:
    """The known stems and pairs of stems; pairs are looked up as numbers, without making a string for every pair."""

    def __init__(self, places: Mapping[str, int]) -> None:
        parts = {feature: _parts(feature) for feature in places}
        stems = dict.fromkeys(chain.from_iterable((first, last) for _, first, last in parts.values()))
        numbers = {one: number for number, one in enumerate(stems, 1)}
        #: Stem → its number and that of the stem denied.
        self.numbers: Final = {"": (_SIGN, _SIGN), **_with_denied(numbers)}
        self._size: Final = len(numbers) + 1
        self._rows: Final = Lookup(
            {
                (step * self._size + numbers[first]) * self._size + numbers[last]: places[feature] + 1
                for feature, (step, first, last) in parts.items()
            }
        )
        self._sets: Final = _Sets(places)

    def rows(self, stems: Ints, owners: Ints, texts: int) -> Ints:
        """The rows of each text, given the number of each token's stem."""
        kept = np.flatnonzero(stems != _SIGN)
        stems, owners = stems[kept], owners[kept]
        keys, of = list[Ints](), list[Ints]()
        for step in range(_FARTHEST + 1):
            first = np.flatnonzero(stems[: len(stems) - step] * stems[step:])
            keys.append((step * self._size + stems[first]) * self._size + stems[first + step])
            of.append(owners[first])
        rows = self._rows.find(np.concatenate(keys))
        known = np.flatnonzero(rows)
        return self._sets.rows(np.concatenate(of)[known], rows[known], texts)


def _parts(feature: str) -> tuple[int, str, str]:
    """How far apart the stems of a pair stand, and the stems; a stem alone is beside itself, no step apart."""
    for step, between in ((_FARTHEST, AROUND), (1, BESIDE)):
        first, found, last = feature.partition(between)
        if found:
            return step, first, last
    return 0, feature, feature


def _with_denied(numbers: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The number of each as it is and of it denied; 0 where it has none."""
    plain = dict.fromkeys(one.removeprefix(DENIED) for one in numbers)
    return {one: (numbers.get(one, 0), numbers.get(DENIED + one, 0)) for one in plain}


class Marks:
    """The known marks."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._rows: Final = np.array([places.get(mark, -1) + 1 for mark in MARKS])
        self._summary: Final = cache(lambda summary: rows_of(places, summary_marks(summary)))

    def rows(self, found: Signs) -> Ints:
        """The rows of each text."""
        rows = self._rows[found.marks]
        known = np.flatnonzero(rows)
        summaries = list(map(self._summary, found.summaries))
        texts = np.arange(len(summaries))
        owners = np.concatenate([found.owners[known], np.repeat(texts, list(map(len, summaries)))])
        return in_order(owners, np.concatenate([rows[known], *summaries]), len(texts))


class Concepts:
    """The known concepts and pairs of them."""

    def __init__(self, places: Mapping[str, int]) -> None:
        names = dict.fromkeys(chain.from_iterable(feature.split(BESIDE) for feature in places))
        numbers = {"": 0, **{one: number for number, one in enumerate(names, 1)}}
        #: Concept → its number and that of the concept denied.
        self.numbers: Final = _with_denied(numbers)
        #: The row of each pair; that of a concept alone is its pair with 0.
        self._near: Final = np.zeros((len(names) + 1, len(names) + 1), np.intp)
        for feature, place in places.items():
            one, _, other = feature.partition(BESIDE)
            pair = numbers[one], numbers[other]
            self._near[pair] = self._near[pair[::-1]] = place + 1

    def rows(self, concepts: Ints, owners: Ints, texts: int) -> Ints:
        """The rows of each text, given the number of each token's concept."""
        at = np.flatnonzero(concepts)
        others = concepts[at[:, np.newaxis] + np.arange(NEAR + 1)]
        others[:, 0] = 0
        rows = self._near[concepts[at, np.newaxis], others]
        told, _ = known = np.nonzero(rows)
        owners, rows = owners[at][told], rows[known]
        first = once(owners * self._near.size + rows)
        return in_order(owners[first], rows[first], texts)
