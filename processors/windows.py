"""Windows: which minute, local hour and local day a moment belongs to.

Times are epoch milliseconds, window starts whole seconds. Hours and days follow the campaign's wall clock (Tehran is
UTC+3:30: UTC hours could never give a Tehran day), so their starts are *local* seconds: what the clock on the wall
shows, read as if it were UTC. Where clocks are put back, the repeated hour is one window of two hours.
"""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the name reads as what it is
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

_FIRST_MS: Final = -62_135_596_800_000
_LAST_MS: Final = 253_402_300_799_999

#: Zone rules are asked for moments in this range only: before it local mean times apply (Tehran had +3:25:44), which no
#: brand team means, and outside ``datetime``'s own range they would overflow.
_FIRST_RULE_MS: Final = 0
_LAST_RULE_MS: Final = 253_370_000_000_000


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime, rounded down."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """The UTC datetime of epoch milliseconds; the nearest there is where ``datetime`` ends (years 1 and 9999).

    "0001-01-01T00:00:00+14:00" is a valid time with no UTC form, and a producer may stamp records with any 64-bit time.
    """
    return EPOCH + timedelta(milliseconds=min(max(ms, _FIRST_MS), _LAST_MS))


def rfc3339(ms: int) -> str:
    """RFC 3339 in UTC, whole seconds: ``2018-05-05T18:46:00Z``."""
    return from_ms(ms).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def minute_start(ms: int) -> int:
    """Start of the UTC minute, epoch seconds."""
    return ms // MINUTE_MS * 60


@lru_cache(maxsize=65_536)
def _offset_s(zone: str, quarter: int) -> int:
    """UTC offset in seconds; ``quarter`` is a quarter-hour of epoch time: no zone changes within one since 1973."""
    ms = min(max(quarter * 900_000, _FIRST_RULE_MS), _LAST_RULE_MS)
    offset = from_ms(ms).astimezone(ZoneInfo(zone)).utcoffset()
    if offset is None:
        raise ValueError(f"time zone {zone!r} gives no offset")
    return int(offset.total_seconds())


def local_seconds(ms: int, zone: str) -> int:
    """The wall clock of ``zone`` at ``ms``, as seconds since 1970-01-01T00:00 local."""
    return ms // 1000 + _offset_s(zone, ms // 900_000)


def hour_start(ms: int, zone: str) -> int:
    """Start of the local hour, local seconds."""
    return local_seconds(ms, zone) // 3600 * 3600


def day_start(ms: int, zone: str) -> int:
    """Start of the local day, local seconds."""
    return local_seconds(ms, zone) // 86400 * 86400
