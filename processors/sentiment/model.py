"""A trained sentiment model at work. Each text is scored by itself, so scores cannot depend on batches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation
from numpy.typing import NDArray

from processors.match.folding import fold_text
from processors.sentiment.tokens import LONGEST, Word, read
from processors.sentiment.views import AROUND, BESIDE, Traits, Views, padded, traits

_DECIMALS: Final = 6
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


class _Weighted:
    """A view with the weights (features of the view, labels) that a text's values meet."""

    def __init__(self, view: View, weights: NDArray[np.float64]) -> None:
        self._place: Final = view.places.get
        self._length: Final = view.length
        values = view.rarity[:, np.newaxis]
        #: What the feature at each place adds to each logit, and the square of its value.
        self._rows: Final = list(map(tuple, np.hstack([weights * values, values * values]).tolist()))

    def rows(self, features: Iterable[str]) -> list[tuple[float, ...]]:
        """The rows of the features that are known."""
        place = self._place
        return [self._rows[known] for one in features if (known := place(one)) is not None]

    def rows_at(self, places: Iterable[int]) -> list[tuple[float, ...]]:
        """The rows at these places."""
        return list(map(self._rows.__getitem__, places))

    def logits(self, rows: Sequence[tuple[float, ...]]) -> list[float]:
        """What the features of a text add to the logits: nothing at all (an empty list) when there are none.

        Sums are exact, so that the order of the features does not show.
        """
        if not rows:
            return []
        *logits, squares = map(math.fsum, zip(*rows, strict=True))
        if self._length is None or not squares:
            return logits
        scale = self._length / math.sqrt(squares)
        return [one * scale for one in logits]


class _Runs(dict[str, tuple[float, ...]]):
    """Word → the sum of the rows of its runs of characters; worked out once, all known runs found in one pass."""

    def __init__(self, places: Mapping[str, int], rows: "_Weighted", labels: int) -> None:
        super().__init__()
        self._find = AhoCorasick(list(places), implementation=Implementation.ContiguousNFA).find_matches_as_indexes
        self._places = tuple(places.values())
        self._rows = rows
        self._nothing = (0.0,) * (labels + 1)

    def __missing__(self, word: str) -> tuple[float, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = {run for run, _, _ in self._find(padded(word), overlapping=True)}
        rows = self._rows.rows_at([self._places[run] for run in found])
        known = self[word] = tuple(map(math.fsum, zip(self._nothing, *rows, strict=True)))
        return known


class _Stem(NamedTuple):
    """What a model knows of a stem: the places of the stem, of its pairs by the next stem, and by the next but one."""

    alone: int | None
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
                    pairs.setdefault(first, {})[last] = place
                    break
        firsts = {*places, *beside, *around}
        self._stems: Final = {
            one: _Stem(places.get(one), beside.get(one, {}), around.get(one, {})) for one in firsts if BESIDE not in one
        }

    def places(self, stems: Sequence[str]) -> set[int]:
        """The places of the known features of a text with these stems, in this order."""
        found: set[int | None] = set()
        after = [*stems[1:], "", ""]
        for entry, second, third in zip(map(self._stems.get, stems), after, after[1:], strict=False):
            if entry is not None:
                alone, beside, around = entry
                found.add(alone)
                if second in beside:
                    found.add(beside[second])
                if third in around:
                    found.add(around[third])
        found.discard(None)
        return found  # type: ignore[return-value]  # None is gone


class _Summaries(dict[tuple[str, ...], list[tuple[float, ...]]]):
    """Marks of a text as a whole → their rows."""

    def __init__(self, marks: _Weighted) -> None:
        super().__init__()
        self._marks = marks

    def __missing__(self, summary: tuple[str, ...]) -> list[tuple[float, ...]]:
        known = self[summary] = self._marks.rows(summary)
        return known


class SentimentModel:
    """Multinomial logistic regression over the views, its logits divided by a temperature.

    ``weights`` holds for each view (runs, stems, marks) an array (features of the view, labels). Temperature scaling:
    Guo et al. 2017, "On Calibration of Modern Neural Networks"; it changes no label.
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
        self._runs, self._stems, self._marks = map(_Weighted, views, weights)
        self._runs_of: Final = _Runs(views[0].places, self._runs, len(self.labels))
        self._stem_places: Final = _Stems(views[1].places).places
        self._summaries: Final = _Summaries(self._marks)
        self._intercept: Final = intercept.tolist()
        self._temperature: Final = temperature

    def score(self, text: str) -> Sentiment:
        """The sentiment of one text."""
        return self.score_read(read(fold_text(text[:LONGEST])))

    def score_read(self, words: Sequence[Word]) -> Sentiment:
        """The sentiment of a text that has been read, of at most ``LONGEST`` code points."""
        return self._sentiment(self.trait_logits(traits(words)))

    def batch(self, texts: Iterable[str]) -> list[Sentiment]:
        """The sentiment of each text, exactly as ``score`` gives it."""
        return [self.score(text) for text in texts]

    def logits(self, found: Views) -> list[float]:
        """One number per label, before the temperature."""
        return self._logits(found.words, self._stems.rows(found.stems), self._marks.rows(found.marks))

    def trait_logits(self, found: Traits) -> list[float]:
        """The same of the traits of a text, bit for bit."""
        marks = [*self._marks.rows(found.marks), *self._summaries[found.summary]]
        return self._logits(found.words, self._stems.rows_at(self._stem_places(found.stems)), marks)

    def _logits(
        self, words: Iterable[str], stems: Sequence[tuple[float, ...]], marks: Sequence[tuple[float, ...]]
    ) -> list[float]:
        runs = self._runs.logits(list(map(self._runs_of.__getitem__, words)))
        parts = (runs, self._stems.logits(stems), self._marks.logits(marks))
        return list(map(math.fsum, zip(self._intercept, *filter(None, parts), strict=True)))

    def _sentiment(self, logits: Sequence[float]) -> Sentiment:
        cooled = [one / self._temperature for one in logits]
        highest = max(cooled)
        powers = [math.exp(one - highest) for one in cooled]
        total = math.fsum(powers)
        scores = {label: round(power / total, _DECIMALS) for label, power in zip(self.labels, powers, strict=True)}
        return Sentiment(self.labels[cooled.index(highest)], scores)
