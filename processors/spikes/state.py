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
    """All of it: a few hundred numbers whatever the length of the series. Times are seconds since the epoch.

    ``hour`` holds the (time, count) rows of the last hour, at most 60; ``peaks`` the falling sequence of scores of the
    last day as (bucket, score), at most one for each five minutes; ``records`` the decayed highest deviation of each
    of the three views.
    """

    first: float | None = None
    last: float | None = None
    step: float | None = None
    now: BankState = msgspec.field(default_factory=BankState)
    hourly: BankState = msgspec.field(default_factory=BankState)
    day: DayState = msgspec.field(default_factory=DayState)
    hour: list[tuple[float, float]] = []
    records: list[float] = []
    peaks: list[tuple[int, float]] = []
