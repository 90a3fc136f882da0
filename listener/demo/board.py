"""What the demo asks the board."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
from msgspec import Struct

from listener.demo.kpis import GROWTH, KpisNow, known, most_known
from listener.demo.processes import HOST
from listener.errors import UsageProblem
from listener.recount.report import Report

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30.0)
_RETRY_S: Final = 0.2
_PATIENCE_S: Final = 120.0
#: Series asked for at the same time.
_AT_ONCE: Final = 4
#: Minutes of the trend.
TREND_MINUTES: Final = 20

T = TypeVar("T")


class PartitionProgress(Struct, frozen=True):
    """How far one source partition is counted: stamps, record time, records per outcome and reason of invalid ones."""

    topic: str
    partition: int
    stamp: int
    durable: int
    outcomes: dict[str, int]
    reasons: dict[str, int] = {}
    caught_up: bool = False
    record_time: datetime | None = None


class BoardProgress(Struct, frozen=True):
    """All partitions, and the next offset that the board will read of each partition of each changelog."""

    partitions: list[PartitionProgress]
    positions: dict[str, dict[int, int]]

    def outcomes(self) -> dict[str, int]:
        """Records per outcome over all partitions."""
        total: dict[str, int] = {}
        for partition in self.partitions:
            for name, count in partition.outcomes.items():
                total[name] = total.get(name, 0) + count
        return total

    @property
    def read(self) -> int:
        """Records read so far."""
        return sum(self.outcomes().values())

    @property
    def record_time(self) -> datetime | None:
        """The newest time of observation of a record that was read; None before the first."""
        return max((one.record_time for one in self.partitions if one.record_time), default=None)

    def is_durable(self, next_offsets: dict[tuple[str, int], int]) -> bool:
        """Whether everything before these source offsets, by (topic, partition), is durable, and its owner at rest.

        Only then is everything gone that retention has passed.
        """
        durable = {(one.topic, one.partition): one.durable for one in self.partitions if one.caught_up}
        return all(durable.get(where, -1) >= offset - 1 for where, offset in next_offsets.items())

    def has_reached(self, ends: dict[str, dict[int, int]]) -> bool:
        """Whether the board has read the changelogs up to these offsets."""
        return all(
            self.positions.get(topic, {}).get(number, 0) >= end
            for topic, offsets in ends.items()
            for number, end in offsets.items()
        )


class _Totals(Struct, frozen=True):
    id: str
    totals: dict[str, int]


class CampaignNow(Struct, frozen=True):
    """A campaign's lifetime totals, those of the minute and hour of the record time, and mentions minute by minute."""

    id: str
    totals: dict[str, int]
    name: str = ""
    timezone: str = "UTC"
    minute: dict[str, Any] = {}
    hour: dict[str, Any] = {}
    trend: tuple[int, ...] = ()


class _AllNow(Struct, frozen=True):
    campaigns: list[CampaignNow]


class _Kpis(Struct, frozen=True):
    kpis: dict[str, dict[str, Any]]


class _Campaigns(Struct, frozen=True):
    campaigns: list[_Totals]


class _Series(Struct, frozen=True):
    series: list[dict[str, Any]]


