"""Cumulative counters become counts: what one more snapshot of a post adds.

Sources report snapshots ("this post has 41 likes"). Gross amounts only grow (``max(0, new − high water)``), net amounts
follow the level (``new − last``). Counting first-seen totals as new overstated real data 530-fold, hence the baseline.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

#: A first snapshot taken this soon after the post's creation is all new, in milliseconds.
NEW_WITHIN_MS: Final = 10 * 60 * 1000

ROUNDED_FROM: Final = 1000
_MILLION: Final = 1_000_000


class Step(NamedTuple):
    """What a snapshot adds to one counter."""

    counter: int
    gross: int
    net: int


class Levels(NamedTuple):
    """Per counter: last believed value, highest value (None while unknown); ``held`` has a bit per doubted fall."""

    last: list[int | None]
    high: list[int | None]
    held: int


def rounding_step(value: int) -> int:
    """How coarse a source that writes "12.5K" or "3.4M" is at ``value``: one unit of the last digit shown."""
    if value < ROUNDED_FROM:
        return 1
    return 100 if value < _MILLION else 100_000


def advance(
    levels: Levels, snapshot: Sequence[int | None], *, all_new: bool, rounded: bool
) -> tuple[Levels, list[Step]]:
    """(levels after the snapshot, steps that are not zero).

    ``all_new``: a counter's first value counts as new instead of being a baseline. ``rounded``: no step until the
    change exceeds the rounding step. A fall to 0 or by more than half is held for one snapshot before it is believed.
    """
    if snapshot.count(None) == len(snapshot):
        return levels, []
    last, high, held = list(levels.last), list(levels.high), levels.held
    steps: list[Step] = []
    for counter, new in enumerate(snapshot):
        if new is None:
            continue
        before, top, bit = last[counter], high[counter], 1 << counter
        if before is None or top is None:
            last[counter] = high[counter] = new
            if all_new and new:
                steps.append(Step(counter, new, new))
            continue
        within_rounding = rounded and abs(new - before) <= rounding_step(max(new, before))
        if not within_rounding and _doubtful(before, new) and not held & bit:
            held |= bit
            continue
        held &= ~bit
        if within_rounding:
            continue
        last[counter], high[counter] = new, max(top, new)
        if new != before:
            steps.append(Step(counter, max(0, new - top), new - before))
    return Levels(last, high, held), steps


def _doubtful(before: int, new: int) -> bool:
    """A fall to 0 or by more than half: sources answer so when they fail."""
    return new < before and (new == 0 or 2 * new < before)
