from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.inputs.options import ManyInputs, Replay, replay_options

seen: list[tuple[Replay, bool, bool]] = []


@click.command(cls=ManyInputs)
@replay_options
def command(replay: Replay, *, once: bool, as_json: bool) -> None:
    seen.append((replay, once, as_json))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / name for name in "cab"]
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def run(*arguments: str) -> tuple[Replay, bool, bool]:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen.pop()


@pytest.mark.parametrize("form", ["{i} {0} {1} {2}", "{i} {0} {i} {1} {i} {2}", "{i}={0} {1} --once {i} {2}"])
def test_inputs_keep_the_order_of_the_command_line(files: list[str], tmp_path: Path, form: str) -> None:
    replay, _, _ = run(*form.format(*files, i="--input").split(), "--campaigns", str(tmp_path))
    assert [str(path) for path in replay.inputs] == files


def test_the_defaults(files: list[str], tmp_path: Path) -> None:
    replay, once, as_json = run("--input", files[0], "--campaigns", str(tmp_path))
    assert (replay.speed, replay.workers, replay.partitions, replay.retention) == (None, 1, 4, False)
    assert (once, as_json) == (False, False)


def test_all_options(files: list[str], tmp_path: Path) -> None:
    words = "--once --json --speed 2.5 --workers 2 --partitions 3 --retention on --map text=body --map post_id=id"
    replay, once, as_json = run("--input", files[0], "--campaigns", str(tmp_path), *words.split())
    assert (replay.speed, replay.workers, replay.partitions, replay.retention) == (2.5, 2, 3, True)
    assert replay.field_map.pairs == ((("text",), ("body",)), (("post_id",), ("id",)))
    assert (once, as_json) == (True, True)


def test_what_is_missing_is_explained(files: list[str]) -> None:
    with pytest.raises(UsageProblem, match="--input FILE… and --campaigns DIR"):
        CliRunner().invoke(command, ["--input", files[0]], catch_exceptions=False, standalone_mode=False)


def test_without_both_the_sample_is_meant() -> None:
    replay, _, _ = run()
    assert replay.inputs == ()


@pytest.mark.parametrize("speed", ["0", "-1", "fast"])
def test_a_speed_is_max_or_positive(files: list[str], tmp_path: Path, speed: str) -> None:
    arguments = ["--input", files[0], "--campaigns", str(tmp_path), "--speed", speed]
    assert CliRunner().invoke(command, arguments).exit_code == 2
