"""Closed minutes: when no partition will add to a minute any more in the normal course, and how complete it then is.

All times are epoch milliseconds. How far a topic is read follows from the progress cells of its partitions::

    busy partition     its record time, as far as that is durable
    idle partition     live: the moment of its last word (it had nothing left to read then); in a replay: left out
    dead partition     no word for ``dead_after_s``: left out, and the minute is the less complete for it
    topic              the least of these; in a replay in which all are idle, the largest record time

Minute m is closed when the topic is read up to m + 60 s + ``delay_s``. A topic is in a *replay* when its largest record
time is more than ``replay_after_s`` behind the wall clock, which then says nothing about what is still to come.

Topics whose records come once a day or less (``Stream.steady``) are never silent and never in a replay: with nothing
left to read they are read up to now, however old their last record is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from models.progress import Progress
from processors.windows import MINUTE_MS

#: An idle owner restates its progress every 5 s; after so many seconds without a word it does not count as idle.
FRESH_S: Final = 30.0
#: A minute that closes later than this after its usual closing was closed while catching up (seconds).
CATCHING_UP_S: Final = 300.0


@dataclass(frozen=True)
class Rules:
    """When a minute closes, in seconds.

    ``delay_s``        wait past the end of a minute: records of slow sources
    ``dead_after_s``   a partition without a word for so long no longer holds minutes open
    ``silent_after_s`` a steady topic without a record for so long is silent: its minutes are not complete
    ``replay_after_s`` record times further behind the wall clock are a replay
    """

    delay_s: float = 30.0
    dead_after_s: float = 600.0
    silent_after_s: float = 6 * 3600.0
    replay_after_s: float = 24 * 3600.0


USUAL: Final = Rules()


class Reach(NamedTuple):
    """How far a topic is read.

    ``until``   records up to here are counted; None while that cannot be said
    ``told``    partitions that ever had a record, ``heard`` those of them that are alive
    ``newest``  largest record time
    ``steady``  whether hours without a record mean that its source is silent
    """

    until: int | None
    told: int
    heard: int
    newest: int | None
    replaying: bool
    steady: bool = True


def reach(partitions: Iterable[Progress], now: int, rules: Rules, *, steady: bool = True) -> Reach:
    """How far a topic is read, by the progress cells of its partitions at wall clock ``now``."""
    known = list(partitions)
    newest = max((cell.record_time for cell in known if cell.record_time is not None), default=None)
    replaying = steady and newest is not None and newest < now - rules.replay_after_s * 1000
    alive = [cell for cell in known if now - cell.written_at <= rules.dead_after_s * 1000]
    return Reach(
        until=_until(alive, now, newest, replaying=replaying),
        told=sum(cell.record_time is not None for cell in known),
        heard=sum(cell.record_time is not None for cell in alive),
        newest=newest,
        replaying=replaying,
        steady=steady,
    )


def _until(alive: list[Progress], now: int, newest: int | None, *, replaying: bool) -> int | None:
    if newest is None or not alive:
        return None
    clocks: list[int] = []
    for cell in alive:
        idle = cell.caught_up and cell.stamp == cell.durable
        if idle and not replaying:
            clocks.append(cell.written_at)
        elif not idle or now - cell.written_at > FRESH_S * 1000:
            durable = _durable_time(cell)
            if durable is None:
                return None
            clocks.append(durable)
    # A source whose clock is ahead must not close minutes that have not passed.
    return min(*clocks, now) if clocks else min(newest, now)


def _durable_time(cell: Progress) -> int | None:
    """The record time up to which everything was durable, hence readable, when this cell was written."""
    return cell.record_time if cell.stamp == cell.durable else cell.durable_record_time


def onward(before: Reach | None, now: Reach) -> Reach:
    """``now``, but never less far than ``before``: what was read stays read.

    While a flush is settling, or nobody is heard, a topic cannot say how far it is; it is as far as it was.
    """
    if before is None or before.until is None or (now.until is not None and now.until >= before.until):
        return now
    return now._replace(until=before.until)


def told(reaches: Mapping[str, Reach]) -> dict[str, Reach]:
    """The topics with something to tell: one that never had a record closes nothing and holds nothing open."""
    return {topic: one for topic, one in reaches.items() if one.told}


def read_until(reaches: Mapping[str, Reach]) -> int | None:
    """How far all topics with something to tell are read; None while one of them cannot say, or there is none."""
    untils = [one.until for one in told(reaches).values()]
    known = [until for until in untils if until is not None]
    return min(known) if known and len(known) == len(untils) else None


def last_closed(until: int, rules: Rules) -> int:
    """The last minute (epoch seconds) that is closed when everything is read up to ``until``."""
    return int((until - rules.delay_s * 1000) // MINUTE_MS - 1) * 60


def completeness(reaches: Iterable[Reach], minute: int, rules: Rules) -> float:
    """The share of the partitions with something to tell whose records of ``minute`` (epoch seconds) are in.

    Missing is not zero: dead partitions and silent topics count as missing. 0 where no partition has anything to tell.
    """
    told = heard = 0
    for one in reaches:
        told += one.told
        silent = one.newest is None or one.newest < minute * 1000 - rules.silent_after_s * 1000
        silent &= one.steady
        heard += 0 if silent else one.heard
    return heard / told if told else 0.0


def delay_s(until: int, minute: int) -> float:
    """Seconds from the end of ``minute`` to its closing on the clock of record time."""
    return max(0.0, until / 1000 - minute - 60)


def catching_up(now: int, minute: int, rules: Rules) -> bool:
    """Whether ``minute`` closes at wall clock ``now`` so late that the pipeline must have been catching up."""
    return now - (minute + 60 + rules.delay_s) * 1000 > CATCHING_UP_S * 1000


class TopicNow(NamedTuple):
    """How a topic stands: ``until`` in epoch milliseconds, ``delay_s`` behind the wall clock."""

    topic: str
    until: int | None
    completeness: float
    delay_s: float | None
    replaying: bool


def topics_now(reaches: Mapping[str, Reach], now: int, rules: Rules) -> list[TopicNow]:
    """Every topic, as it stands at wall clock ``now``."""
    return [
        TopicNow(
            topic,
            one.until,
            # In a replay nothing is silent: the records themselves tell the time.
            completeness([one], (one.newest if one.replaying and one.newest else now) // 1000, rules),
            None if one.until is None else max(0.0, (now - one.until) / 1000),
            one.replaying,
        )
        for topic, one in sorted(reaches.items())
    ]


class Plan(NamedTuple):
    """Minutes to write: for each campaign the first one; all of them up to ``last``, in steps of 60 s."""

    first: dict[str, int]
    last: int


def plan(campaigns: Iterable[str], written: Mapping[str, int], last: int, oldest: int) -> Plan:
    """Where each campaign's series goes on, when ``last`` is the last closed minute.

    ``written``: last written minute per campaign. Minutes are written oldest first, all campaigns of a minute before
    the next; so a campaign that is at most one minute behind the furthest goes on behind its own last minute, and one
    that is further behind was not watched meanwhile: silence is a measurement, not watching is none. ``oldest``: before
    it the counts of a minute are not kept any more.
    """
    frontier = max(written.values(), default=None)
    first: dict[str, int] = {}
    for campaign in campaigns:
        own = written.get(campaign)
        if frontier is None:
            start = oldest
        elif own is None or own < frontier - 60:
            start = frontier + 60
        else:
            start = own + 60
        first[campaign] = max(start, oldest)
    return Plan({campaign: start for campaign, start in first.items() if start <= last}, last)
