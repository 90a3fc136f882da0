"""A trained sentiment model at work. Each text is scored by itself, so scores cannot depend on batches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, count
from typing import Final, NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation
from numpy.typing import NDArray

from processors.match.folding import fold_text
from processors.sentiment.tokens import LONGEST, Word, read
from processors.sentiment.views import AROUND, BESIDE, NEAR, Traits, Views, padded, traits

_DECIMALS: Final = 6
#: Rows of fewer than this are of one feature at most, and no feature comes twice.
_FEW: Final = 3
#: Words whose places are remembered.
_REMEMBERED: Final = 1 << 16


class Sentiment(NamedTuple):
    """The likeliest label and the probability of each label; the probabilities add up to 1 before rounding."""

    label: str
    scores: dict[str, float]


class View(NamedTuple):
    """What a model knows of one view: feature → place, and at each place how much the feature counts.

    ``length`` is the Euclidean length that the vector of a text is given; None leaves it as it is.
    """

    places: Mapping[str, int]
    rarity: NDArray[np.float64]
    length: float | None

    def find(self, features: Iterable[str]) -> NDArray[np.intp]:
        """The places of those that are known."""
        return np.array([place for one in features if (place := self.places.get(one)) is not None], np.intp)

    def scale(self, places: NDArray[np.intp]) -> float:
        """What the values at these places are multiplied by."""
        if self.length is None or not len(places):
            return 1.0
        found = self.rarity[places]
        return self.length / math.sqrt(float(found @ found))


class _Rows:
    """A view with the weights (features of the view, labels) that a text's values meet.

    ``table``: at each place plus one what its feature adds to each logit, and the square of its value; at 0 nothing.
    """

    def __init__(self, view: View, weights: NDArray[np.float64]) -> None:
        self._places: Final = view.places
        self._length: Final = view.length
        values = view.rarity[:, np.newaxis]
        rows = np.hstack([weights * values, values * values])
        self.table: Final = np.vstack([np.zeros((1, rows.shape[1])), rows])

    def find(self, features: Iterable[str]) -> list[int]:
        """The rows of the features that are known."""
        places = self._places
        return [places[one] + 1 for one in features if one in places]

    def logits(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the features of texts add to the logits, given the sums of their rows."""
        logits, squares = sums[:, :-1], sums[:, -1:]
        if self._length is None:
            return logits
        return logits * (self._length / np.sqrt(np.where(squares > 0, squares, 1.0)))


