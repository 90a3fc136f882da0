"""Which of many strings stand in a piece of bytes, all searched for in one pass.

By Hyperscan (its fork Vectorscan), which looks at many bytes per instruction and whose tables fit in a processor's
cache, or, where they are too many for it to compile, by an Aho-Corasick automaton:
docs/decisions/098-literals-by-hyperscan.md.
"""

from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Final

from ahocorasick_rs import BytesAhoCorasick, Implementation
from hyperscan import HS_FLAG_CASELESS, HS_MODE_BLOCK, Database, Scratch

_NUL: Final = b"\0"
#: Literals up to which Hyperscan is taken: it compiles 200,000 in 5 s and some 300 MB, a million in 50 s and 2 GB.
FEW: Final = 250_000

#: Bytes → behind which of them a literal ends, once for each that ends there, in no promised order; for any thread.
Ends = Callable[[bytes], list[int]]


def search_for(literals: Collection[bytes], few: int = FEW) -> Ends:
    """A search for these strings, capitals and small letters of ASCII alike.

    Raises ValueError for one that is empty or holds a zero byte, at which Hyperscan's binding would cut it off.
    """
    if not all(literals) or any(_NUL in literal for literal in literals):
        raise ValueError("a literal to search for is empty or holds a zero byte")
    return _Compiled(literals).ends if 0 < len(literals) <= few else _automaton(literals)


class _Compiled:
    """By Hyperscan."""

    def __init__(self, literals: Collection[bytes]) -> None:
        self._database = Database(mode=HS_MODE_BLOCK)
        self._database.compile(expressions=sorted(literals), flags=HS_FLAG_CASELESS, literal=True)
        #: Working memory: each search at the same time needs its own. Threads may share a deque.
        self._idle: deque[Scratch] = deque()

    def ends(self, data: bytes) -> list[int]:
        """See ``Ends``."""
        found: list[int] = []

        def note(_literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append(end)

        try:
            scratch = self._idle.pop()
        except IndexError:
            scratch = Scratch(self._database)
        self._database.scan(data, match_event_handler=note, scratch=scratch)
        self._idle.append(scratch)
        return found


def _automaton(literals: Collection[bytes]) -> Ends:
    """By an automaton of the kind that takes little memory."""
    lowered = sorted({literal.lower() for literal in literals})
    find: Callable[..., list[Any]] = BytesAhoCorasick(
        lowered, implementation=Implementation.ContiguousNFA
    ).find_matches_as_indexes
    return lambda data: [end for _, _, end in find(data.lower(), overlapping=True)]
