"""``listener check``."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from listener.campaigns.commands import check
from listener.errors import UsageProblem


@pytest.mark.parametrize("option", [[], ["--campaigns"]])
def test_it_says_what_the_files_hold(tmp_path: Path, option: list[str]) -> None:
    (tmp_path / "a.yml").write_text("{id: snapp, keywords: [اسنپ, snapp], accounts: [snapp]}", encoding="utf-8")
    result = CliRunner().invoke(check, [*option, str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.startswith("snapp: 2 keywords, 1 accounts\n1 campaigns, all right (version ")


def test_it_fails_with_every_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("id: A", encoding="utf-8")
    result = CliRunner().invoke(check, [str(tmp_path)])
    assert isinstance(result.exception, UsageProblem)
    assert "a.yml:1: id" in str(result.exception)


def test_a_target_beyond_what_is_attainable_is_named_and_no_mistake(tmp_path: Path) -> None:
    goal = "likes: {target: 900, attainable_max: 500, deadline: 2026-12-21, owner: sara}"
    (tmp_path / "a.yml").write_text(f"{{id: a, keywords: [x], targets: {{{goal}}}}}", encoding="utf-8")
    result = CliRunner().invoke(check, [str(tmp_path)])
    assert result.exit_code == 0
    assert "a: likes: target 900 exceeds what is held attainable (500); the A of SMART" in result.stderr


def test_one_directory_is_needed(tmp_path: Path) -> None:
    assert CliRunner().invoke(check, []).exit_code == 2
    assert CliRunner().invoke(check, [str(tmp_path), "--campaigns", str(tmp_path)]).exit_code == 2


EXAMPLES = """
id: snapp
query: (اسنپ OR author:snapp) NOT قرعه‌کشی
should_match:
  - اسنپم
  - {text: هیچ, author: "@Snapp", lang: fa}
  - تپسی
should_not_match:
  - اسنپ قرعه کشی
  - اسنپ ☺
"""


def test_examples_are_tried_and_failures_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EXAMPLES, encoding="utf-8")
    report = tmp_path / "report.xml"
    result = CliRunner().invoke(check, [str(tmp_path), "--junit", str(report)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{tmp_path}/a.yaml:7: snapp: should match but does not: «تپسی»",
        f"{tmp_path}/a.yaml:10: snapp: should not match but does: «اسنپ ☺»",
        "2 of 5 examples failed (named above)",
    ]
    root = ET.parse(report).getroot()  # noqa: S314 - our own file
    assert (root.get("tests"), root.get("failures")) == ("5", "2")
    failed = [case.get("line") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["7", "10"]


def test_right_examples_pass(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{id: a, keywords: [اسنپ], should_match: [اسنپ‌ها]}", encoding="utf-8")
    result = CliRunner().invoke(check, [str(tmp_path)])
    assert result.exit_code == 0
    assert "1 campaigns, all right, 1 examples passed (version " in result.output
