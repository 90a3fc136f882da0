"""Sentiment artefacts: one skops file with the estimator, its views, and where it comes from."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from listener.artefacts import fingerprint, libraries, name_of, read, refuse_mismatch, unpack, write
from listener.errors import UsageProblem
from processors.sentiment import SentimentModel, View
from processors.sentiment.report import Report
from processors.sentiment.training import Fitted
from processors.sentiment.views import VIEWS_VERSION

_KIND: Final = "sentiment"
_FORMAT: Final = "listener-sentiment/2"
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
        "lengths": [view.length for view in fitted.views],
    }
    write(path, content)


def load(path: Path | None) -> Loaded:
    """The model in ``path``, or the one that ships; UsageProblem when it is missing, damaged or of other versions."""
    data, name = read(path, _KIND), name_of(path, _KIND)
    content = unpack(data, name, _KIND, _FORMAT)
    try:
        origin = msgspec.json.decode(content["origin"], type=Origin)
    except ValueError as error:
        raise UsageProblem(f"--model: {name} is damaged ({error}).") from error
    here = {**libraries(), "views": str(VIEWS_VERSION)}
    refuse_mismatch(name, _KIND, here, {**origin.libraries, "views": str(origin.views)})
    return Loaded(_fitted(name, content).model(origin.temperature), fingerprint(data), origin)


def _fitted(name: str, content: dict[str, Any]) -> Fitted:
    try:
        views = tuple(
            View(
                {feature: place for place, feature in enumerate(features.split(_SEPARATOR) if features else ())},
                rarity.astype(np.float64),
                length,
            )
            for features, rarity, length in zip(content["features"], content["rarity"], content["lengths"], strict=True)
        )
        fits = content["estimator"].coef_.shape[1] == sum(len(view.rarity) for view in views)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise UsageProblem(f"--model: {name} is damaged ({error}).") from error
    if not fits or any(len(view.places) != len(view.rarity) for view in views):
        raise UsageProblem(f"--model: {name} is damaged: its features and its weights differ in number.")
    return Fitted(views, content["estimator"])
