"""Training of the relevance model, judged on texts and on keywords that it had not seen."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from processors.match.folding import fold
from processors.relevance.features import Profile, Spans, keyword_of
from processors.relevance.model import RelevanceModel, vector
from processors.sentiment.report import calibration_error

#: Inverse strength of the L2 penalty; chosen by cross-validation among 0.01 … 1.
_STRENGTH: Final = 0.05
_FOLDS: Final = 8
_ROUNDS: Final = 300
_HOTTEST: Final = 10.0
_HALF: Final = 0.5
_ADDRESS: Final = re.compile(r"https?://\S+|@\w+|\W+")


class Example(NamedTuple):
    """A judged text; those of weight below 1 help to train and are never held out."""

    text: str
    spans: Spans
    of: Profile
    relevant: bool
    weight: float = 1.0


class Report(Struct, frozen=True):
    """Figures on held-out texts.

    ``unseen_keywords``: macro-F1 when the text's keyword was held out altogether, None when there is one keyword only.
    """

    #: Rows: true (not relevant, relevant), columns: given.
    confusion: list[list[int]]
    macro_f1: float
    macro_f1_spread: float
    majority_macro_f1: float
    unseen_keywords: float | None
    calibration_error: float


class Fitted(NamedTuple):
    """A fitted estimator and the hash of the feature in each of its columns."""

    hashes: NDArray[np.uint32]
    estimator: LogisticRegression

    def model(self, temperature: float) -> RelevanceModel:
        """The model that scores texts."""
        weights = zip(self.hashes.tolist(), self.estimator.coef_[0].tolist(), strict=True)
        return RelevanceModel(dict(weights), float(self.estimator.intercept_[0]), temperature)


class Trained(NamedTuple):
    """What training yields."""

    fitted: Fitted
    temperature: float
    report: Report


def train(examples: Sequence[Example], seed: int) -> Trained:
    """Cross-validate (near copies of a text stay in one fold), choose the temperature, fit on everything.

    Raises ValueError when either verdict has fewer than two examples of full weight.
    """
    sure = [number for number, one in enumerate(examples) if one.weight >= 1]
    truth = np.array([examples[number].relevant for number in sure], np.bool_)
    fewest = int(min(truth.sum(), (~truth).sum())) if sure else 0
    if fewest < 2:  # noqa: PLR2004
        raise ValueError(f"needs at least two examples of each verdict, it has {fewest} of one")
    vectors = [vector(one.text, one.spans, one.of) for one in examples]
    held_out = _HeldOut(examples, vectors, sure)
    folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    groups = [_essence(examples[number].text) for number in sure]
    fold = np.zeros(len(sure), np.intp)
    for number, (_, held) in enumerate(folds.split(truth, truth, groups)):
        fold[held] = number
    logits = held_out.logits(fold)
    keywords = [keyword_of(examples[number].text, examples[number].spans) for number in sure]
    unseen = held_out.logits(np.unique(keywords, return_inverse=True)[1]) if len(set(keywords)) > 1 else None
    temperature = _temperature(logits, truth)
    figures = _report(logits, unseen, truth, fold, temperature)
    return Trained(_fit(examples, vectors), temperature, figures)


def _essence(text: str) -> str:
    return _ADDRESS.sub("", fold(text).text)


class _HeldOut(NamedTuple):
    examples: Sequence[Example]
    vectors: Sequence[dict[int, float]]
    sure: Sequence[int]

    def logits(self, fold: NDArray[np.intp]) -> NDArray[np.float64]:
        """The logit of each sure example by a model that has seen none of its fold."""
        found = np.zeros(len(self.sure))
        for number in np.unique(fold):
            held = np.flatnonzero(fold == number)
            places = held.tolist()
            out = {self.sure[place] for place in places}
            rest = [place for place in range(len(self.examples)) if place not in out]
            if len({self.examples[place].relevant for place in rest}) < 2:  # noqa: PLR2004
                continue
            fitted = _fit([self.examples[at] for at in rest], [self.vectors[at] for at in rest])
            found[held] = fitted.estimator.decision_function(
                _matrix([self.vectors[self.sure[place]] for place in places], fitted.hashes)
            )
        return found


def _fit(examples: Sequence[Example], vectors: Sequence[dict[int, float]]) -> Fitted:
    hashes = np.array(sorted(set().union(*vectors)), np.uint32)
    truth = [one.relevant for one in examples]
    weights = np.array([one.weight for one in examples])
    estimator = LogisticRegression(C=_STRENGTH, class_weight="balanced", solver="liblinear", max_iter=_ROUNDS)
    return Fitted(hashes, estimator.fit(_matrix(vectors, hashes), truth, sample_weight=weights))


def _matrix(vectors: Iterable[dict[int, float]], hashes: NDArray[np.uint32]) -> csr_matrix:
    column = {one: place for place, one in enumerate(hashes.tolist())}
    rows = [[(column[one], value) for one, value in vector.items() if one in column] for vector in vectors]
    ends = np.cumsum([0, *map(len, rows)])
    flat = [pair for row in rows for pair in row]
    return csr_matrix(
        ([value for _, value in flat], [place for place, _ in flat], ends), shape=(len(rows), len(hashes))
    )


def _temperature(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The temperature with the least log loss; it changes no verdict."""
    signed = np.where(truth, logits, -logits)
    loss: Callable[[float], float] = lambda temperature: float(np.logaddexp(0, -signed / temperature).mean())  # noqa: E731
    return float(minimize_scalar(loss, bounds=(1 / _HOTTEST, _HOTTEST), method="bounded").x)


def _report(
    logits: NDArray[np.float64],
    unseen: NDArray[np.float64] | None,
    truth: NDArray[np.bool_],
    fold: NDArray[np.intp],
    temperature: float,
) -> Report:
    given = logits >= 0
    scores = expit(logits / temperature)
    by_fold = [_macro(truth[fold == number], given[fold == number]) for number in np.unique(fold)]
    return Report(
        confusion=confusion_matrix(truth, given, labels=[False, True]).tolist(),
        macro_f1=_macro(truth, given),
        macro_f1_spread=float(np.std(by_fold)),
        majority_macro_f1=_macro(truth, np.full_like(truth, truth.mean() >= _HALF)),
        unseen_keywords=None if unseen is None else _macro(truth, unseen >= 0),
        calibration_error=calibration_error(np.maximum(scores, 1 - scores), given == truth),
    )


def _macro(truth: NDArray[np.bool_], given: NDArray[np.bool_]) -> float:
    return float(f1_score(truth, given, average="macro", zero_division=0.0))
