"""What every kind of test may need."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shared real data sets: LISTENER_DATA, or ../shared/data; without them the test is skipped."""
    directory = Path(os.environ.get("LISTENER_DATA") or _REPOSITORY.parent / "shared" / "data")
    if not directory.is_dir():
        pytest.skip(f"no real data in {directory}; set LISTENER_DATA to their directory")
    return directory
