"""A memory of bounded size for what a stream names twice by different names."""

from collections import OrderedDict
from typing import Final

#: A day of a busy server's public posts, in some tens of megabytes.
REMEMBERED: Final = 200_000


class Memory:
    """The last ``size`` pairs of names, the oldest forgotten first."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()
        self._size = size

    def learn(self, name: str, meaning: str) -> None:
        """Remember what a name means from now on."""
        self._names[name] = meaning
        self._names.move_to_end(name)
        if len(self._names) > self._size:
            self._names.popitem(last=False)

    def recall(self, name: str) -> str | None:
        """What the name means; None when it is not known any more."""
        return self._names.get(name)
