"""Which of many strings stand in a piece of bytes, all searched for in one pass.

By Hyperscan (its fork Vectorscan), which looks at many bytes per instruction and whose tables fit in a processor's
cache: docs/decisions/098-literals-by-hyperscan.md.
"""

from collections.abc import Collection
from threading import local
from typing import Final

from hyperscan import HS_FLAG_CASELESS, HS_MODE_BLOCK, Database, Scratch

_NUL: Final = b"\0"


class Literals:
    """Strings to be searched for, capitals and small letters of ASCII alike. Immutable, safe between threads.

    Raises ValueError for one that is empty or holds a zero byte, at which Hyperscan's binding would cut it off.
    """

    def __init__(self, literals: Collection[bytes]) -> None:
        if not all(literals) or any(_NUL in literal for literal in literals):
            raise ValueError("a literal to search for is empty or holds a zero byte")
        self._database = _compiled(sorted(literals)) if literals else None
        self._working = local()

    def ends(self, data: bytes) -> list[int]:
        """Behind which bytes a literal ends, once for each that ends there, in no promised order."""
        found: list[int] = []
        if self._database is None:
            return found

        def note(_literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append(end)

        self._database.scan(data, match_event_handler=note, scratch=self._scratch(self._database))
        return found

    def _scratch(self, database: Database) -> Scratch:
        """Working memory: a search needs its own."""
        known: Scratch | None = getattr(self._working, "scratch", None)
        if known is None:
            known = self._working.scratch = Scratch(database)
        return known


def _compiled(literals: list[bytes]) -> Database:
    database = Database(mode=HS_MODE_BLOCK)
    database.compile(expressions=literals, flags=HS_FLAG_CASELESS, literal=True)
    return database
