"""What is replayed when no input is given: the sample stream, one day of it or without an end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final, Self

import msgspec

from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.inputs.reading import parse_fields
from listener.inputs.records import InputRecord, make_record
from listener.sample import campaigns_directory
from listener.sample.day import Timed
from listener.sample.endless import endless
from listener.sample.stream import write

#: How much faster than real the days of the endless sample are told: one in eight and a half minutes.
TOLD_SPEED: Final = 120.0
_FILE: Final = "sample"

#: Visits to the shop of the sample on a day: enough for every KPI to move.
_SESSIONS: Final = 120


@contextmanager
def or_sample(given: Replay) -> Iterator[Replay]:
    """``given``, or the same with the sample day and its campaigns where it has no input."""
    if given.inputs:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="listener-sample-") as directory:
        file = Path(directory) / "sample.ndjson"
        write(file)
        yield replace(given, inputs=(file,), campaigns=campaigns_directory())


@dataclass
class LiveSample:
    """The endless sample as records to send, and at the same time the pace at which they are sent.

    ``began`` is the monotonic time at which ``now``, the end of the past day, is told.
    """

    now: datetime
    began: float
    stream: Iterator[Timed]
    _due: float = 0.0

    @classmethod
    def start(cls, now: datetime, began: float, speed: float) -> Self:
        """Write the past day, so that what follows waits for nothing: takes a second or two."""
        stream = endless(now, speed, sessions=_SESSIONS)
        return cls(now, began, chain([next(stream)], stream))

    def __iter__(self) -> Iterator[InputRecord]:
        for number, one in enumerate(self.stream, 1):
            self._due = (one.moment - self.now).total_seconds()
            yield as_input(one, number)

    def wait_s(self, record: InputRecord, number: int, now: float) -> float:
        """Seconds until the record that was given last is due."""
        del record, number
        return self.began + self._due - now


def as_input(one: Timed, number: int) -> InputRecord:
    """The record as a file of the sample would give it."""
    raw = one.record if isinstance(one.record, bytes) else msgspec.json.encode(one.record)
    return make_record(raw, parse_fields(raw), FieldMap(), file=_FILE, line=number, topic=one.topic)
