"""What a detector remembers of one series; plain numbers, so that a board can keep it (msgspec encodes it)."""

from typing import Final

import msgspec

#: Hours of the day, each with a level of its own.
HOURS: Final = 24


class BankState(msgspec.Struct):
    """Moving means and variances of one signal, one pair for each transform and span."""

    seen: int = 0
    means: list[float] = []
    variances: list[float] = []


class DayState(msgspec.Struct):
    """Moving levels by hour of the day, 24 for each transform and memory, and the variances of their residuals."""

    counted: list[int] = msgspec.field(default_factory=lambda: [0] * HOURS)
    levels: list[list[float]] = []
    residuals: int = 0
    variances: list[float] = []


class DetectorState(msgspec.Struct):
    """All of it: about a thousand numbers whatever the length of the series. Times are seconds since the epoch.

    ``banks`` and ``days`` have one state for each span (the row itself and sums of rows); ``hour`` holds the (time,
    count) rows of the longest span, at most 60; ``peaks`` the falling sequence of scores of the last day as (bucket,
    score), at most one for each five minutes; ``records`` the decayed highest deviations of each view, one for each
    memory.
    """

    first: float | None = None
    last: float | None = None
    step: float | None = None
    banks: list[BankState] = []
    days: list[DayState] = []
    hour: list[tuple[float, float]] = []
    records: list[list[float]] = []
    peaks: list[tuple[int, float]] = []
