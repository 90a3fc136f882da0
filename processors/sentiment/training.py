"""Training of the sentiment model: vocabulary, weights and temperature from labelled texts, with cross-validation."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from processors.match.folding import fold
from processors.sentiment.model import SentimentModel, View
from processors.sentiment.views import Views, runs_of, views

_FOLDS: Final = 5
#: Features seen in fewer texts say more about the texts than about the language.
_FEWEST_TEXTS: Final = 2
#: Inverse strength of the L2 penalty; chosen by cross-validation.
_STRENGTH: Final = 2.0
#: How far labels are made to weigh the same however rare they are: 0 not at all, 1 wholly; by cross-validation.
_BALANCE: Final = 0.8
#: Lengths of a text's vectors of runs, stems and concepts, and what each mark counts; by cross-validation.
_LENGTHS: Final = (1.0, 1.2, 0.8)
_MARK: Final = 0.18
_ROUNDS: Final = 300
_HOTTEST: Final = 10.0
_NOT_LETTERS: Final = re.compile(r"\W+")


class Example(NamedTuple):
    """A labelled text; its weight is below 1 when the label is a guess (distant supervision)."""

    text: str
    label: str
    weight: float = 1.0


class Fitted(NamedTuple):
    """A fitted estimator with the views whose vectors it takes, side by side."""

    views: tuple[View, ...]
    estimator: LogisticRegression

    def model(self, temperature: float) -> SentimentModel:
        """The model that scores texts."""
        coefficients = np.asarray(self.estimator.coef_, np.float64)
        intercept = np.asarray(self.estimator.intercept_, np.float64)
        if len(coefficients) == 1:
            coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
            intercept = np.concatenate([np.zeros_like(intercept), intercept])
        ends = np.cumsum([len(view.rarity) for view in self.views])[:-1]
        weights = [np.ascontiguousarray(part.T) for part in np.split(coefficients, ends, axis=1)]
        return SentimentModel(self.estimator.classes_.tolist(), self.views, weights, intercept, temperature)


class Trained(NamedTuple):
    """What training yields; ``truth``, ``logits`` and ``fold`` are those of the texts when they were held out."""

    fitted: Fitted
    temperature: float
    truth: NDArray[np.intp]
    logits: NDArray[np.float64]
    fold: NDArray[np.intp]


def train(examples: Sequence[Example], seed: int) -> Trained:
    """Cross-validate, choose the temperature on the held-out logits, and fit on everything.

    Only examples of full weight are held out and judged; the others help to train every fold.
    Raises ValueError when there are fewer than two labels or a label has fewer than two certain examples.
    """
    sure = [number for number, one in enumerate(examples) if one.weight >= 1]
    folds = _folds([examples[number].label for number in sure])
    found = [views(one.text) for one in examples]
    labels = sorted({one.label for one in examples})
    truth = np.array([labels.index(examples[number].label) for number in sure], np.intp)
    logits = np.zeros((len(sure), len(labels)))
    fold = np.zeros(len(sure), np.intp)
    groups = [_essence(examples[number].text) for number in sure]
    splits = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(truth, truth, groups)
    for number, (_, held) in enumerate(splits):
        out = {sure[place] for place in held}
        rest = [place for place in range(len(examples)) if place not in out]
        model = fit([found[at] for at in rest], [examples[at] for at in rest]).model(1.0)
        logits[held] = model.logits([found[sure[place]] for place in held])
        fold[held] = number
    return Trained(fit(found, examples), _temperature(logits, truth), truth, logits, fold)


def fit(found: Sequence[Views], examples: Sequence[Example]) -> Fitted:
    """Vocabulary and weights from texts whose views are ``found``; rare labels weigh more."""
    runs = [list(chain.from_iterable(map(runs_of, one.words))) for one in found]
    stems, marks = [one.stems for one in found], [one.marks for one in found]
    concepts = [one.concepts for one in found]
    learned = (_view(runs, _LENGTHS[0]), _view(stems, _LENGTHS[1]), _marks(marks), _view(concepts, _LENGTHS[2]))
    matrix = hstack(list(map(_matrix, learned, (runs, stems, marks, concepts)))).tocsr()
    mass: Counter[str] = Counter()
    for one in examples:
        mass[one.label] += one.weight  # type: ignore[assignment]  # counts of weighted texts
    even = len(examples) / len(mass)
    weights = [one.weight * (even / mass[one.label]) ** _BALANCE for one in examples]
    estimator = LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS)
    return Fitted(learned, estimator.fit(matrix, [one.label for one in examples], sample_weight=weights))


def _folds(labels: Sequence[str]) -> int:
    counts = Counter(labels)
    if len(counts) < 2:  # noqa: PLR2004
        raise ValueError(f"needs at least two labels, the examples have {sorted(counts) or 'none'}")
    label, fewest = min(counts.items(), key=lambda item: item[1])
    if fewest < 2:  # noqa: PLR2004
        raise ValueError(f"needs at least two examples of each label, {label!r} has one")
    return min(_FOLDS, fewest)


def _view(texts: Sequence[Sequence[str]], length: float) -> View:
    """Features in enough texts, with their smoothed inverse document frequency (as in scikit-learn)."""
    frequency, kept = _frequent(texts)
    rarity = [math.log((1 + len(texts)) / (1 + frequency[feature])) + 1 for feature in kept]
    return View({feature: place for place, feature in enumerate(kept)}, np.array(rarity, np.float64), length)


def _marks(texts: Sequence[Sequence[str]]) -> View:
    """Marks count the same whatever else a text has."""
    _, kept = _frequent(texts)
    return View({feature: place for place, feature in enumerate(kept)}, np.full(len(kept), _MARK), None)


def _frequent(texts: Sequence[Sequence[str]]) -> tuple[Counter[str], list[str]]:
    frequency = Counter(chain.from_iterable(map(dict.fromkeys, texts)))
    return frequency, sorted(feature for feature, count in frequency.items() if count >= _FEWEST_TEXTS)


def _matrix(view: View, texts: Sequence[Sequence[str]]) -> csr_matrix:
    places = [view.find(text) for text in texts]
    ends = np.cumsum([0, *map(len, places)])
    values = np.concatenate([view.rarity[one] * view.scale(one) for one in places])
    return csr_matrix((values, np.concatenate(places), ends), shape=(len(texts), len(view.rarity)))


def _essence(text: str) -> str:
    """What near copies share: the letters."""
    return _NOT_LETTERS.sub("", fold(text).text)


def _temperature(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """The temperature with the least log loss."""

    def loss(temperature: float) -> float:
        return -float(log_softmax(logits / temperature, axis=1)[np.arange(len(truth)), truth].mean())

    return float(minimize_scalar(loss, bounds=(1 / _HOTTEST, _HOTTEST), method="bounded").x)
