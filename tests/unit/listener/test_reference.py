import subprocess
import sys
from pathlib import Path

import pytest

from listener.reference import PAGES

COMMITTED = Path(__file__).parents[3] / "docs/reference"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a process of its own: click keeps what a command was first asked for its help with."""
    out = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, "-m", "listener", "reference", "--out", str(out)], check=True, capture_output=True)
    return out


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_committed_page_is_the_generated_one(name: str, generated: Path) -> None:
    committed = (COMMITTED / name).read_text(encoding="utf-8")
    assert committed == (generated / name).read_text(encoding="utf-8"), "run: listener reference --out docs/reference"


def test_every_command_is_in_the_reference() -> None:
    from listener.cli import COMMANDS

    page = PAGES["commands.md"]()
    for name in COMMANDS:
        assert f"## `listener {name}`" in page
