from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.sample.command import sample
from listener.sample.stream import write


def test_standard_output_and_file_hold_the_same(tmp_path: Path) -> None:
    arguments = ["--posts", "30", "--seed", "4"]
    printed = CliRunner().invoke(sample, arguments, catch_exceptions=False)
    CliRunner().invoke(sample, [*arguments, "--out", str(tmp_path / "day")], catch_exceptions=False)
    write(tmp_path / "expected", 4, 30)
    assert printed.stdout_bytes == (tmp_path / "day").read_bytes() == (tmp_path / "expected").read_bytes()


def test_persian_is_written_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "day", 4, 30)
    line = next(line for line in (tmp_path / "day").read_bytes().splitlines() if b'"fa"' in line)
    assert msgspec.json.decode(line)["text"].encode() in line.replace(rb"\n", b"\n")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    place = str(tmp_path / "absent" / "day")
    with pytest.raises(UsageProblem, match=f"--out: {place}"):
        CliRunner().invoke(sample, ["--out", place], catch_exceptions=False)
