"""The layers are kept: the program uses the steps, the steps use the shapes, never back; and Faust has one home."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What each package may import of ours.
ALLOWED = {
    "listener": {"listener", "processors", "models"},
    "processors": {"processors", "models"},
    "models": {"models"},
}
#: A pure step reads no clock, draws no lots and talks to nobody.
IMPURE = {
    *("time", "random", "secrets", "uuid"),
    *("os", "io", "pathlib", "shutil", "tempfile", "subprocess", "socket", "asyncio", "threading"),
    *("kafka", "aiokafka", "aiohttp", "requests", "faust", "mode", "prometheus_client"),
}
#: Who may import Faust beside the engine, and what.
FAUST_ELSEWHERE = {"listener/kafka/settings.py": {"faust.auth"}, "listener/worker/service.py": {"faust.types"}}
CLOCKS = {"now", "utcnow", "today"}


def imports(source: str) -> Iterator[str]:
    """All modules that are imported anywhere in ``source``, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer"
            yield node.module or ""


def clocks(source: str) -> list[int]:
    """The lines on which a clock is *called*."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]


def files(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_layers(package: str) -> None:
    for file in files(package):
        ours = {top(module) for module in imports(file.read_text())} & {*ALLOWED, "tests"}
        assert ours <= ALLOWED[package], file


def test_steps_are_pure() -> None:
    for file in files("processors"):
        source = file.read_text()
        assert not {top(module) for module in imports(source)} & IMPURE, file
        assert not clocks(source), file


def test_only_the_engine_knows_faust() -> None:
    for file in files("listener"):
        where = file.relative_to(ROOT).as_posix()
        if where.startswith("listener/engine/"):
            continue
        found = {module for module in imports(file.read_text()) if top(module) in {"faust", "mode"}}
        assert found <= FAUST_ELSEWHERE.get(where, set()), where


def test_these_tests_see_what_they_look_for() -> None:
    source = "import os.path\ndef f():\n    from faust.types import TP\n    return datetime.now(UTC)\n"
    assert set(imports(source)) == {"os.path", "faust.types"}
    assert clocks(source) == [4]
