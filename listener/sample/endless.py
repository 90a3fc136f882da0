"""The sample without an end: the past day as it was, then one day after the other, each told in some minutes.

::

    yesterday, and today until now      a day in 8 minutes    the next     …
    ├───────────── at once ─────────────┤─────────────────────┤────────────┤
                                        now
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from listener.sample.day import DEFAULT_ARTICLES, DEFAULT_POSTS, DEFAULT_SEED, DEFAULT_SESSIONS, Day, Timed
from listener.sample.records import Record
from listener.sample.stream import timed_records
from models.campaign import DEFAULT_TIMEZONE

#: A told day begins in the morning: nights are long.
DAWN: Final = timedelta(hours=7)
_DAY: Final = timedelta(days=1)
_BACKLOG_DAYS: Final = 2
#: The fields of all kinds of records that are times.
_TIMES: Final = ("created_at", "edited_at", "published_at", "event_time", "occurred_at")
#: The fields that are days.
_DAYS: Final = ("date", "first_seen")
_OBSERVED: Final = "observed_at"


def endless(
    now: datetime,
    speed: float,
    seed: int = DEFAULT_SEED,
    posts: int = DEFAULT_POSTS,
    articles: int = DEFAULT_ARTICLES,
    sessions: int = DEFAULT_SESSIONS,
) -> Iterator[Timed]:
    """Records with the time when they are due, in that order, without end; the past day's are due before ``now``.

    ``now`` needs an offset; ``speed`` is how much faster than real the later days are told. Ids never come twice.
    """
    taken: set[str] = set()
    midnight = datetime.combine(now.astimezone(_zone()), time.min, _zone())

    def day(number: int, date: datetime) -> Day:
        return Day(seed + number, posts, date, taken, articles, sessions)

    past = (day(number, midnight - _DAY * (1 - number)) for number in range(_BACKLOG_DAYS))
    yield from _sorted(one for past_day in past for one in timed_records(past_day) if one.moment <= now)
    with ThreadPoolExecutor(1) as pool:
        # Writing a day takes as long as sending some hundred records of it: it is done ahead, beside the sending.
        number = _BACKLOG_DAYS
        ahead = pool.submit(timed_records, day(number, midnight))
        told = Told(now.astimezone(UTC), midnight.astimezone(UTC) + DAWN, speed)
        over: list[Timed] = []
        while True:
            written, number = ahead.result(), number + 1
            ahead = pool.submit(timed_records, day(number, midnight))
            records = _sorted([*over, *(told.of(one) for one in written if told.holds(one))])
            told = told.next
            # What a slow source delivers past the end of its day belongs among the records of the next.
            over = [one for one in records if one.moment >= told.begin]
            yield from records[: len(records) - len(over)]


class Told:
    """Maps the times of a day to those at which it is told: ``dawn`` at ``begin``, then ``speed`` times as fast."""

    def __init__(self, begin: datetime, dawn: datetime, speed: float) -> None:
        self.begin = begin
        self._dawn = dawn
        self._speed = speed

    @property
    def next(self) -> "Told":
        """The same of the day after."""
        return Told(self.moment(self._dawn + _DAY - DAWN), self._dawn, self._speed)

    def holds(self, one: Timed) -> bool:
        """Whether it is told at all: what begins before dawn is not."""
        if one.moment < self._dawn or isinstance(one.record, bytes):
            return one.moment >= self._dawn
        begun = _begun(one.record)
        # What is found days later is told, what began in the night is not.
        return begun is None or begun >= self._dawn or begun < self._dawn - DAWN

    def of(self, one: Timed) -> Timed:
        """The record with its times as told, to the millisecond: their order stays."""
        if isinstance(one.record, bytes):
            return one._replace(moment=self.moment(one.moment))
        observed = datetime.fromisoformat(one.record[_OBSERVED])
        changed: dict[str, str] = {
            name: self._beside(observed, one.record[name]) for name in _TIMES if name in one.record
        }
        today = str(self.moment(observed).astimezone(_zone()).date())
        changed |= {str(name): today for name in _DAYS if name in one.record}
        record = one.record | changed | {_OBSERVED: _text(self.moment(observed))}
        return Timed(self.moment(one.moment), one.topic, record)

    def moment(self, moment: datetime) -> datetime:
        """When something of that time is told."""
        return self.begin + (moment - self._dawn) / self._speed

    def _beside(self, observed: datetime, text: str) -> str:
        """A time of the same day is told as fast; what was days before stays days before."""
        moment = datetime.fromisoformat(text)
        if moment < self._dawn - DAWN:
            return _text(self.moment(observed) - (observed - moment))
        return _text(self.moment(moment))


def _sorted(records: Iterable[Timed]) -> list[Timed]:
    return sorted(records, key=lambda one: one.moment)


def _begun(record: Record) -> datetime | None:
    text = record.get("created_at") or record.get("published_at") or record.get("event_time")
    return None if text is None else datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zone() -> ZoneInfo:
    return ZoneInfo(DEFAULT_TIMEZONE)
