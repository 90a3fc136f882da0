"""Dated rows counted again: spend, search and ranks. Of each key the last row counts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from listener.recount.live.shape import Place, Told, midnight, summed, upserted
from models.money import exponent
from models.outcome import Outcome
from processors.business.rules import site_key


class _Day:
    """One key. ``shares`` and ``metrics`` say what a row means."""

    def __init__(self) -> None:
        self.last: Told | None = None

    def take(self, told: Told, *, known: bool) -> Outcome:
        """The outcome of one more row."""
        if not known and not list(self.shares(told)):
            return Outcome.UNMATCHED
        outcome = upserted(self.last, told)
        if outcome is Outcome.COUNTED:
            self.last = told
        return outcome

    def figures(self) -> Counter[Place]:
        """All that the key comes to."""
        return summed(self._amounts(self.last)) if self.last is not None else Counter()

    def forget(self) -> bool:
        """Nothing of a row is forgotten."""
        return False

    def _amounts(self, told: Told) -> Iterator[tuple[Place, int]]:
        for campaign, dimension in self.shares(told):
            at = midnight(told.record.date, told.rules[campaign].zone)
            for metric, amount in self.metrics(told).items():
                yield Place(campaign, at, dimension, metric), amount

    def shares(self, told: Told) -> Iterable[tuple[str, str]]:
        """(campaign, dimension) of a row."""
        raise NotImplementedError

    def metrics(self, told: Told) -> dict[str, int]:
        """Metric → amount of a row."""
        raise NotImplementedError


class SpendDay(_Day):
    """What an ad campaign cost on a day."""

    def shares(self, told: Told) -> Iterable[tuple[str, str]]:
        """By ad campaign."""
        row = told.record
        return [(name, f"{row.category or 'media'}:{row.currency}") for name in told.rules.of_ad(row.campaign_id)]

    def metrics(self, told: Told) -> dict[str, int]:
        """Cost in minor units."""
        row = told.record
        cost = int(Decimal(row.cost) * 10 ** exponent(row.currency))
        return {"cost": cost, "impressions": row.impressions or 0, "clicks": row.clicks or 0}


class SearchDay(_Day):
    """How a site stood for a query on a day."""

    def shares(self, told: Told) -> Iterable[tuple[str, str]]:
        """By site and query."""
        row = told.record
        return [(name, told.rules[name].keyword(row.query)) for name in told.rules.of_search(row.site, row.query)]

    def metrics(self, told: Told) -> dict[str, int]:
        """A position counts once per impression, in millionths; one without impressions weighs 1."""
        row = told.record
        weight = row.impressions if row.impressions is not None else 1
        figures = {"impressions": weight, "clicks": row.clicks or 0, "rows": 1}
        if not row.position:
            return figures | {"unranked_rows": 1}
        millionths = round(row.position * 1_000_000)
        figures |= {"ranked": weight, "position": millionths * weight}
        return figures | {f"top{top}": weight for top in (3, 10) if millionths <= top * 1_000_000}


class RankDay(_Day):
    """A domain's rank on a day."""

    def shares(self, told: Told) -> Iterable[tuple[str, str]]:
        """By site; the providers are never put together."""
        row = told.record
        return [(name, f"{row.provider}:{site_key(row.domain)}") for name in told.rules.of_site(row.domain)]

    def metrics(self, told: Told) -> dict[str, int]:
        """The rank, or its bucket."""
        rank = told.record.rank if told.record.rank is not None else told.record.bucket
        return {} if rank is None else {"rank": rank, "rows": 1}
