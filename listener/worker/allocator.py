"""What is freed stays with the process: the next fetch needs as much again, and fresh pages are dear.

A fetch, the sockets' buffers and all that is made of them come and go many times a second. By default glibc hands what
lies free at the end of the heap back to the kernel at once and asks for it anew: 200 page faults for a thousand posts,
each with a page to clear (docs/decisions/085-freed-memory-is-kept.md).
"""

import ctypes
from typing import Final

#: Parameters of glibc's ``mallopt(3)``, in bytes: from which size on an allocation is a mapping of its own (the largest
#: that glibc itself would go up to), and how much may lie free before it is handed back.
_MMAP_THRESHOLD: Final = -3, 32 * 2**20
_TRIM_THRESHOLD: Final = -1, 64 * 2**20


def keep_what_is_freed() -> bool:
    """To be called once, at the start. Returns False where the C library has no such parameters: nothing changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(*parameter) for parameter in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))


def give_back() -> bool:
    """Hand back what is free now: after something that took much once. Returns False where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
