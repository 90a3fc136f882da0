"""What is still to be said of a partition whose first records are gone.

A gone record was produced before the first that is left, so what it is about began no later than an hour after that.
Windows that begin later hold nothing of gone records; but posts that are older are followed there, and how they stood
is not known any more.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from listener.recount.counting import FUTURE_LIMIT, since_1970
from listener.recount.history import MINUTE
from listener.recount.live.comparing import Cut
from listener.recount.live.records import Input
from listener.recount.live.shape import epoch_ms
from models.streams import ARTICLES, POSTS, SEARCH, SITE_RANK, SPEND, Stream

_FUTURE_MS: Final = FUTURE_LIMIT.days * 86_400_000 + FUTURE_LIMIT.seconds * 1000
_DAY_MS: Final = 86_400_000
#: A record that does not say when it was produced tells nothing of those before it.
_NEVER_MS: Final = 2**62
#: A row of these counts on its own date, whatever came before.
_DATED: Final = (SPEND, SEARCH, SITE_RANK)


class _Times(Struct):
    observed_at: datetime
    created_at: datetime | None = None
    published_at: datetime | None = None


_decode = msgspec.json.Decoder(_Times).decode


class Older:
    """Notes which minutes were touched by something that is older than the first record that is left."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._before: int | None = None
        self._minutes: set[int] = set()

    def take(self, record: Input) -> None:
        """Look at a record."""
        if self._before is None:
            self._before = record.timestamp + _FUTURE_MS if record.timestamp >= 0 else _NEVER_MS
        if self._stream not in (POSTS, ARTICLES):
            return
        try:
            times = _decode(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        began = times.created_at or times.published_at
        if began is None or epoch_ms(began) <= self._before:
            minute = since_1970(times.observed_at) // MINUTE * 60
            self._minutes.add(minute)

    @property
    def minutes(self) -> frozenset[int]:
        """UTC minutes (seconds since 1970)."""
        return frozenset(self._minutes)

    def cut(self, *, known: bool) -> Cut:
        """What can be compared in spite of it; ``known``: the campaign sets of what is left are."""
        if not known:
            return Cut(0, "which campaign sets were in force is not recorded: start the workers once", whole=True)
        if self._before is None:
            return Cut(0, "no record is left", whole=True)
        reason = "their first records are gone, or were counted before sets were recorded"
        if self._stream in (POSTS, ARTICLES):
            return Cut(self._before, reason, minutes=self.minutes)
        return Cut(self._before + 2 * _DAY_MS, reason, whole=self._stream not in _DATED)
