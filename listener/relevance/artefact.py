"""Relevance artefacts: one skops file with the estimator, its hashed features, and where it comes from."""

from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from listener.artefacts import fingerprint, libraries, name_of, read, refuse_mismatch, unpack, write
from listener.errors import UsageProblem
from listener.relevance.words import is_common
from processors.relevance.features import FEATURES_VERSION
from processors.relevance.model import RelevanceModel
from processors.relevance.training import Fitted, Report

_KIND: Final = "relevance"
_FORMAT: Final = "listener-relevance/1"


class Origin(msgspec.Struct, frozen=True):
    """Where an artefact comes from."""

    estimator: str
    #: Distribution name → version at training.
    libraries: dict[str, str]
    features: int
    #: SHA-256 of the training files, in their order.
    data: str
    examples: int
    seed: int
    temperature: float
    report: Report
    licence: str


class Loaded(NamedTuple):
    """A model, its version, and where it comes from."""

    model: RelevanceModel
    version: str
    origin: Origin


def save(path: Path, fitted: Fitted, origin: Origin) -> None:
    """Write the artefact; weights in single precision. It holds hashes of features, no text."""
    estimator = fitted.estimator
    estimator.coef_ = estimator.coef_.astype(np.float32)
    content = {"estimator": estimator, "hashes": fitted.hashes, "origin": msgspec.json.encode(origin).decode()}
    write(path, {"format": _FORMAT, **content})


def load(path: Path | None) -> Loaded:
    """The model in ``path``, or the one that ships; UsageProblem when it is missing, damaged or of other versions."""
    data, name = read(path, _KIND), name_of(path, _KIND)
    content = unpack(data, name, _KIND, _FORMAT)
    try:
        origin = msgspec.json.decode(content["origin"], type=Origin)
        fitted = Fitted(content["hashes"], content["estimator"])
        model = fitted.model(origin.temperature)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageProblem(f"--model: {name} is damaged ({error}).") from error
    here = {**libraries(), "features": str(FEATURES_VERSION)}
    refuse_mismatch(name, _KIND, here, {**origin.libraries, "features": str(origin.features)})
    return Loaded(model.with_words(is_common), fingerprint(data), origin)
