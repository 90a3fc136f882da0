"""Waiting without a time limit for what moves, and saying so."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from listener.errors import UsageProblem

#: Without any progress for so long the demo gives up, in seconds.
STALL_S: Final = 120.0

_SAY_EVERY_S: Final = 2.0


class Patience:
    """Raises UsageProblem when a value has not changed for ``STALL_S``."""

    def __init__(self, what: str, logs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._logs = logs
        self._clock = clock
        self._value: object = None
        self._since = clock()

    def look(self, value: object) -> None:
        """Note the value of now."""
        now = self._clock()
        if value != self._value:
            self._value, self._since = value, now
        elif now - self._since > STALL_S:
            raise UsageProblem(
                f"no progress for {STALL_S:.0f} s while {self._what}. The logs of all processes are in {self._logs}."
            )


class Reporter:
    """Says how far a step is, once it takes longer than two seconds and then every two seconds."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._said = clock()

    def look(self, text: str) -> None:
        """Say it if it is time to."""
        if self._clock() - self._said >= _SAY_EVERY_S:
            self._say(text)
            self._said = self._clock()
