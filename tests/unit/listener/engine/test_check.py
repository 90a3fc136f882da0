"""The engine runs on the Faust whose inside it knows, and on no other."""

import inspect
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from listener.engine import check
from listener.engine.check import KNOWN, VERSIONS, require_known_engine
from listener.errors import Halt
from listener.kafka import frames

ROOT = Path(__file__).parents[4]
ENGINE = Path(inspect.getfile(check)).parent


def test_what_is_installed_is_known() -> None:
    require_known_engine()


@pytest.mark.parametrize("package", VERSIONS)
@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.lock", "deploy/docker/requirements.lock"])
def test_what_is_pinned_is_what_the_overrides_were_checked_against(file: str, package: str) -> None:
    pinned = set(re.findall(rf"{package}==([\w.]+)", (ROOT / file).read_text()))
    assert pinned == {VERSIONS[package]}, (
        f"{file} has {package} {pinned}. Before VERSIONS of listener/engine/check.py says so: read what changed in all "
        "that KNOWN names, and run the tests marked `broker` and `make chaos` (docs/operations/upgrade.md)"
    )


@pytest.mark.parametrize("package", VERSIONS)
def test_another_version_halts(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setattr(check, "version", lambda name: "9.9" if name == package else version(name))
    with pytest.raises(Halt, match=rf"{package} 9\.9 is installed, the engine knows {VERSIONS[package]}"):
        require_known_engine()


def removed(owner: type, name: str) -> Callable[..., object] | None:
    return None


def with_another_parameter(owner: type, name: str) -> Callable[..., object] | None:
    def function(self: object, something: object, new: object) -> None: ...

    return function


@pytest.mark.parametrize("change", [removed, with_another_parameter])
@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, name, _ in KNOWN])
def test_a_changed_method_halts(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, change: Callable[[type, str], Callable[..., object] | None]
) -> None:
    monkeypatch.setattr(owner, name, change(owner, name))
    with pytest.raises(Halt, match=rf"{owner.__name__}\.{name} is not the one"):
        require_known_engine()


def test_every_checked_method_is_used() -> None:
    """What nobody overrides or reads any more is not to be checked for."""
    files = [*(file for file in ENGINE.glob("*.py") if file.name != "check.py"), Path(inspect.getfile(frames))]
    source = "".join(file.read_text() for file in files)
    assert not [name for _, name, _ in KNOWN if name not in source]
