"""Folds of levels (audience, backlinks): what stands at a time, as net changes, so that windows add up."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec
from msgspec import Struct

from models.audience import AUDIENCE_METRICS, AudienceRow
from models.backlinks import BACKLINK_METRICS, Backlink, day_or_time
from models.outcome import Outcome
from processors.business.contributions import (
    Change,
    Contributions,
    Place,
    difference,
    event_hash,
    midnight,
    row_hash,
    steps,
    upsert_outcome,
)
from processors.business.rules import Rules
from processors.windows import to_ms

_FOLLOWERS, _REACH, _IMPRESSIONS = range(len(AUDIENCE_METRICS))
_LINKS, _DOMAINS, _NEW, _LOST = range(len(BACKLINK_METRICS))
#: So many days of an account can still be restated.
_DAYS: Final = 400
ALL: Final = "all"


class DayRow(Struct, array_like=True):
    """An account on a day (ordinal): the observation and its figures."""

    day: int
    observed: int
    content: int
    followers: int | None
    reach: int | None
    impressions: int | None


class AccountEntity(Struct, array_like=True):
    """Fold state of one account: its days in order, and the (campaign, zone) pairs that it counts for.

    ``base``: followers before the first day that is kept; None while no day was dropped.
    """

    stamp: int
    observed: int
    content: int
    changed: int
    platform: str
    shares: list[tuple[str, str]]
    days: list[DayRow]
    base: int | None = None


class Link(Struct, array_like=True):
    """A link by the hash of its URL; ``first`` and ``lost`` as they were told (a date, a time), or when observed."""

    url: int
    observed: int
    content: int
    first: str
    lost: str | None


class DomainEntity(Struct, array_like=True):
    """Fold state of all links from one domain to another."""

    stamp: int
    observed: int
    content: int
    changed: int
    shares: list[tuple[str, str]]
    links: list[Link]


pack_level = msgspec.msgpack.Encoder().encode
unpack_account = msgspec.msgpack.Decoder(AccountEntity).decode
unpack_domain = msgspec.msgpack.Decoder(DomainEntity).decode


def fold_audience(entity: AccountEntity | None, row: AudienceRow, rules: Rules) -> Change:
    """The audience of an own account on a day."""
    shares = [(name, rules[name].zone) for name in rules.of_account(row.account_id)]
    if entity is None and not shares:
        return Change(Outcome.UNMATCHED)
    observed, content, day = to_ms(row.observed_at), row_hash(row), row.date.toordinal()
    days = {one.day: one for one in entity.days} if entity else {}
    known = days.get(day)
    outcome = upsert_outcome((known.observed, known.content) if known else None, observed, content)
    if outcome != Outcome.COUNTED:
        return Change(outcome)
    base = entity.base if entity else None
    if entity is not None and base is not None and day < entity.days[0].day:
        return Change(Outcome.LATE)
    days[day] = DayRow(day, observed, content, row.followers, row.reach, row.impressions)
    last = sorted(days.values(), key=lambda one: one.day)
    shares = shares or (entity.shares if entity else [])
    after = AccountEntity(0, observed, content, 0, row.platform, shares, last, base)
    change = difference(account_contributions(entity) if entity else Contributions(), account_contributions(after))
    _forget(after)
    return Change(Outcome.COUNTED, after, change)


def account_contributions(entity: AccountEntity) -> Contributions:
    """All that an account adds to the cells: followers as changes from day to day, the rest as it is."""
    total = Contributions()
    followers = [(one.day, one.followers) for one in entity.days if one.followers is not None]
    for campaign, zone in entity.shares:
        for day, change in steps(followers, entity.base or 0):
            total[Place(campaign, _local(day, zone), entity.platform, _FOLLOWERS)] += change
        for one in entity.days:
            at = _local(one.day, zone)
            total[Place(campaign, at, entity.platform, _REACH)] += one.reach or 0
            total[Place(campaign, at, entity.platform, _IMPRESSIONS)] += one.impressions or 0
    return Contributions({place: amount for place, amount in total.items() if amount})


def fold_backlink(entity: DomainEntity | None, row: Backlink, rules: Rules) -> Change:
    """A link that is there, or there no more."""
    shares = [(name, rules[name].zone) for name in rules.of_site(row.target_domain)]
    if entity is None and not shares:
        return Change(Outcome.UNMATCHED)
    observed, content, url = to_ms(row.observed_at), row_hash(row), event_hash(row.source_url)
    links = {one.url: one for one in entity.links} if entity else {}
    known = links.get(url)
    outcome = upsert_outcome((known.observed, known.content) if known else None, observed, content)
    if outcome != Outcome.COUNTED:
        return Change(outcome)
    links[url] = _link(row, known, url, content)
    after = DomainEntity(0, observed, content, 0, shares or (entity.shares if entity else []), list(links.values()))
    before = domain_contributions(entity) if entity else Contributions()
    return Change(Outcome.COUNTED, after, difference(before, domain_contributions(after)))


def domain_contributions(entity: DomainEntity) -> Contributions:
    """All that a domain's links add: each at its first and lost time; the domain while any link stands."""
    total = Contributions()
    for campaign, zone in entity.shares:
        for time, change, metric in _changes(entity.links, zone):
            total[Place(campaign, time, ALL, metric)] += change
    return Contributions({place: amount for place, amount in total.items() if amount})


def _forget(entity: AccountEntity) -> None:
    """Days beyond the last ``_DAYS`` leave the entity; what they added stays in the cells."""
    for gone in entity.days[:-_DAYS]:
        entity.base = gone.followers if gone.followers is not None else entity.base or 0
    entity.days = entity.days[-_DAYS:]


def _local(day: int, zone: str) -> int:
    return midnight(date.fromordinal(day), zone)


def _link(row: Backlink, known: Link | None, url: int, content: int) -> Link:
    """The link as last told; who has known it longer knows better when it came."""
    seen = row.observed_at.isoformat()
    first = row.first_seen or (known.first if known else seen)
    lost: str | None = row.lost if isinstance(row.lost, str) else None
    if row.lost is True:
        lost = known.lost if known is not None and known.lost is not None else seen
    return Link(url, to_ms(row.observed_at), content, first, lost)


def _changes(links: Sequence[Link], zone: str) -> Iterator[tuple[int, int, int]]:
    """(time, change, metric) of all links, and of the domain as a whole."""
    moves: list[tuple[int, int]] = []
    for link in links:
        first = _moment(link.first, zone)
        yield first, 1, _LINKS
        yield first, 1, _NEW
        moves.append((first, 1))
        if link.lost is not None:
            lost = max(first, _moment(link.lost, zone))
            yield lost, -1, _LINKS
            yield lost, 1, _LOST
            moves.append((lost, -1))
    standing = 0
    for time, move in sorted(moves, key=lambda one: (one[0], -one[1])):
        before, standing = standing, standing + move
        if (before > 0) != (standing > 0):
            yield time, move, _DOMAINS


def _moment(text: str, zone: str) -> int:
    told = day_or_time(text)
    return to_ms(told) if isinstance(told, datetime) else midnight(told, zone)
