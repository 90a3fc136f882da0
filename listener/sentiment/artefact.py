"""Sentiment artefacts: one skops file with the estimator, its views, and where it comes from."""

from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from skops.io import dumps, loads
from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

from listener.errors import UsageProblem
from processors.sentiment import SentimentModel, View
from processors.sentiment.report import Report
from processors.sentiment.training import Fitted
from processors.sentiment.views import VIEWS_VERSION

_FORMAT: Final = "listener-sentiment/1"
_LIBRARIES: Final = ("scikit-learn", "numpy", "scipy", "skops")
#: Zip's deflate.
_DEFLATED: Final = 8
_SEPARATOR: Final = "\n"


class Origin(msgspec.Struct, frozen=True):
    """Where an artefact comes from."""

    estimator: str
    #: Distribution name → version at training.
    libraries: dict[str, str]
    views: int
    #: SHA-256 of the training files, in their order.
    data: str
    examples: int
    seed: int
    temperature: float
    report: Report
    licence: str


class Loaded(NamedTuple):
    """A model, the first 16 hex digits of its artefact's SHA-256, and where it comes from."""

    model: SentimentModel
    version: str
    origin: Origin


def libraries() -> dict[str, str]:
    """The versions that an artefact is tied to."""
    return {name: version(name) for name in _LIBRARIES}


def save(path: Path, fitted: Fitted, origin: Origin) -> None:
    """Write the artefact; weights are kept in single precision, as they are when it is loaded."""
    estimator = fitted.estimator
    estimator.coef_ = estimator.coef_.astype(np.float32)
    content = {
        "format": _FORMAT,
        "origin": msgspec.json.encode(origin).decode(),
        "estimator": estimator,
        "features": [_SEPARATOR.join(view.places) for view in fitted.views],
        "rarity": [view.rarity.astype(np.float32) for view in fitted.views],
    }
    try:
        path.write_bytes(dumps(content, compression=_DEFLATED, compresslevel=9))
    except OSError as error:
        raise UsageProblem(f"--out: {path} cannot be written: {error.strerror or error}.") from error


def load(path: Path | None) -> Loaded:
    """The model in ``path``, or the one that ships; UsageProblem when it is missing, damaged or of other versions."""
    name = path or "the default sentiment model"
    try:
        data = path.read_bytes() if path else files("models.sentiment").joinpath("default.skops").read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"--model: {name} cannot be read: {error.strerror or error}. Train one with `listener train sentiment`."
        ) from error
    try:
        content = loads(data)
        origin = msgspec.json.decode(content["origin"], type=Origin)
        known = content["format"] == _FORMAT
    except (UntrustedTypesFoundException, UnsupportedTypeException) as error:
        raise UsageProblem(f"--model: {name} holds types that are not trusted, it is not loaded: {error}") from error
    except Exception as error:  # what a damaged archive makes skops raise is not documented
        raise UsageProblem(f"--model: {name} is no sentiment artefact or is damaged ({error}).") from error
    if not known:
        raise UsageProblem(f"--model: {name} has the format {content['format']!r}, this version reads {_FORMAT!r}.")
    _refuse_mismatch(str(name), origin)
    return Loaded(_fitted(str(name), content).model(origin.temperature), sha256(data).hexdigest()[:16], origin)


def _refuse_mismatch(name: str, origin: Origin) -> None:
    here = {**libraries(), "views": str(VIEWS_VERSION)}
    there = {**origin.libraries, "views": str(origin.views)}
    differing = [f"{key} {there.get(key, 'unknown')} (here {here[key]})" for key in here if there.get(key) != here[key]]
    if differing:
        raise UsageProblem(
            f"--model: {name} was trained with {', '.join(differing)}. "
            "Install those versions, or train it again with `listener train sentiment`."
        )


def _fitted(name: str, content: dict[str, Any]) -> Fitted:
    try:
        views = tuple(
            View(
                {feature: place for place, feature in enumerate(features.split(_SEPARATOR))}, rarity.astype(np.float64)
            )
            for features, rarity in zip(content["features"], content["rarity"], strict=True)
        )
        fits = content["estimator"].coef_.shape[1] == sum(len(view.rarity) for view in views)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise UsageProblem(f"--model: {name} is damaged ({error}).") from error
    if not fits or any(len(view.places) != len(view.rarity) for view in views):
        raise UsageProblem(f"--model: {name} is damaged: its features and its weights differ in number.")
    return Fitted(views, content["estimator"])
