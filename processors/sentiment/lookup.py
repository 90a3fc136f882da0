"""A table that is asked for many numbers at once."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]

#: 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4: Fibonacci hashing).
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
#: Slots per key, at least.
_ROOM: Final = 3


class Lookup:
    """Whole numbers from 0 on → whole numbers from 1 on; 0 for those that are not there.

    A hash table with linear probing, because a binary search takes several times as long.
    """

    def __init__(self, entries: Mapping[int, int]) -> None:
        bits = (_ROOM * len(entries) + 1).bit_length()
        self._shift: Final = np.uint64(64 - bits)
        self._last: Final = (1 << bits) - 1
        self._keys: Final = np.full(1 << bits, -1)
        self._values: Final = np.zeros(1 << bits, np.intp)
        new = np.fromiter(entries, np.intp, len(entries))
        kept = np.fromiter(entries.values(), np.intp, len(entries))
        slots = self._slots(new)
        while len(new):
            free = self._keys[slots] < 0
            self._keys[slots[free]] = new[free]
            placed = self._keys[slots] == new
            self._values[slots[placed]] = kept[placed]
            new, kept, slots = new[~placed], kept[~placed], slots[~placed] + 1 & self._last

    def find(self, keys: Ints) -> Ints:
        """The value of each key."""
        slots = self._slots(keys)
        met = self._keys[slots]
        found = np.where(met == keys, self._values[slots], 0)
        left = np.flatnonzero((met != keys) & (met >= 0))
        while len(left):
            slots[left] = slots[left] + 1 & self._last
            met = self._keys[slots[left]]
            hit = met == keys[left]
            found[left[hit]] = self._values[slots[left[hit]]]
            left = left[~hit & (met >= 0)]
        return found

    def _slots(self, keys: Ints) -> Ints:
        return (keys.view(np.uint64) * _GOLDEN >> self._shift).view(np.intp)
