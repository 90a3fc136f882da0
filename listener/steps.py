"""What a start says of itself: one line a step, with its seconds; on a terminal the running step is seen to run."""

import threading
import time
from collections.abc import Callable
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

#: Where nothing can be drawn a step that goes on says so every so many seconds.
STILL_S: Final = 5.0
#: Shorter steps are told without their seconds.
_WORTH_TELLING_S: Final = 0.5
#: What follows this in a text is how far its step is; before it is the step.
_DETAIL: Final = ":"


class Steps:
    """Give each text to ``say``: a new one ends the step before it, the same up to a colon tells how far it is.

    ``pass_on`` gets the texts instead once the steps have ended. Use as a context manager; any thread may call.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._spinner = Spinner("dots")
        self._step = ""
        self._began = self._told = 0.0
        self._over = threading.Event()
        self.pass_on: Callable[[str], None] | None = None

    def __enter__(self) -> Self:
        if not self._console.is_terminal:
            threading.Thread(target=self._tick, name="steps", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self.end(well=kind is None)

    def say(self, text: str) -> None:
        """A step, or how far it is."""
        with self._lock:
            if self._over.is_set():
                (self.pass_on or self._print)(text)
                return
            name, _, detail = text.partition(_DETAIL)
            new = name != self._step
            if new:
                self._finish(well=True)
                self._step, self._began = name, self._clock()
            self._tell(text, name, detail, new=new)

    def end(self, *, well: bool = True) -> None:
        """The last step is over; ``well``: it came to a good end."""
        with self._lock:
            self._finish(well=well)
            self._over.set()

    def _tell(self, text: str, name: str, detail: str, *, new: bool) -> None:
        if self._console.is_terminal:
            self._draw(name, detail)
        elif new or self._clock() - self._told >= STILL_S:
            self._print(text)

    def _draw(self, name: str, detail: str) -> None:
        self._spinner.update(text=Text.assemble(name, (f" {detail.strip()}" if detail else " …", "dim")))
        if self._live is None:
            self._live = Live(self._spinner, console=self._console, transient=True, refresh_per_second=10)
            self._live.start()

    def _finish(self, *, well: bool) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._step and self._console.is_terminal:
            seconds = self._clock() - self._began
            took = f"  {seconds:.1f} s" if seconds >= _WORTH_TELLING_S else ""
            mark = ("✓", "green") if well else ("✗", "red")
            self._console.print(Text.assemble(mark, f" {self._step}", (took, "dim")))
        self._step = ""

    def _print(self, text: str) -> None:
        self._told = self._clock()
        self._console.print(f"listener: {text}", markup=False, highlight=False, soft_wrap=True)

    def _tick(self) -> None:
        """Say now and then that a step goes on that says nothing itself."""
        while not self._over.wait(STILL_S / 5):
            with self._lock:
                if self._step and self._clock() - self._told >= STILL_S:
                    self._print(f"{self._step}: still at it after {self._clock() - self._began:.0f} s")
