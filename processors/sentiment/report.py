"""How good a sentiment model is on texts that it had not seen."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import confusion_matrix, f1_score

from processors.sentiment.training import Trained

_BINS: Final = 10


class Report(msgspec.Struct, frozen=True):
    """Cross-validated figures; ``spread`` is the standard deviation over the folds."""

    labels: list[str]
    #: Rows: true labels, columns: given labels.
    confusion: list[list[int]]
    macro_f1: float
    macro_f1_spread: float
    weighted_f1: float
    weighted_f1_spread: float
    #: Expected calibration error of the given label's score, ten bins of equal width.
    calibration_error: float
    log_loss: float


def report(trained: Trained) -> Report:
    """The figures of the texts when they were held out."""
    truth, fold = trained.truth, trained.fold
    given = trained.logits.argmax(axis=1)
    scores = softmax(trained.logits / trained.temperature, axis=1)
    labels = [str(one) for one in trained.fitted.estimator.classes_]
    macro, weighted = ([_f1(truth, given, fold == n, kind) for n in range(fold.max() + 1)] for kind in _KINDS)
    return Report(
        labels=labels,
        confusion=confusion_matrix(truth, given, labels=range(len(labels))).tolist(),
        macro_f1=float(np.mean(macro)),
        macro_f1_spread=float(np.std(macro)),
        weighted_f1=float(np.mean(weighted)),
        weighted_f1_spread=float(np.std(weighted)),
        calibration_error=calibration_error(scores.max(axis=1), given == truth),
        log_loss=float(-np.log(scores[np.arange(len(truth)), truth]).mean()),
    )


_KINDS: Final = ("macro", "weighted")


def _f1(truth: NDArray[np.intp], given: NDArray[np.intp], chosen: NDArray[np.bool_], kind: str) -> float:
    return float(f1_score(truth[chosen], given[chosen], average=kind, zero_division=0.0))


def calibration_error(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean distance of score and share of right answers over bins of equal width, weighted by their size."""
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    filled = [bins == one for one in np.unique(bins)]
    return float(sum(abs(scores[one].mean() - right[one].mean()) * one.mean() for one in filled))
