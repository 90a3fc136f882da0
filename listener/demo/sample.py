"""What is replayed when no input is given: the sample stream."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from listener.inputs.options import Replay
from listener.sample import campaigns_directory
from listener.sample.stream import write


@contextmanager
def or_sample(given: Replay) -> Iterator[Replay]:
    """``given``, or the same with the sample stream and its campaigns where it has no input."""
    if given.inputs:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="listener-sample-") as directory:
        file = Path(directory) / "sample.ndjson"
        write(file)
        yield replace(given, inputs=(file,), campaigns=campaigns_directory())
