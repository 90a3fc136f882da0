"""What was worked out before, by what it was worked out of: as much as a bound allows."""

from collections.abc import Callable
from typing import Final, TypeVar

V = TypeVar("V")


class Remembered(dict[str, V]):
    """Text → what is worked out of it; when ``most`` are known, all but the last ``most`` are forgotten.

    What a longer text than ``longest`` (code points) gives is not kept: it will hardly come again.
    """

    def __init__(self, work_out: Callable[[str], V], most: int, longest: int) -> None:
        super().__init__()
        self._work_out: Final = work_out
        self._most: Final = most
        self._longest: Final = longest
        self._before: dict[str, V] = {}

    def __missing__(self, text: str) -> V:
        before = self._before
        value = before[text] if text in before else self._work_out(text)
        if len(text) > self._longest:
            return value
        if len(self) >= self._most:
            self._before = dict(self)
            self.clear()
        self[text] = value
        return value
