"""The cap on dead letters: a bad deploy must stop the worker, not move the input to the dead-letter topic."""

from typing import Final

BLOCK: Final = 1000
BLOCKS: Final = 10
RUN: Final = 1000
AFTER: Final = 1000


class CapReached(Exception):  # noqa: N818 - it says what happened
    """Too many invalid records: more than half of the last 10,000, or 1,000 in a row, after at least 1,000 records.

    The worker stops before any of them is acknowledged.
    """


class DeadLetterCap:
    """Counts invalid records of one partition; its state is kept in the progress cell, so a restart does not forget.

    ``run`` is the number of invalid records in a row, ``blocks`` the invalid ones per 1,000 records, oldest first, the
    last block still filling: the window is the last 9,000 to 10,000 records.
    """

    def __init__(self, read: int = 0, run: int = 0, blocks: tuple[int, ...] = ()) -> None:
        self.read = read
        self.run = run
        self.blocks = list(blocks) or [0]

    def valid(self, records: int) -> None:
        """``records`` valid ones passed, one after another."""
        if records:
            self.run = 0
            self._advance(records)

    def invalid(self, *, enforce: bool) -> None:
        """One invalid record passed; CapReached past the cap, if it is to be enforced."""
        self._advance(1)
        self.run += 1
        self.blocks[-1] += 1
        if not enforce or self.read < AFTER:
            return
        if self.run >= RUN:
            raise CapReached(f"{self.run} invalid records in a row")
        if sum(self.blocks) * 2 > BLOCK * BLOCKS:
            raise CapReached(f"{sum(self.blocks)} of the last {BLOCK * BLOCKS} records are invalid")

    def _advance(self, records: int) -> None:
        crossed = (self.read + records) // BLOCK - self.read // BLOCK
        self.read += records
        if crossed:
            self.blocks = [*self.blocks, *[0] * min(crossed, BLOCKS)][-BLOCKS:]
