from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.demo.command import demo
from listener.errors import UsageProblem


@pytest.mark.parametrize("given", ["--input", "--campaigns"])
def test_input_and_campaigns_belong_together(given: str, tmp_path: Path) -> None:
    value = __file__ if given == "--input" else str(tmp_path)
    with pytest.raises(UsageProblem, match="both --input FILE… and --campaigns DIR, or neither"):
        CliRunner().invoke(demo, ["--once", given, value], catch_exceptions=False)


def test_wrong_campaign_files_are_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("id: [", encoding="utf-8")
    options = ["--once", "--input", __file__, "--campaigns", str(tmp_path)]
    with pytest.raises(UsageProblem, match=r"one\.yaml"):
        CliRunner().invoke(demo, options, catch_exceptions=False)
