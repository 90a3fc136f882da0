"""A trained sentiment model at work. Each text is scored by itself, so scores cannot depend on batches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.sentiment.views import Views, runs_of, views

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


class Weighted(NamedTuple):
    """A view with the weights (features of the view, labels) that a text's values meet."""

    view: View
    weights: NDArray[np.float64]

    def logits(self, places: NDArray[np.intp]) -> NDArray[np.float64]:
        """What the features at these places add to the logits."""
        total: NDArray[np.float64] = self.weights.take(places, axis=0).sum(axis=0) * self.view.scale(places)
        return total


class _Runs(dict[str, tuple[float, ...]]):
    """Word → what its runs of characters add to each logit, and the square of their length; worked out once."""

    def __init__(self, runs: Weighted) -> None:
        super().__init__()
        self._runs = runs

    def __missing__(self, word: str) -> tuple[float, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        view = self._runs.view
        places = view.find(runs_of(word))
        found = view.rarity[places]
        logits = self._runs.weights.take(places, axis=0).sum(axis=0)
        known = self[word] = (*logits.tolist(), float(found @ found))
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
        self._runs, self._stems, self._marks = (
            Weighted(view, np.ascontiguousarray(part * view.rarity[:, None]))
            for view, part in zip(views, weights, strict=True)
        )
        self._runs_of: Final = _Runs(self._runs)
        self._intercept: Final = intercept
        self._temperature: Final = temperature

    def score(self, text: str) -> Sentiment:
        """The sentiment of one text."""
        return self._sentiment(self.logits(views(text)))

    def batch(self, texts: Iterable[str]) -> list[Sentiment]:
        """The sentiment of each text, exactly as ``score`` gives it."""
        return [self.score(text) for text in texts]

    def logits(self, found: Views) -> NDArray[np.float64]:
        """One number per label, before the temperature."""
        return (
            self._intercept
            + self._of_words(found.words)
            + self._stems.logits(self._stems.view.find(found.stems))
            + self._marks.logits(self._marks.view.find(found.marks))
        )

    def _of_words(self, words: Sequence[str]) -> NDArray[np.float64]:
        """``Weighted.logits`` of the runs of all words, from what is known of each word."""
        *logits, squares = map(math.fsum, zip(*map(self._runs_of.__getitem__, words), strict=True)) if words else (0.0,)
        length = self._runs.view.length
        return np.array(logits or [0.0] * len(self.labels)) * (length / math.sqrt(squares) if length and squares else 1)

    def _sentiment(self, logits: NDArray[np.float64]) -> Sentiment:
        cooled = [one / self._temperature for one in logits.tolist()]
        highest = max(cooled)
        powers = [math.exp(one - highest) for one in cooled]
        total = math.fsum(powers)
        scores = {label: round(power / total, _DECIMALS) for label, power in zip(self.labels, powers, strict=True)}
        return Sentiment(self.labels[cooled.index(highest)], scores)