def _sums(table: NDArray[np.float64], texts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The sum of the rows of each text, none of which is empty. What else is summed makes no difference to a text."""
    starts = list(accumulate(map(len, texts[:-1]), initial=0))
    return np.add.reduceat(table[np.fromiter(chain.from_iterable(texts), np.intp)], starts, axis=0)


class _Memory:
    """Sums of rows by number; number 0 is that of nothing. Rows are written before their word is known, each once."""

    def __init__(self, size: int) -> None:
        self.known: Final[dict[str, int]] = {}
        self.table: Final = np.zeros((_REMEMBERED, size))
        self.numbers: Final = count(1)


class _Words:
    """Words → the sum of the rows of their runs of characters; worked out once, the new ones of a batch in one pass."""

    def __init__(self, runs: _Rows, places: Mapping[str, int]) -> None:
        self._find: Final = AhoCorasick(
            list(places), implementation=Implementation.ContiguousNFA
        ).find_matches_as_indexes
        self._rows: Final = np.fromiter(places.values(), np.intp, len(places)) + 1
        self._runs: Final = runs.table
        self._memory = _Memory(runs.table.shape[1])

    def sums(self, texts: Iterable[Iterable[str]]) -> NDArray[np.float64]:
        """The sum over the words of each text."""
        memory, new = self._memory, dict[str, int]()
        known, fresh = memory.known.get, new.get

        def numbered(word: str) -> int:
            new[word] = next(memory.numbers)
            return new[word]

        numbers = [[0, *[known(word) or fresh(word) or numbered(word) for word in words]] for words in texts]
        return _sums(self._with(new, memory) if new else memory.table, numbers)

    def _with(self, new: Mapping[str, int], memory: _Memory) -> NDArray[np.float64]:
        """The table with new words at their numbers. Where the memory has no room for them, the next one is empty."""
        table, numbers = memory.table, list(new.values())
        rows = self._learn([padded(word) for word in new])
        if (last := max(numbers)) < _REMEMBERED:
            table[numbers] = rows
            memory.known.update(new)
            return table
        self._memory = _Memory(table.shape[1])
        table = np.vstack([table, np.zeros((last + 1 - _REMEMBERED, table.shape[1]))])
        table[numbers] = rows
        return table

    def _learn(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The sum of the known runs of each word, each run once; no run reaches over the two blanks between words."""
        found = self._find("".join(words), overlapping=True)
        runs, starts, _ = np.fromiter(chain.from_iterable(found), np.intp, 3 * len(found)).reshape(-1, 3).T
        begins = list(accumulate(map(len, words[:-1]), initial=0))
        size, first = len(self._runs), np.arange(len(words))
        owners = np.searchsorted(begins, starts, side="right") - 1
        # Every word has row 0, which is that of nothing, so that it has one at all.
        owners, rows = np.divmod(np.unique(np.concatenate([first * size, owners * size + self._rows[runs]])), size)
        return np.add.reduceat(self._runs[rows], np.searchsorted(owners, first), axis=0)


class _Stem(NamedTuple):
    """What a model knows of a stem: the rows of the stem, of its pairs by the next stem, and by the next but one.

    Row 0 is that of a stem which is known in pairs only.
    """

    alone: int
    beside: Mapping[str, int]
    around: Mapping[str, int]


class _Stems:
    """The features of the view of stems, found without making a string for every pair."""

    def __init__(self, places: Mapping[str, int]) -> None:
        beside: dict[str, dict[str, int]] = {}
        around: dict[str, dict[str, int]] = {}
        for feature, place in places.items():
            for between, pairs in ((AROUND, around), (BESIDE, beside)):
                first, found, last = feature.partition(between)
                if found:
                    pairs.setdefault(first, {})[last] = place + 1
                    break
        firsts = {*places, *beside, *around}
        self._stems: Final = {
            one: _Stem(places.get(one, -1) + 1, beside.get(one, {}), around.get(one, {}))
            for one in firsts
            if BESIDE not in one
        }

    def rows(self, stems: Sequence[str]) -> set[int]:
        """The rows of the known features of a text with these stems, in this order."""
        found: set[int] = set()
        after = [*stems[1:], "", ""]
        for entry, second, third in zip(map(self._stems.get, stems), after, after[1:], strict=False):
            if entry is not None:
                alone, beside, around = entry
                found.add(alone)
                if second in beside:
                    found.add(beside[second])
                if third in around:
                    found.add(around[third])
        found.discard(0)
        return found


class _Concept(NamedTuple):
    """What a model knows of a concept: its row, 0 where it is known in pairs only, and those of pairs by the other."""

    alone: int
    near: Mapping[str, int]


class _Concepts:
    """The features of the view of concepts, found without making a string for every pair."""

    def __init__(self, places: Mapping[str, int]) -> None:
        near: dict[str, dict[str, int]] = {}
        for feature, place in places.items():
            one, found, other = feature.partition(BESIDE)
            if found:
                near.setdefault(one, {})[other] = near.setdefault(other, {})[one] = place + 1
        singles = {one for one in places if BESIDE not in one}
        self._concepts: Final = {
            one: _Concept(places.get(one, -1) + 1, near.get(one, {})) for one in singles | near.keys()
        }

    def rows(self, concepts: Sequence[str]) -> list[int]:
        """Row 0 and those of the known features of a text whose tokens have these concepts, empty ones being none."""
        found = [0]
        known = self._concepts
        for after, one in enumerate(concepts, 1):
            if one and one in known:
                alone, near = known[one]
                found.append(alone)
                found += [near[other] for other in concepts[after : after + NEAR] if other in near]
        return found if len(found) < _FEW else list(dict.fromkeys(found))


class _Summaries(dict[tuple[str, ...], list[int]]):
    """Marks of a text as a whole → their rows."""

    def __init__(self, marks: _Rows) -> None:
        super().__init__()
        self._marks = marks

    def __missing__(self, summary: tuple[str, ...]) -> list[int]:
        known = self[summary] = self._marks.find(summary)
        return known


class SentimentModel:
    """Multinomial logistic regression over the views, its logits divided by a temperature.

    ``weights`` holds for each view (runs, stems, marks, concepts) an array (features of the view, labels). Temperature
    scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks"; it changes no label.
    """

    def __init__(
        self,
        labels: Sequence[str],
        views: Sequence[View],
        weights: Sequence[NDArray[np.float64]],
        intercept: NDArray[np.float64],
        temperature: float,
    ) -> None:
        self.labels: Final = tuple(labels)
        self._runs, self._stems, self._marks, self._concepts = map(_Rows, views, weights)
        self._words: Final = _Words(self._runs, views[0].places)
        self._stem_rows: Final = _Stems(views[1].places).rows
        self._concept_rows: Final = _Concepts(views[3].places).rows
        self._summaries: Final = _Summaries(self._marks)
        self._intercept: Final = intercept
        self._temperature: Final = temperature

    def score(self, text: str) -> Sentiment:
        """The sentiment of one text."""
        return self.batch([text])[0]

    def batch(self, texts: Iterable[str]) -> list[Sentiment]:
        """The sentiment of each text, exactly as ``score`` gives it."""
        return self.score_read([read(fold_text(text[:LONGEST])) for text in texts])

    def score_read(self, texts: Sequence[Sequence[Word]]) -> list[Sentiment]:
        """The sentiment of each text that has been read, of at most ``LONGEST`` code points."""
        return list(map(self._sentiment, self.trait_logits(list(map(traits, texts)))))

    def logits(self, found: Sequence[Views]) -> list[list[float]]:
        """Of each text one number per label, before the temperature."""
        stems = [[0, *sorted(self._stems.find(one.stems))] for one in found]
        marks = [[0, *self._marks.find(one.marks)] for one in found]
        concepts = [[0, *self._concepts.find(one.concepts)] for one in found]
        return self._logits([one.words for one in found], stems, marks, concepts)

    def trait_logits(self, found: Sequence[Traits]) -> list[list[float]]:
        """The same of the traits of texts, bit for bit."""
        stems = [[0, *sorted(self._stem_rows(one.stems))] for one in found]
        marks = [[0, *self._marks.find(one.marks), *self._summaries[one.summary]] for one in found]
        concepts = [self._concept_rows(one.concepts) for one in found]
        return self._logits([one.words for one in found], stems, marks, concepts)

    def _logits(
        self,
        words: Sequence[Iterable[str]],
        stems: Sequence[Sequence[int]],
        marks: Sequence[Sequence[int]],
        concepts: Sequence[Sequence[int]],
    ) -> list[list[float]]:
        if not words:
            return []
        logits: NDArray[np.float64] = (
            self._runs.logits(self._words.sums(words))
            + self._stems.logits(_sums(self._stems.table, stems))
            + self._marks.logits(_sums(self._marks.table, marks))
            + self._concepts.logits(_sums(self._concepts.table, concepts))
            + self._intercept
        )
        found: list[list[float]] = logits.tolist()
        return found

    def _sentiment(self, logits: Sequence[float]) -> Sentiment:
        cooled = [one / self._temperature for one in logits]
        highest = max(cooled)
        powers = [math.exp(one - highest) for one in cooled]
        total = math.fsum(powers)
        scores = {label: round(power / total, _DECIMALS) for label, power in zip(self.labels, powers, strict=True)}
        return Sentiment(self.labels[cooled.index(highest)], scores)
