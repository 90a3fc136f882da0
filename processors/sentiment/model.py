"""A trained sentiment model at work. Each text is scored by itself, so scores cannot depend on batches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.match.folding import fold_text
from processors.sentiment.lookup import Ints
from processors.sentiment.pieces import Pieces
from processors.sentiment.rows import Concepts, Marks, Stems, in_order, rows_of, sums_of
from processors.sentiment.signs import once, signs
from processors.sentiment.tokens import LONGEST, Word, read
from processors.sentiment.views import Views

_DECIMALS: Final = 6


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


class _Table:
    """A view with the weights (features of the view, labels) that a text's values meet.

    ``rows``: at each place plus one what its feature adds to each logit, and the square of its value; at 0 nothing.
    """

    def __init__(self, view: View, weights: NDArray[np.float64]) -> None:
        self._length: Final = view.length
        values = view.rarity[:, np.newaxis]
        rows = np.hstack([weights * values, values * values])
        self.rows: Final = np.vstack([np.zeros((1, rows.shape[1])), rows])

    def scaled(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the features of texts add to the logits, given the sums of their rows."""
        logits, squares = sums[:, :-1], sums[:, -1:]
        if self._length is None:
            return logits
        return logits * (self._length / np.sqrt(np.where(squares > 0, squares, 1.0)))


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
        self._places: Final = [view.places for view in views]
        runs, stems, marks, concepts = self._places
        self._tables: Final = list(map(_Table, views, weights))
        self._stems: Final = Stems(stems)
        self._marks: Final = Marks(marks)
        self._concepts: Final = Concepts(concepts)
        self._pieces: Final = Pieces(runs, self._tables[0].rows, self._stems, self._concepts)
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
        return list(map(self._sentiment, self.logits_read(texts)))

    def logits(self, found: Sequence[Views]) -> list[list[float]]:
        """Of each text one number per label, before the temperature."""
        if not found:
            return []
        _, stems, marks, concepts = self._places
        sums = self._pieces.sums([word for one in found for word in one.words])
        places = count(1)
        rows = (
            [row for one in found for row in (0, *islice(places, len(one.words)))],
            [row for one in found for row in (0, *sorted(rows_of(stems, one.stems)))],
            [row for one in found for row in (0, *rows_of(marks, one.marks))],
            [row for one in found for row in (0, *rows_of(concepts, one.concepts))],
        )
        return self._logits(sums, *map(np.array, rows))

    def logits_read(self, texts: Sequence[Sequence[Word]]) -> list[list[float]]:
        """The same of texts that have been read, bit for bit."""
        if not texts:
            return []
        found = self._pieces.texts(texts)
        said = signs(found.says, found.owners)
        at = np.flatnonzero(found.words > 0)
        at = at[once(found.owners[at] << 32 | found.words[at])]
        return self._logits(
            found.sums,
            in_order(found.owners[at], at + 1, len(texts)),
            self._stems.rows(np.where(said.denied, found.denied_stems, found.stems), found.owners, len(texts)),
            self._marks.rows(said),
            self._concepts.rows(np.where(said.denied, found.denied_concepts, found.concepts), found.owners, len(texts)),
        )

    def _logits(self, sums: NDArray[np.float64], *rows: Ints) -> list[list[float]]:
        """The logits, given sums of words, and of each text the rows of these and of the other views' tables."""
        nothing = np.zeros_like(sums, shape=(1, sums.shape[1]))
        tables = (np.concatenate([nothing, sums]), *(one.rows for one in self._tables[1:]))
        parts = [view.scaled(sums_of(table, its)) for view, table, its in zip(self._tables, tables, rows, strict=True)]
        found: list[list[float]] = (sum(parts[1:], parts[0]) + self._intercept).tolist()
        return found

    def _sentiment(self, logits: Sequence[float]) -> Sentiment:
        cooled = [one / self._temperature for one in logits]
        highest = max(cooled)
        powers = [math.exp(one - highest) for one in cooled]
        total = math.fsum(powers)
        scores = {label: round(power / total, _DECIMALS) for label, power in zip(self.labels, powers, strict=True)}
        return Sentiment(self.labels[cooled.index(highest)], scores)