class BoardClient:
    """Reads a board's API; ``port`` is asked for at each request, as a board that was started again has another."""

    def __init__(self, http: aiohttp.ClientSession, port: Callable[[], int]) -> None:
        self._http = http
        self._port = port

    async def progress(self) -> BoardProgress | None:
        """How far the counting is; None when the board does not answer now."""
        try:
            return await self._get("/api/progress", BoardProgress)
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def report(self, outcomes: dict[str, int], campaigns: Iterable[str], *, press: bool = False) -> Report:
        """All totals and minutes of the campaigns; zeros for one that the board has nothing of.

        ``press``: press mentions are reported too.
        """
        found = await self._insist(lambda: self._get("/api/campaigns", _Campaigns))
        totals: dict[str, dict[str, int]] = {name: {} for name in campaigns} | {
            one.id: one.totals for one in found.campaigns
        }
        limit = asyncio.Semaphore(_AT_ONCE)

        async def minutes(campaign: str) -> list[tuple[str, str, dict[str, Any]]]:
            path = f"/api/campaigns/{campaign}/series?window=minute"
            async with limit:
                series = (await self._insist(lambda: self._get(path, _Series))).series
            return [(campaign, row["start"], row) for row in series]

        rows = await asyncio.gather(*(minutes(one.id) for one in found.campaigns))
        return Report.of(outcomes, totals, [row for some in rows for row in some], press=press)

    async def now(self, moment: datetime | None, most: int = 20) -> list[CampaignNow]:
        """The campaigns as they stand at a record time; empty while the board does not answer.

        Beyond ``most`` the busiest are looked at, in the order of their ids all the same.
        """
        try:
            found = (await self._get("/api/campaigns", _AllNow)).campaigns
            busiest = sorted(found, key=lambda one: -sum(one.totals.values()))[:most]
            shown = sorted(busiest, key=lambda one: one.id)
            return [await self._at(one, moment) for one in shown] if moment else shown
        except (aiohttp.ClientError, TimeoutError):
            return []

    async def kpis(self, campaigns: Iterable[str]) -> KpisNow | None:
        """Those of the campaign of which most is known; None while the board does not answer."""
        try:
            best = most_known([known(one, await self._kpis(one, "campaign")) for one in campaigns])
            if best is None:
                return None
            # To date there is nothing before that a growth could be of.
            growth = known(best.campaign, {GROWTH: (await self._kpis(best.campaign, "24h"))[GROWTH]})
        except (aiohttp.ClientError, TimeoutError):
            return None
        return msgspec.structs.replace(best, values=best.values | growth.values)

    async def _kpis(self, campaign: str, period: str) -> dict[str, dict[str, Any]]:
        return (await self._get(f"/api/campaigns/{campaign}/kpis?period={period}", _Kpis)).kpis

    async def _at(self, one: CampaignNow, moment: datetime) -> CampaignNow:
        """With what was counted in the minute and the hour of ``moment``, and in the minutes before it."""
        this = moment.astimezone(UTC).replace(second=0, microsecond=0)
        first = this - timedelta(minutes=TREND_MINUTES - 1)
        minutes = await self._windows(one.id, "minute", first)
        hour = moment.astimezone(ZoneInfo(one.timezone)).replace(minute=0, second=0, microsecond=0)
        hours = await self._windows(one.id, "hour", hour)
        starts = (_text(first + timedelta(minutes=number)) for number in range(TREND_MINUTES))
        trend = tuple(minutes.get(start, {}).get("mentions", 0) for start in starts)
        now = {"minute": minutes.get(_text(this), {}), "hour": hours.get(_text(hour).removesuffix("Z"), {})}
        return msgspec.structs.replace(one, **now, trend=trend)

    async def _windows(self, campaign: str, window: str, first: datetime) -> dict[str, dict[str, Any]]:
        """Start → counters of the windows that start at ``first`` or later, oldest first."""
        path = f"/api/campaigns/{campaign}/series?window={window}&from={_text(first.astimezone(UTC))}"
        return {row["start"]: row for row in (await self._get(path, _Series)).series}

    async def _get(self, path: str, shape: type[T]) -> T:
        async with self._http.get(f"http://{HOST}:{self._port()}{path}", timeout=_TIMEOUT) as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=shape)

    async def _insist(self, request: Callable[[], Awaitable[T]]) -> T:
        """Ask again while the board is being started again."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    try:
                        return await request()
                    except (aiohttp.ClientError, TimeoutError):
                        await asyncio.sleep(_RETRY_S)
        except TimeoutError:
            raise UsageProblem(f"the board has not answered for {_PATIENCE_S:.0f} s.") from None


def _text(moment: datetime) -> str:
    """A moment as the API has it."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
