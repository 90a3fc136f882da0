"""Programs that the checks of ``deploy/`` run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
REPOSITORY = "https://github.com/social-listener/social-listener/tree/main/"


class Loader(yaml.CSafeLoader):
    """Takes ``=`` for the text that it is, as Kubernetes does."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


def run(program: str, *arguments: str | Path, package: str = "") -> str:
    """What ``program`` prints; without it the test is skipped, and fails where CI is set."""
    # What comes with the development packages is beside the interpreter.
    found = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        reason = f"no {program}" + (f": install {package}" if package else "")
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
