"""The page of all settings."""

import click
import pytest

from listener.cli import cli
from listener.manual.settings import Commands, Setting, settings_page


def row_of(page: str, option: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| `{option}"))


@pytest.fixture(scope="module")
def page() -> str:
    return settings_page(cli, "note")


def test_every_visible_option_of_every_command_is_there(page: str) -> None:
    commands = Commands.of(cli)
    assert len(commands.by_path) >= 15
    for settings in commands.by_path.values():
        assert all(setting.row[:-2] in page for setting in settings)


def test_an_option_without_help_is_an_error() -> None:
    with pytest.raises(ValueError, match="--speechless has no help text"):
        Setting.of(click.Option(["--speechless"]))


def test_variables_defaults_and_choices_are_shown(page: str) -> None:
    assert "| `LISTENER_RETENTION` | `on` |" in row_of(page, "--retention on\\|off` | `LISTENER")
    assert "| `LISTENER_BOARD_HTTP_PORT` | `8080` |" in page
    assert "| `--accept-loss` |  | `off` |" in page


def test_what_several_commands_share_is_told_once(page: str) -> None:
    assert page.count("`--bootstrap-servers ") == 1
    assert "worker, board" in row_of(page, "--bootstrap-servers")


def test_hidden_options_stay_hidden(page: str) -> None:
    assert "--tail-check-after" not in page


def test_a_bar_in_a_text_does_not_end_its_cell() -> None:
    setting = Setting.of(click.Option(["--x"], type=click.Choice(["a", "b"]), help="this|that"))
    assert setting.row == "| `--x a\\|b` |  |  | this\\|that |"
