"""Model artefacts: skops files that carry what they were made with, and are refused when that differs."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from skops.io import dumps, loads
from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

from listener.errors import UsageProblem

_LIBRARIES: Final = ("scikit-learn", "numpy", "scipy", "skops")
#: Zip's deflate.
_DEFLATED: Final = 8
_DIGITS: Final = 16


def libraries() -> dict[str, str]:
    """The versions that an artefact is tied to."""
    return {name: version(name) for name in _LIBRARIES}


def fingerprint(data: bytes) -> str:
    """The first 16 hex digits of the SHA-256: the version of an artefact."""
    return sha256(data).hexdigest()[:_DIGITS]


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write an artefact; UsageProblem when it cannot be written."""
    try:
        path.write_bytes(dumps(dict(content), compression=_DEFLATED, compresslevel=9))
    except OSError as error:
        raise UsageProblem(f"--out: {path} cannot be written: {error.strerror or error}.") from error


def read(path: Path | None, kind: str) -> bytes:
    """The bytes of an artefact, or of the one of this kind that ships; UsageProblem when they cannot be read."""
    try:
        return path.read_bytes() if path else files(f"models.{kind}").joinpath("default.skops").read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"--model: {name_of(path, kind)} cannot be read: {error.strerror or error}. "
            f"Train one with `listener train {kind}`."
        ) from error


def name_of(path: Path | None, kind: str) -> str:
    """What messages call an artefact."""
    return str(path or f"the default {kind} model")


def unpack(data: bytes, name: str, kind: str, wanted: str) -> dict[str, Any]:
    """The content; UsageProblem when it is damaged, of another format, or holds types that are not trusted."""
    try:
        content = loads(data)
        found = content["format"]
        known = isinstance(content["origin"], str)
    except (UntrustedTypesFoundException, UnsupportedTypeException) as error:
        raise UsageProblem(f"--model: {name} holds types that are not trusted, it is not loaded: {error}") from error
    except Exception as error:  # what a damaged archive makes skops raise is not documented
        raise UsageProblem(f"--model: {name} is no {kind} artefact or is damaged ({error}).") from error
    if found != wanted or not known:
        raise UsageProblem(f"--model: {name} has the format {found!r}, this version reads {wanted!r}.")
    unpacked: dict[str, Any] = content
    return unpacked


def refuse_mismatch(name: str, kind: str, here: Mapping[str, str], there: Mapping[str, str]) -> None:
    """Raise UsageProblem when something that the artefact is tied to differs."""
    differing = [f"{key} {there.get(key, 'unknown')} (here {here[key]})" for key in here if there.get(key) != here[key]]
    if differing:
        raise UsageProblem(
            f"--model: {name} was trained with {', '.join(differing)}. "
            f"Install those versions, or train it again with `listener train {kind}`."
        )
