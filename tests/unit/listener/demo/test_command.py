from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.demo.command import demo
from listener.errors import UsageProblem


@pytest.mark.parametrize("options", [[], ["--once"], ["--input", __file__]])
def test_what_the_demo_needs_is_said_before_anything_starts(options: list[str], tmp_path: Path) -> None:
    more = ["--campaigns", str(tmp_path)] if "--input" in options else []
    with pytest.raises(UsageProblem, match="--once --input FILE… --campaigns DIR"):
        CliRunner().invoke(demo, [*options, *more], catch_exceptions=False)


def test_wrong_campaign_files_are_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("id: [", encoding="utf-8")
    options = ["--once", "--input", __file__, "--campaigns", str(tmp_path)]
    with pytest.raises(UsageProblem, match=r"one\.yaml"):
        CliRunner().invoke(demo, options, catch_exceptions=False)
