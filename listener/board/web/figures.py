"""Now against usual, and the shape of the last day, from closed minutes: what a page shows in figures."""

from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, Protocol

from models.series import ClosedMinute

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
#: Past days that "usual" looks at: a week, so that every weekday is in it once.
USUAL_DAYS: Final = 7
#: Fewer measured days make no "usual".
LEAST_DAYS: Final = 3
#: A past hour or day of which less was measured is no measure of it.
_LEAST_SHARE: Final = 0.9
#: Campaigns whose minutes are kept at hand: some 60 kB each.
_KEPT: Final = 500
_MISSING: Final = -1

SENTIMENTS: Final = ("negative", "neutral", "positive")


class Closed(Protocol):
    """The closed minutes of the last days."""

    def latest(self, campaign: str) -> ClosedMinute | None:
        """The last closed minute of a campaign."""

    def minutes(self, campaign: str, first: int, end: int) -> Iterator[ClosedMinute]:
        """The closed minutes from ``first`` to before ``end`` (epoch seconds), oldest first."""

    def sums(self, campaign: str, seconds: int) -> Mapping[tuple[str, str], int]:
        """(platform, metric) → amount of the closed minutes of the last ``seconds``."""


@dataclass(frozen=True)
class Against:
    """``now`` in a window, and what the same window of past days had in the middle.

    ``usual`` is None where fewer than ``LEAST_DAYS`` of them were measured; ``days``: how many were.
    """

    now: int
    usual: float | None
    days: int

    @property
    def factor(self) -> float | None:
        """How many times the usual; None where there is no usual, or it is 0."""
        return self.now / self.usual if self.usual else None


@dataclass(frozen=True)
class Summary:
    """Of one campaign, up to the end of its last closed minute (epoch seconds); posts and articles together.

    ``spark``: mentions in each of the last 24 hours, oldest first; ``day_now`` is their sum.
    """

    until: int
    completeness: float
    delay_s: float
    replayed: bool
    hour: Against
    spark: tuple[int, ...]

    @property
    def day_now(self) -> int:
        """Mentions of the last 24 hours."""
        return sum(self.spark)


@dataclass(frozen=True)
class Details:
    """What a campaign's own page shows besides: the last 24 hours against usual, by platform, by sentiment."""

    day: Against
    platforms: tuple[tuple[str, int], ...]
    sentiment: tuple[tuple[str, int], ...]
    press: int


class Figures:
    """Computes figures from closed minutes; each minute is unpacked once."""

    def __init__(self, closed: Closed) -> None:
        self._closed = closed
        self._known: OrderedDict[str, _Campaign] = OrderedDict()

    def summary(self, name: str) -> Summary | None:
        """The figures of a campaign; None while it has no closed minute."""
        latest = self._closed.latest(name)
        if latest is None:
            return None
        campaign = self._campaign(name)
        if campaign.summary is None or campaign.summary.until != latest.minute + MINUTE_S:
            until = latest.minute + MINUTE_S
            hours = range(until - DAY_S, until, HOUR_S)
            campaign.summary = Summary(
                until,
                latest.completeness,
                latest.delay_s,
                latest.replayed,
                campaign.against(until, HOUR_S),
                tuple(campaign.window(hour, hour + HOUR_S)[0] for hour in hours),
            )
        return campaign.summary

    def details(self, name: str) -> Details | None:
        """What its own page shows besides."""
        summary = self.summary(name)
        if summary is None:
            return None
        sums = self._closed.sums(name, DAY_S)
        return Details(
            self._campaign(name).against(summary.until, DAY_S),
            _platforms(sums),
            tuple((label, _total(sums, f"mentions_{label}")) for label in SENTIMENTS),
            _total(sums, "press_mentions"),
        )

    def _campaign(self, name: str) -> "_Campaign":
        campaign = self._known.get(name)
        if campaign is None:
            campaign = self._known[name] = _Campaign(self._closed, name)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return campaign


class _Campaign:
    """The minutes of one campaign by hour: mentions, or that they were not measured."""

    def __init__(self, closed: Closed, name: str) -> None:
        self.summary: Summary | None = None
        self._closed = closed
        self._name = name
        self._hours: dict[int, array[int]] = {}

    def against(self, until: int, window_s: int) -> Against:
        """The last ``window_s`` seconds before ``until`` against the same seconds of the days before.

        The median of at most ``USUAL_DAYS`` days: one odd day among them changes nothing. Silence is measured too, so
        a day counts when nine tenths of its minutes are there.
        """
        self._drop_before(until - (USUAL_DAYS + 1) * DAY_S - HOUR_S)
        ends = [until - days * DAY_S for days in range(1, USUAL_DAYS + 1)]
        found = [self.window(end - window_s, end) for end in ends]
        least = window_s // MINUTE_S * _LEAST_SHARE
        past = [amount for amount, minutes in found if minutes >= least]
        now, _ = self.window(until - window_s, until)
        return Against(now, median(past) if len(past) >= LEAST_DAYS else None, len(past))

    def window(self, first: int, end: int) -> tuple[int, int]:
        """(mentions, measured minutes) from ``first`` to before ``end``."""
        amount = measured = 0
        for hour in range(first // HOUR_S * HOUR_S, end, HOUR_S):
            low, high = max(0, first - hour) // MINUTE_S, min(HOUR_S, end - hour) // MINUTE_S
            row = self._hour(hour)[low:high]
            missing = row.count(_MISSING)
            amount += sum(row) - missing * _MISSING
            measured += len(row) - missing
        return amount, measured

    def _hour(self, hour: int) -> "array[int]":
        known = self._hours.get(hour)
        if known is not None:
            return known
        row = array("i", [_MISSING] * (HOUR_S // MINUTE_S))
        for minute in self._closed.minutes(self._name, hour, hour + HOUR_S):
            row[(minute.minute - hour) // MINUTE_S] = mentions(minute)
        latest = self._closed.latest(self._name)
        if latest is not None and latest.minute >= hour + HOUR_S - MINUTE_S:
            # Minutes come oldest first: nothing comes to this hour any more.
            self._hours[hour] = row
        return row

    def _drop_before(self, moment: int) -> None:
        for hour in [hour for hour in self._hours if hour < moment]:
            del self._hours[hour]


def mentions(minute: ClosedMinute) -> int:
    """Posts of a minute; articles are counted apart."""
    return minute.total("mentions")


def _platforms(sums: Mapping[tuple[str, str], int]) -> tuple[tuple[str, int], ...]:
    amounts: dict[str, int] = {}
    for (platform, metric), amount in sums.items():
        if metric == "mentions":
            amounts[platform] = amounts.get(platform, 0) + amount
    return tuple(sorted(((name, n) for name, n in amounts.items() if n), key=lambda one: (-one[1], one[0])))


def _total(sums: Mapping[tuple[str, str], int], *metrics: str) -> int:
    return sum(amount for (_, metric), amount in sums.items() if metric in metrics)
