"""A trained sentiment model at work. Each text is scored by itself, so scores cannot depend on batches."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.sentiment.views import Views, views

_DECIMALS: Final = 6


class Sentiment(NamedTuple):
    """The likeliest label and the probability of each label; the probabilities add up to 1 before rounding."""

    label: str
    scores: dict[str, float]


class View(NamedTuple):
    """What a model knows of one view: feature → place, and the inverse document frequency at each place."""

    places: Mapping[str, int]
    rarity: NDArray[np.float64]

    def vector(self, features: Iterable[str]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Places and values of the TF-IDF vector (1 + ln tf, Euclidean length 1); unknown features are left out."""
        counts = Counter(place for one in features if (place := self.places.get(one)) is not None)
        places = np.fromiter(counts.keys(), np.intp, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float64, len(counts)))) * self.rarity[places]
        return places, values / math.sqrt(float(values @ values)) if counts else values


class SentimentModel:
    """Multinomial logistic regression over TF-IDF vectors of the views, its logits divided by a temperature.

    ``weights`` holds for each view an array (features of the view, labels). Temperature scaling: Guo et al. 2017,
    "On Calibration of Modern Neural Networks"; it changes no label.
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
        self._views: Final = tuple(zip(views, weights, strict=True))
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
        total = self._intercept.copy()
        for (view, weights), features in zip(self._views, found, strict=True):
            places, values = view.vector(features)
            total += values @ weights[places]
        return total

    def _sentiment(self, logits: NDArray[np.float64]) -> Sentiment:
        cooled = [one / self._temperature for one in logits.tolist()]
        highest = max(cooled)
        powers = [math.exp(one - highest) for one in cooled]
        total = math.fsum(powers)
        scores = {label: round(power / total, _DECIMALS) for label, power in zip(self.labels, powers, strict=True)}
        return Sentiment(self.labels[cooled.index(highest)], scores)
