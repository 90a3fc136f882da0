"""From the order of observation to the order of delivery: late batches, resent ones, snapshots that lose a race."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from listener.sample.life import Observed
from listener.sample.records import Record

#: A record is delivered within seconds of its observation…
_LATENCY_S: Final = (0.2, 9.0)
#: …but some engagement takes hours (the next snapshot has arrived before it: stale).
_SLOW: Final = 0.03
_SLOW_S: Final = (3_600, 4 * 3_600)
#: Delivered twice, seconds or minutes apart.
_TWICE: Final = 0.008
_AGAIN_S: Final = (1, 300)
#: One platform's source is stuck for half an hour, then sends all it has, and what it had sent before, once more.
_STUCK_PLATFORM: Final = "telegram"
_STUCK_HOURS: Final = (13.4, 13.9)
_RESENT_HOURS: Final = 0.35

#: A record and when it is delivered.
Delivered = tuple[datetime, Record]


def delivered(rng: Random, observed: Iterable[Observed], midnight: datetime) -> Iterator[Delivered]:
    """Every record with its time of delivery, some of them twice; in no order. ``midnight``: the day's beginning."""
    stuck, freed = (midnight + timedelta(hours=hour) for hour in _STUCK_HOURS)
    resent = stuck - timedelta(hours=_RESENT_HOURS)
    for moment, record in observed:
        arrival = moment + _seconds(rng, _LATENCY_S)
        if record["platform"] == _STUCK_PLATFORM and stuck <= moment < freed:
            arrival = freed + (moment - stuck) / 100
        elif record["op"] == "engagement" and rng.random() < _SLOW:
            arrival += _seconds(rng, _SLOW_S)
        yield arrival, record
        if record["platform"] == _STUCK_PLATFORM and resent <= moment < stuck:
            yield freed + (moment - stuck) / 100, record
        elif rng.random() < _TWICE:
            yield arrival + _seconds(rng, _AGAIN_S), record


def _seconds(rng: Random, bounds: tuple[float, float]) -> timedelta:
    return timedelta(seconds=rng.uniform(*bounds))
