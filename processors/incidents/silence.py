"""Sources gone silent: a platform that should long have brought something, over all campaigns together.

The amount that a platform owes since it last brought anything grows by half of the usual (real counts come in
bursts). Twenty mentions owed: e⁻²⁰ by chance, were they independent. Only complete rows that are live count.
"""

from typing import Final

import msgspec

from processors.incidents.baseline import Baseline
from processors.incidents.calendar import slot

_SHARE: Final = 0.5
OWED: Final = 20.0
_SHORTEST: Final = 1800
#: Rows before a platform has a usual: two days.
_FIRST_ROWS: Final = 576


class Source(msgspec.Struct):
    """One platform.

    ``seen``: the end of the last row with something; ``silent``: since when it is said to be silent.
    """

    baseline: Baseline = msgspec.field(default_factory=Baseline)
    owed: float = 0.0
    seen: int | None = None
    silent: int | None = None
    #: Rows without anything since, by slot: learnt once it has spoken again, or silence would become the usual.
    pending: dict[int, int] = {}


class SilenceState(msgspec.Struct):
    """All platforms; ``through``: start of the last row."""

    through: int | None = None
    sources: dict[str, Source] = {}


class Silence(msgspec.Struct, frozen=True):
    """A platform went silent, or is back: ``back`` None while it is away. Epoch seconds."""

    platform: str
    since: int
    noticed: int
    owed: float
    back: int | None = None


def take_row(state: SilenceState, start: int, totals: dict[str, int], zone: str, *, live: bool) -> list[Silence]:
    """Take in five minutes of mentions by platform, over all campaigns; what has changed."""
    if state.through is not None and start <= state.through:
        return []
    hole = state.through is not None and start - state.through > 300  # noqa: PLR2004 - a row
    state.through = start
    changes = []
    where, end = slot(start, zone), start + 300
    for platform in totals:
        state.sources.setdefault(platform, Source())
    for platform, source in sorted(state.sources.items()):
        amount = totals.get(platform, 0)
        if amount:
            if source.silent is not None:
                since = source.seen or start
                changes.append(Silence(platform, since, source.silent, round(source.owed, 1), back=end))
                source.pending.clear()
            source.owed, source.seen, source.silent = 0.0, end, None
        elif live and not hole and source.baseline.rows >= _FIRST_ROWS:
            source.owed += _SHARE * source.baseline.expected(where)
            if source.silent is None and source.owed >= OWED and end - (source.seen or start) >= _SHORTEST:
                source.silent = end
                changes.append(Silence(platform, source.seen or start, end, round(source.owed, 1)))
        _learn(source, where, amount)
    return changes


def _learn(source: Source, where: int, amount: int) -> None:
    if not amount:
        if source.silent is None:
            source.pending[where] = source.pending.get(where, 0) + 1
        return
    for slot_, rows in source.pending.items():
        for _ in range(rows):
            source.baseline.learn(slot_, 0)
    source.pending.clear()
    source.baseline.learn(where, amount)
