"""What the watch over one campaign remembers: plain data, bounded, packed into a snapshot."""

from typing import Final

import cramjam
import msgspec

from models.incident import Signal
from processors.incidents.baseline import Baseline
from processors.incidents.drift import Drift
from processors.spikes import DetectorState

#: Rows of five minutes that are kept: six hours, what the longest span sums.
KEPT_ROWS: Final = 72


class Row(msgspec.Struct):
    """Five closed minutes: amounts and what was usual, by series; zeros are left out."""

    start: int
    amounts: dict[str, int]
    expected: dict[str, float]


class Filling(msgspec.Struct):
    """A row (of minutes) or an hour (of rows) that is being filled; ``live``: none of it was replayed."""

    start: int
    parts: int = 0
    live: bool = True
    whole: bool = True
    amounts: dict[str, int] = {}
    completeness: float = 1.0
    delay_s: float = 0.0


class Open(msgspec.Struct):
    """An incident that is open, or was resolved a moment ago. Times are epoch seconds.

    ``platform``: the one with most of the excess at the opening. ``primary``: the series by which it is judged to go
    on. ``peak``: the highest hourly excess; ``told``: the excess since the start when somebody was last told.
    ``observed`` and ``expected`` by series, since ``started``.
    """

    id: str
    started: int
    opened: int
    primary: str
    signals: dict[str, Signal]
    severity: str
    kind: str
    platform: str = "all"
    observed: dict[str, int] = {}
    expected: dict[str, float] = {}
    peak: float = 0.0
    told: float = 0.0
    calm: int = 0
    updated: int = 0
    resolved: int | None = None
    planned: str = ""
    quiet: str = ""
    answers: list[str] = []
    occasions: list[str] = []
    completeness: float = 1.0
    delay_s: float = 0.0
    rate: float = 0.0


class WatchState(msgspec.Struct):
    """All of it.

    ``through``: the last minute taken; ``owed``: by platform, what it should have brought since it last did.
    """

    through: int | None = None
    platforms: list[str] = []
    row: Filling | None = None
    hour: Filling | None = None
    fast: dict[str, DetectorState] = {}
    long: dict[str, DetectorState] = {}
    drift: Drift = msgspec.field(default_factory=Drift)
    baselines: dict[str, Baseline] = {}
    owed: dict[str, float] = {}
    recent: list[Row] = []
    unsettled_until: int = 0
    authors_known: bool = False
    muted_until: int = 0
    incident: Open | None = None


def pack_state(state: WatchState) -> bytes:
    """Compressed; numbers keep every bit."""
    return bytes(cramjam.zstd.compress(msgspec.msgpack.encode(state), level=3))


def unpack_state(data: bytes) -> WatchState:
    """The inverse of ``pack_state``; raises ``msgspec.ValidationError`` for the state of another version."""
    return msgspec.msgpack.decode(bytes(cramjam.zstd.decompress(data)), type=WatchState)
