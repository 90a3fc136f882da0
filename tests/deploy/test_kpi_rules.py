"""The rules of the KPIs as promtool sees them: ratios, and the alert of targets with its must-not-fire cases."""

import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "kpis.yaml"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (apt-get install prometheus)")
@pytest.mark.parametrize("arguments", [("check", "rules", RULES), ("test", "rules", RULES.with_name("kpis.test.yaml"))])
def test_promtool_agrees(arguments: tuple[str | Path, ...]) -> None:
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
