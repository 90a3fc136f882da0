from pathlib import Path

import pytest

from listener.reference import PAGES

COMMITTED = Path(__file__).parents[3] / "docs/reference"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    committed = (COMMITTED / name).read_text(encoding="utf-8")
    assert committed == PAGES[name](), "run: listener reference --out docs/reference"


def test_every_command_is_in_the_reference() -> None:
    from listener.cli import COMMANDS

    page = PAGES["commands.md"]()
    for name in COMMANDS:
        assert f"## `listener {name}`" in page
