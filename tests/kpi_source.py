"""KPIs to look at without Kafka: the sample's records of all topics, and a history of targets."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from listener.kpis.reading import batch_of
from listener.sample.day import DEFAULT_DAY, Day
from listener.sample.stream import timed_records
from models.campaign import Campaign, CampaignSet
from models.feedback import TargetSet
from processors.kpis.batch import Batch, Invalid
from processors.kpis.figures import Figures
from processors.kpis.history import Kept, target_changes
from processors.kpis.periods import Span
from processors.windows import from_ms

_DAYS = 3


class SampleKpis:
    """What a board's KPIs answer after some days of the sample, at ``now`` (epoch ms)."""

    def __init__(self, campaigns: CampaignSet, now: int) -> None:
        self.campaigns: Mapping[str, Campaign] = {one.id: one for one in campaigns.campaigns}
        self.ready = True
        self.target_changes: Sequence[TargetSet] = changes(campaigns, from_ms(now))
        self._now = now
        self._batch = _sample(campaigns)

    def figures(self) -> Figures:
        return self._batch.figures

    def now(self) -> int:
        return self._now

    def measured(self, _campaign: str, _span: Span) -> None:
        """Nobody closes minutes here."""


def changes(campaigns: CampaignSet, until: datetime) -> list[TargetSet]:
    """Every target as it is a month ago, with half the number a week before that."""
    first = target_changes(campaigns, [], until - timedelta(days=35))
    half = [TargetSet(one.campaign, one.kpi, one.at, "first", _halved(one.target)) for one in first]
    return [*half, *target_changes(campaigns, half, until - timedelta(days=28))]


def _halved(target: Kept | None) -> Kept | None:
    number = (target or {}).get("target")
    return target | {"target": number / 2} if target and isinstance(number, float) else target


def _sample(campaigns: CampaignSet) -> Batch:
    batch = batch_of(campaigns)
    taken: set[str] = set()
    for number in range(_DAYS):
        midnight = DEFAULT_DAY - timedelta(days=_DAYS - 1 - number)
        for one in timed_records(Day(number + 1, 100, midnight, taken, 20, 50)):
            value = one.record if isinstance(one.record, bytes) else msgspec.json.encode(one.record)
            try:
                batch.take(one.topic, value)
            except Invalid:
                continue  # the sample has poison in it
    return batch
