"""The business streams as the counting plane counts them: the folds, with lateness and the reach of each delta."""

from collections.abc import Container, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import msgspec

from models.campaign import CampaignSet
from models.cells import CELL_TABLES
from models.streams import PEOPLE, WEB
from processors.business.kinds import BUSINESS_KINDS, BusinessKind
from processors.business.rules import Rules
from processors.judge import decode_as
from processors.kinds import Bounds, Delta, Folded, FoldEvent, Kind
from processors.overlay import Reader
from processors.windows import DAY_MS, HOUR_MS, to_ms

#: Oldest event that still goes to a table, in milliseconds behind the record time; the lifetime takes all.
_MINUTE_MS: Final = 48 * HOUR_MS
_HOUR_MS: Final = 30 * DAY_MS
_DAY_MS: Final = 400 * DAY_MS
_EVERYTHING: Final = len(CELL_TABLES)
#: How long entities are kept: a stage is entered once, an order is refunded late, a day's spend is restated.
_KEEP_MS: Final = 400 * DAY_MS
_KEEP_PEOPLE_MS: Final = 1100 * DAY_MS
_KEEP_SESSIONS_MS: Final = 8 * DAY_MS
#: A date is a whole local day, which begins up to 14 h before midnight UTC.
_FIRST_ZONE: Final = timedelta(hours=14)


def business_readers(campaign_set: CampaignSet) -> dict[str, Reader]:
    """How a campaign set reads the business topics: every record is looked at, attribution is the folds' own."""
    rules = Rules(campaign_set)
    return {topic: Reader(_always, _nobody, rules) for topic in BUSINESS_KINDS}


def reach(moment: int, record_time: int | None, *, retention: bool) -> int:
    """To how many tables an event of that time goes, from the longest-lived on: those whose age limit it meets."""
    behind = 0 if record_time is None or not retention else record_time - moment
    return _EVERYTHING - sum(behind > limit for limit in (_MINUTE_MS, _HOUR_MS, _DAY_MS))


def _always(raws: Sequence[bytes], _texts: Sequence[bytes]) -> Sequence[int]:
    return range(len(raws))


def _nobody(_record: object) -> tuple[()]:
    return ()


def _folding(kind: BusinessKind) -> FoldEvent:
    def fold(
        entity: Any | None,
        record: Any,
        matched: Sequence[str],
        record_time: int | None,
        bounds: Bounds,
        in_force: Container[str],
    ) -> Folded:
        del matched
        if not isinstance(in_force, Rules):
            raise TypeError("business records are attributed by rules")
        change = kind.fold(entity, record, in_force)
        observed = to_ms(record.observed_at)
        now = observed if record_time is None else max(record_time, observed)
        if change.entity is not None:
            change.entity.changed = now
        retention = bounds.behind is not None
        deltas = [
            Delta(
                place.campaign,
                place.time,
                place.metric,
                amount,
                place.dimension,
                reach(place.time, now, retention=retention),
            )
            for place, amount in change.deltas.items()
        ]
        return Folded(change.outcome, change.entity, deltas)

    return fold


def _moment(record: Any) -> tuple[str, datetime]:
    if hasattr(record, "moment"):
        field, moment = record.moment
        return field, moment
    if hasattr(record, "date"):
        return "date", datetime.combine(record.date, time.min, UTC) - _FIRST_ZONE
    return "observed_at", record.observed_at


def _plane_kind(kind: BusinessKind) -> Kind:
    decoder = msgspec.json.Decoder(kind.record)
    keep = {WEB.topic: _KEEP_SESSIONS_MS, PEOPLE.topic: _KEEP_PEOPLE_MS}
    return Kind(
        stream=kind.stream,
        skim=decoder.decode,
        decode=lambda value: decode_as(decoder, value),
        moment=_moment,
        fold=_folding(kind),
        tracked=lambda entity, _op: entity is not None,
        unpack=kind.unpack,
        pack=kind.pack,
        dimension=lambda _entity: "",
        keep_ms=keep.get(kind.stream.topic, _KEEP_MS),
    )


BUSINESS_PLANE_KINDS: Final = tuple(map(_plane_kind, BUSINESS_KINDS.values()))
