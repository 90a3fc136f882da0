"""``listener check``."""

from pathlib import Path

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


def test_one_directory_is_needed(tmp_path: Path) -> None:
    assert CliRunner().invoke(check, []).exit_code == 2
    assert CliRunner().invoke(check, [str(tmp_path), "--campaigns", str(tmp_path)]).exit_code == 2
