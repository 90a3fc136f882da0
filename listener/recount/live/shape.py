"""What the recount of business records is made of."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from listener.recount.counting import since_1970
from models.outcome import Outcome
from processors.business.rules import Rules


class Place(NamedTuple):
    """Where an amount is counted: campaign, moment (epoch ms), dimension, name of the metric."""

    campaign: str
    ms: int
    dimension: str
    metric: str


class Told(NamedTuple):
    """A record, when it was observed (epoch ms), and the rules in force."""

    record: Any
    observed: int
    rules: Rules

    @property
    def content(self) -> bytes:
        """Equal for a row that is delivered again."""
        return msgspec.json.encode(msgspec.structs.replace(self.record, event_id="-", source=None, schema_version=1))


def upserted(last: Told | None, new: Told) -> Outcome:
    """The newest observation of a row counts."""
    if last is not None and new.observed < last.observed:
        return Outcome.STALE
    if last is not None and (new.observed, new.content) == (last.observed, last.content):
        return Outcome.DUPLICATE
    return Outcome.COUNTED


def midnight(day: date, zone: str) -> int:
    """The beginning of a local day, epoch ms."""
    return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def epoch_ms(moment: datetime) -> int:
    """Epoch milliseconds, rounded down."""
    since = since_1970(moment)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def summed(amounts: Iterable[tuple[Place, int]]) -> Counter[Place]:
    """Sums by place."""
    total: Counter[Place] = Counter()
    for place, amount in amounts:
        total[place] += amount
    return total
