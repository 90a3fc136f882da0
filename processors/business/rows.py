"""Folds of dated rows (spend, search, site rank): the last row of a key counts, a restatement replaces."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from models.money import minor_units
from models.outcome import Outcome
from models.search import MICRO, SearchRow
from models.site_rank import RankRow
from models.spend import SpendRow
from processors.business.contributions import (
    Change,
    Contributions,
    Place,
    difference,
    midnight,
    row_hash,
    upsert_outcome,
)
from processors.business.rules import Rules, site_key
from processors.windows import to_ms

_TOP3, _TOP10 = 3, 10


class RowShare(Struct, array_like=True):
    """Where a row is counted: campaign, epoch ms of its local day, dimension."""

    campaign: str
    time: int
    dimension: str


class RowEntity(Struct, array_like=True):
    """Fold state of one key: where its last row is counted, and its amounts in the order of the stream's metrics."""

    stamp: int
    observed: int
    content: int
    changed: int
    shares: list[RowShare]
    amounts: list[int]


pack_row = msgspec.msgpack.Encoder().encode
unpack_row = msgspec.msgpack.Decoder(RowEntity).decode


def fold_spend(entity: RowEntity | None, row: SpendRow, rules: Rules) -> Change:
    """The cost of an ad campaign on a day."""
    dimension = f"{row.category or 'media'}:{row.currency}"
    shares = [RowShare(name, midnight(row.date, rules[name].zone), dimension) for name in rules.of_ad(row.campaign_id)]
    amounts = [minor_units(row.cost, row.currency), row.impressions or 0, row.clicks or 0]
    return _replace(entity, row, shares, amounts)


def fold_search(entity: RowEntity | None, row: SearchRow, rules: Rules) -> Change:
    """How a site stood for a query on a day."""
    shares = [
        RowShare(name, midnight(row.date, rules[name].zone), rules[name].keyword(row.query))
        for name in rules.of_search(row.site, row.query)
    ]
    return _replace(entity, row, shares, _search_amounts(row))


def fold_rank(entity: RowEntity | None, row: RankRow, rules: Rules) -> Change:
    """A domain's rank at a provider on a day; a row without rank and bucket says nothing."""
    dimension = f"{row.provider}:{site_key(row.domain)}"
    rank = row.rank if row.rank is not None else row.bucket
    shares = [RowShare(name, midnight(row.date, rules[name].zone), dimension) for name in rules.of_site(row.domain)]
    return _replace(entity, row, shares, [0, 0] if rank is None else [rank, 1])


def contributions(entity: RowEntity) -> Contributions:
    """All that a row adds to the cells."""
    return Contributions(
        {
            Place(share.campaign, share.time, share.dimension, metric): amount
            for share in entity.shares
            for metric, amount in enumerate(entity.amounts)
            if amount
        }
    )


def _search_amounts(row: SearchRow) -> list[int]:
    weight = 1 if row.impressions is None else row.impressions
    clicks = row.clicks or 0
    if not row.position:
        return [weight, clicks, 0, 0, 0, 0, 1, 1]
    micros = round(row.position * MICRO)
    top3 = weight if micros <= _TOP3 * MICRO else 0
    top10 = weight if micros <= _TOP10 * MICRO else 0
    return [weight, clicks, weight, micros * weight, top3, top10, 1, 0]


def _replace(
    entity: RowEntity | None, row: SpendRow | SearchRow | RankRow, shares: Sequence[RowShare], amounts: list[int]
) -> Change:
    if entity is None and not shares:
        return Change(Outcome.UNMATCHED)
    observed, content = to_ms(row.observed_at), row_hash(row)
    outcome = upsert_outcome((entity.observed, entity.content) if entity else None, observed, content)
    if outcome != Outcome.COUNTED:
        return Change(outcome)
    after = RowEntity(0, observed, content, 0, list(shares), amounts)
    before = contributions(entity) if entity else Contributions()
    return Change(Outcome.COUNTED, after, difference(before, contributions(after)))
