"""Records of ``listener.series.v1``: closed campaign minutes, written by the leading board, kept 400 days.

The detector, back-tests and charts read only this topic. Key: ``campaign|minute`` (minute: epoch seconds, UTC).
A minute is written once, when it closes; later arrivals change totals, never a verdict already given.
Minutes without anything in them are written too: silence is a measurement, a missing record is none.
"""

from typing import Final

import msgspec
from msgspec import Struct

SERIES_TOPIC: Final = "listener.series.v1"


class ClosedMinute(Struct, frozen=True, omit_defaults=True):
    """One campaign in one closed UTC minute.

    ``minute``        start, epoch seconds
    ``counts``        platform → metric (``models.cells.METRICS``) → amount; zeros are left out
    ``authors``, ``stories`` distinct authors and stories of the mentions in it, as the mention store knew them then
    ``completeness``  share, 0 to 1, of the input partitions with something to tell that had read past the minute
    ``delay_s``       seconds from the end of the minute to its closing, on the clock of record time
    ``replayed``      closed while the pipeline was catching up: never a reason for an alert
    """

    campaign: str
    minute: int
    counts: dict[str, dict[str, int]] = {}
    authors: int = 0
    stories: int = 0
    completeness: float = 1.0
    delay_s: float = 0.0
    replayed: bool = False
    schema_version: int = 1

    @property
    def key(self) -> bytes:
        """Its key on the topic."""
        return f"{self.campaign}|{self.minute}".encode()

    def total(self, metric: str) -> int:
        """A metric over all platforms."""
        return sum(amounts.get(metric, 0) for amounts in self.counts.values())


_decode = msgspec.json.Decoder(ClosedMinute).decode


def pack_minute(minute: ClosedMinute) -> bytes:
    """The value on the wire: JSON."""
    return msgspec.json.encode(minute)


def unpack_minute(value: bytes) -> ClosedMinute:
    """The inverse of ``pack_minute``; ``msgspec.ValidationError`` for anything else."""
    return _decode(value)
