"""What is usual at an hour: a moving mean by hour of the local day, days off apart. For people, not for the verdict.

It does not learn while an incident is open, so that an incident never becomes its own yardstick.
"""

from typing import Final

import msgspec

SLOTS: Final = 48
_ROWS_AN_HOUR: Final = 12
#: Rows that a slot remembers: two weeks of workdays, and as many days off.
_MEMORY: Final = 14 * _ROWS_AN_HOUR


class Baseline(msgspec.Struct):
    """Mean amounts per row of five minutes: by slot (``calendar.slot``), and over all."""

    seen: list[int] = msgspec.field(default_factory=lambda: [0] * SLOTS)
    levels: list[float] = msgspec.field(default_factory=lambda: [0.0] * SLOTS)
    rows: int = 0
    level: float = 0.0

    def expected(self, slot: int) -> float:
        """The usual amount of a row; of a slot never seen: of the same hour of the other kind of day, or of all."""
        for one in (slot, (slot + SLOTS // 2) % SLOTS):
            if self.seen[one] >= _ROWS_AN_HOUR:
                return self.levels[one]
        return self.level

    def learn(self, slot: int, amount: float) -> None:
        """Take in a row."""
        self.seen[slot] = min(self.seen[slot] + 1, _MEMORY)
        self.levels[slot] += (amount - self.levels[slot]) / self.seen[slot]
        self.rows = min(self.rows + 1, _MEMORY * 24)
        self.level += (amount - self.level) / self.rows
