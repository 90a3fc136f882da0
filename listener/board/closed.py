"""Closed minutes as the series topic tells them: the first record of a campaign's minute counts, for every reader.

Minutes of a campaign come oldest first, so a record that is not past the campaign's last minute says again what was
said, or is the late word of a former leader: it is ignored. The last days are kept, packed by hour.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from listener.board.measured import Measured
from models.series import ClosedMinute

#: How long closed minutes are kept in memory; the topic has 400 days.
KEEP_S: Final = 8 * 86_400
_HOUR_S: Final = 3600
_LEVEL: Final = 1

#: (platform, metric) → amount.
Amounts = dict[tuple[str, str], int]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[ClosedMinute]).decode


class _Window:
    """The sums of a campaign's last so many seconds of closed minutes."""

    def __init__(self) -> None:
        self.amounts: Amounts = {}
        self.first = 0

    def add(self, minute: ClosedMinute, sign: int = 1) -> None:
        for platform, counts in minute.counts.items():
            for metric, amount in counts.items():
                where = platform, metric
                left = self.amounts.get(where, 0) + sign * amount
                if left:
                    self.amounts[where] = left
                else:
                    self.amounts.pop(where, None)


class ClosedMinutes:
    """All closed minutes of the last days, and how complete those of 400 days were (``measured``).

    ``last``: the last one per campaign; ``repeated``: records ignored.
    """

    def __init__(self, keep_s: int = KEEP_S) -> None:
        self.last: dict[str, int] = {}
        self.repeated = 0
        self.measured = Measured()
        self._keep_s = keep_s
        self._hours: dict[str, dict[int, bytes]] = {}
        self._open: dict[str, list[ClosedMinute]] = {}
        self._windows: dict[tuple[str, int], _Window] = {}
        self._unpacked: dict[tuple[str, int], tuple[int, list[ClosedMinute]]] = {}

    def take(self, minute: ClosedMinute) -> bool:
        """Take over a record of the topic; False for one that says again what was said."""
        campaign = minute.campaign
        if minute.minute <= self.last.get(campaign, minute.minute - 1):
            self.repeated += 1
            return False
        rows = self._open.setdefault(campaign, [])
        if rows and rows[0].minute // _HOUR_S != minute.minute // _HOUR_S:
            self._pack(campaign, rows)
            rows.clear()
        rows.append(minute)
        self.last[campaign] = minute.minute
        self.measured.take(campaign, minute.minute, minute.completeness)
        for (name, seconds), window in self._windows.items() if self._windows else ():
            if name == campaign:
                self._move(window, minute, seconds)
        return True

    def latest(self, campaign: str) -> ClosedMinute | None:
        """The last closed minute of a campaign."""
        rows = self._open.get(campaign)
        return rows[-1] if rows else None

    def minutes(self, campaign: str, first: int, end: int) -> Iterator[ClosedMinute]:
        """The closed minutes from ``first`` to before ``end`` that are kept, oldest first."""
        hours = self._hours.get(campaign, {})
        for hour in sorted(one for one in hours if first - _HOUR_S < one < end):
            yield from (row for row in _decode(zlib.decompress(hours[hour])) if first <= row.minute < end)
        yield from (row for row in self._open.get(campaign, ()) if first <= row.minute < end)

    def sums(self, campaign: str, seconds: int) -> Mapping[tuple[str, str], int]:
        """The sums of the closed minutes of the ``seconds`` up to the end of the last one."""
        window = self._windows.get((campaign, seconds))
        if window is None:
            window = self._windows[campaign, seconds] = _Window()
            last = self.last.get(campaign, 0)
            window.first = last + 60 - seconds
            for row in self.minutes(campaign, window.first, last + 60):
                window.add(row)
        return window.amounts

    def dump(self) -> "Kept":
        """All of it, sharing nothing that changes."""
        opened = {campaign: _encode(rows) for campaign, rows in self._open.items()}
        runs = {campaign: [list(run) for run in runs] for campaign, runs in self.measured.runs.items()}
        return Kept(dict(self.last), {campaign: dict(hours) for campaign, hours in self._hours.items()}, opened, runs)

    def restore(self, kept: "Kept") -> None:
        """The inverse of ``dump``."""
        self.last, self._hours = kept.last, kept.hours
        self._open = {campaign: _decode(rows) for campaign, rows in kept.opened.items()}
        self._windows.clear()
        self.measured = Measured(kept.measured)

    def _pack(self, campaign: str, rows: list[ClosedMinute]) -> None:
        hours = self._hours.setdefault(campaign, {})
        hours[rows[0].minute // _HOUR_S * _HOUR_S] = zlib.compress(_encode(rows), _LEVEL)
        oldest = rows[-1].minute - self._keep_s
        for hour in [one for one in hours if one + _HOUR_S <= oldest]:
            del hours[hour]

    def _move(self, window: _Window, minute: ClosedMinute, seconds: int) -> None:
        """Let a window end with ``minute``."""
        window.add(minute)
        first = minute.minute + 60 - seconds
        for row in self._leaving(minute.campaign, seconds, window.first, first):
            window.add(row, -1)
        window.first = first

    def _leaving(self, campaign: str, seconds: int, first: int, end: int) -> list[ClosedMinute]:
        """The minutes from ``first`` to before ``end``; their hour is unpacked once, not sixty times."""
        if end - first > _HOUR_S:
            return list(self.minutes(campaign, first, end))
        leaving: list[ClosedMinute] = []
        for hour in {first // _HOUR_S * _HOUR_S, (end - 60) // _HOUR_S * _HOUR_S}:
            known = self._unpacked.get((campaign, seconds))
            # The hour that is still open grows, so it cannot be kept.
            if known is None or known[0] != hour or hour not in self._hours.get(campaign, {}):
                known = self._unpacked[campaign, seconds] = hour, list(self.minutes(campaign, hour, hour + _HOUR_S))
            leaving += [row for row in known[1] if first <= row.minute < end]
        return leaving


class Kept(msgspec.Struct, array_like=True):
    """What a snapshot holds of the closed minutes: last per campaign, packed hours, the hour that is not full, runs.

    A snapshot of a version that knew no runs has none: completeness then begins with what is read after it.
    """

    last: dict[str, int]
    hours: dict[str, dict[int, bytes]]
    opened: dict[str, bytes]
    measured: dict[str, list[list[float]]] = {}
