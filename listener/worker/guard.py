"""Crash-only: whatever could lose or double counts ends the process at once, and a supervisor starts it again."""

import logging
import os
import time
from collections.abc import Callable
from typing import NoReturn

from listener.errors import Halt

_log = logging.getLogger("listener.worker.guard")


def end_process(error: BaseException) -> NoReturn:
    """Log ``error`` and leave without any clean-up: nothing that is half done may be finished any more.

    Exit codes: those of ``Halt`` where it says what an operator should do, 1 for everything else.
    """
    if isinstance(error, Halt):
        _log.critical("halt: %s", error)
        code = error.exit_code
    else:
        _log.critical("crash: %r", error, exc_info=error)
        code = 1
    logging.shutdown()
    os._exit(code)


class StallGuard:
    """Notices that this process stood still for longer than its group membership can have lasted.

    After such a gap (SIGSTOP, a frozen machine) another worker owns the partitions: sending would be a zombie's write.
    """

    def __init__(
        self,
        session_timeout: float,
        *,
        now: Callable[[], float] = time.monotonic,
        end: Callable[[BaseException], NoReturn] = end_process,
    ) -> None:
        self._limit = session_timeout
        self._now = now
        self._end = end
        self._last = now()

    def begin(self) -> None:
        """The process is about to join its group: however long it took to get here, nobody took anything from it."""
        self._last = self._now()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return self._now() - self._last

    def beat(self) -> None:
        """Called by a loop that runs all the time, and before every send."""
        age = self.age
        if age > self._limit:
            self._end(Halt(f"stood still for {age:.0f} s: another worker may own the partitions now"))
        self._last = self._now()
