"""Business records of one partition counted again: what each entity comes to, worked out anew after every record."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from listener.recount.counting import Refused, checked_text, decode, refuse_time, since_1970
from listener.recount.live.events import Person, Session
from listener.recount.live.ledger import Ledger
from listener.recount.live.levels import Account, Domain
from listener.recount.live.records import Input, whole
from listener.recount.live.rows import RankDay, SearchDay, SpendDay
from listener.recount.live.sets import InForce
from listener.recount.live.shape import Place, Told
from models.audience import AUDIENCE_TOPIC, AudienceRow
from models.backlinks import BACKLINKS_TOPIC, Backlink
from models.outcome import Outcome
from models.people import PEOPLE_TOPIC, PersonEvent
from models.search import SEARCH_TOPIC, SearchRow
from models.site_rank import RANK_TOPIC, RankRow
from models.spend import SPEND_TOPIC, SpendRow
from models.web import WEB_TOPIC, WebEvent

_MS: Final = timedelta(milliseconds=1)
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
#: A date begins first where the clocks are furthest ahead.
_FIRST_ZONE: Final = timedelta(hours=14)
#: With retention: the oldest event (behind the record time) that each table takes, shortest-lived first, ms.
_LIMITS: Final = (48 * _HOUR, 30 * _DAY, 400 * _DAY)
_ALL_TABLES: Final = len(_LIMITS) + 1


class _Kind(NamedTuple):
    record: Any
    entity: Callable[[], Any]
    #: With retention an entity is forgotten so long after its last change, ms of record time.
    keep: int


_KINDS: Final = {
    WEB_TOPIC: _Kind(WebEvent, Session, 8 * _DAY),
    PEOPLE_TOPIC: _Kind(PersonEvent, Person, 1100 * _DAY),
    SPEND_TOPIC: _Kind(SpendRow, SpendDay, 400 * _DAY),
    SEARCH_TOPIC: _Kind(SearchRow, SearchDay, 400 * _DAY),
    RANK_TOPIC: _Kind(RankRow, RankDay, 400 * _DAY),
    BACKLINKS_TOPIC: _Kind(Backlink, Domain, 400 * _DAY),
    AUDIENCE_TOPIC: _Kind(AudienceRow, Account, 400 * _DAY),
}


@dataclass
class _Kept:
    entity: Any
    changed: int
    figures: Counter[Place] = field(default_factory=Counter)


class BusinessRecount:
    """Counts the records of a partition of a business topic, each under the set of its time."""

    def __init__(self, topic: str, sets: InForce, *, retention: bool) -> None:
        self._kind = _KINDS[topic]
        self._sets = sets
        self._retention = retention
        self._kept: dict[str, _Kept] = {}
        self._amounts: list[tuple[Place, int, int, int]] = []
        self.record_time: int | None = None

    def take(self, record: Input) -> Outcome | None:
        """Count a record; None where it came before all that is known."""
        if record.stamp < self._sets.first:
            return None
        try:
            return self._take(record)
        except Refused:
            return Outcome.INVALID

    def finish(self, ledger: Ledger) -> None:
        """Everything is read: write down what is expected."""
        for place, amount, stamp, reach in self._amounts:
            ledger.add(place.campaign, place.dimension, place.ms, place.metric, amount, stamp, reach)

    def _take(self, record: Input) -> Outcome:
        found = decode(checked_text(whole(record)), self._kind.record)
        now = None if record.timestamp < 0 else record.timestamp * _MS
        observed = since_1970(found.observed_at)
        refuse_time(observed, now)
        kept = self._known(found.entity_key)
        self.record_time = max(self.record_time or observed // _MS, observed // _MS)
        refuse_time(since_1970(_moment(found)), now)
        entity = kept.entity if kept is not None else self._kind.entity()
        outcome: Outcome = entity.take(
            Told(found, observed // _MS, self._sets.at(record.stamp).rules), known=kept is not None
        )
        if outcome is Outcome.COUNTED:
            if kept is None:
                kept = self._kept[found.entity_key] = _Kept(entity, 0)
            kept.changed = self.record_time
            self._note(kept, record.stamp)
        return outcome

    def _known(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None or not self._retention or self.record_time is None:
            return kept
        if self.record_time - kept.changed >= self._kind.keep:
            return None
        return kept

    def _note(self, kept: _Kept, stamp: int) -> None:
        """What the record changed: the difference between what the entity came to and what it comes to now."""
        figures = kept.entity.figures()
        changed = Counter(figures)
        changed.subtract(kept.figures)
        self._amounts += [(place, by, stamp, self._reach(place.ms)) for place, by in changed.items() if by]
        kept.figures = figures
        if kept.entity.forget():
            kept.figures = kept.entity.figures()

    def _reach(self, ms: int) -> int:
        behind = (self.record_time or 0) - ms if self._retention else 0
        return _ALL_TABLES - sum(behind > limit for limit in _LIMITS)


def _moment(record: Any) -> datetime:
    if hasattr(record, "moment"):
        moment: datetime = record.moment[1]
        return moment
    if hasattr(record, "date"):
        return datetime.combine(record.date, time.min, UTC) - _FIRST_ZONE
    observed: datetime = record.observed_at
    return observed
