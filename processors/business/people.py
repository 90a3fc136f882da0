"""Fold of people: each stage once per person, the first purchase makes a customer, refunds take revenue back."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from models.money import minor_units
from models.outcome import Outcome
from models.people import ACTIVITIES, PEOPLE_METRICS, STAGES, PersonEvent
from processors.business.contributions import Change, Contributions, Place, difference, event_hash
from processors.business.rules import Rules
from processors.windows import to_ms

#: Dimension of all that is no money.
ALL: Final = "all"
_METRIC: Final = {name: index for index, name in enumerate(PEOPLE_METRICS)}
_NEW, _ORDERS, _REVENUE, _REFUNDED = (_METRIC[name] for name in ("new_customers", "orders", "revenue", "refunded"))
_ORDER_KINDS: Final = frozenset(("purchase", "renewal"))


class Known(Struct, array_like=True):
    """One event of a person.

    ``what``      its stage or activity, or the kind of an order
    ``direct``    campaigns that the event itself is attributed to; ``carried``: those of them that go by first touch
    ``order``     hash of the order id, ``minor`` and ``currency`` of its value; None: it has none
    """

    event: int
    what: str
    time: int
    direct: list[str]
    carried: list[str]
    order: int | None = None
    minor: int | None = None
    currency: str | None = None
    is_new: bool | None = None


class PersonEntity(Struct, array_like=True):
    """Fold state of one person: all events, none of them with a name or an address in it."""

    stamp: int
    observed: int
    content: int
    changed: int
    events: list[Known]


pack_person = msgspec.msgpack.Encoder().encode
unpack_person = msgspec.msgpack.Decoder(PersonEntity).decode


def fold_person(entity: PersonEntity | None, event: PersonEvent, rules: Rules) -> Change:
    """One more event of a person."""
    known = _known(event, rules)
    if entity is not None and any(one.event == known.event for one in entity.events):
        return Change(Outcome.DUPLICATE)
    if entity is None and not known.direct:
        return Change(Outcome.UNMATCHED)
    observed = max(to_ms(event.observed_at), entity.observed if entity else 0)
    events = sorted([*(entity.events if entity else ()), known], key=lambda one: (one.time, one.event))
    after = PersonEntity(0, observed, known.event, 0, events)
    before = contributions(entity) if entity else Contributions()
    return Change(Outcome.COUNTED, after, difference(before, contributions(after)))


def contributions(entity: PersonEntity) -> Contributions:
    """All that a person adds to the cells, whatever the order in which the events came."""
    total = Contributions()
    campaigns = _attributed(entity.events)
    for known, metric, amount, money in _amounts(entity.events):
        dimension = f"currency:{known.currency}" if money else ALL
        for campaign in campaigns[known.event]:
            total[Place(campaign, known.time, dimension, metric)] += amount
    return Contributions({place: amount for place, amount in total.items() if amount})


def _known(event: PersonEvent, rules: Rules) -> Known:
    direct = rules.of_utm(event.utm.campaign if event.utm else None)
    order = None if event.order_id is None else event_hash(event.order_id)
    minor = None
    if event.value is not None and event.currency is not None:
        minor = minor_units(event.value, event.currency)
    return Known(
        event=event_hash(event.event_id),
        what={"stage": event.stage, "activity": event.activity}.get(event.kind) or event.kind,
        time=to_ms(event.occurred_at),
        direct=direct,
        carried=[name for name in direct if rules[name].first_touch],
        order=order if event.kind not in {"stage", "activity"} else None,
        minor=minor,
        currency=event.currency,
        is_new=event.is_new_customer,
    )


def _attributed(events: Sequence[Known]) -> dict[int, list[str]]:
    """Event → its campaigns: its own, those of the first touch before it, and of a refund those of its order."""
    first = next((one for one in events if one.direct), None)
    found: dict[int, list[str]] = {}
    orders: dict[int, list[str]] = {}
    for one in events:
        carried = first.carried if first is not None and one.time >= first.time else []
        found[one.event] = sorted({*one.direct, *carried})
        if one.what in _ORDER_KINDS and one.order is not None:
            orders.setdefault(one.order, found[one.event])
    for one in events:
        if one.what == "refund" and one.order in orders:
            found[one.event] = orders[one.order]
    return found


def _amounts(events: Sequence[Known]) -> Iterator[tuple[Known, int, int, bool]]:
    """(event, metric, amount, whether it is money), in the order of time."""
    entered: set[str] = set()
    for one in events:
        if one.what in STAGES and one.what not in entered:
            entered.add(one.what)
            yield one, _METRIC[one.what], 1, False
        elif one.what in ACTIVITIES:
            yield one, _METRIC[one.what], 1, False
    yield from _orders(events)


def _orders(events: Sequence[Known]) -> Iterator[tuple[Known, int, int, bool]]:
    orders = _once(events)
    refunds: dict[int | None, list[Known]] = defaultdict(list)
    for one in events:
        if one.what == "refund":
            refunds[one.order].append(one)
    gone: set[int] = set()
    for order in orders:
        yield order, _ORDERS, 1, False
        if order.minor:
            yield order, _REVENUE, order.minor, True
        if order.order is not None and _returned(order, refunds[order.order]):
            gone.add(order.event)
    by_id = {order.order: order for order in orders}
    for number, back in refunds.items():
        yield from _refunded(by_id.get(number), back)
    new = _new_customer([one for one in orders if one.what == "purchase" and one.event not in gone])
    if new is not None:
        yield new, _NEW, 1, False


def _once(events: Sequence[Known]) -> list[Known]:
    """The orders; one that is told twice under one order id is one order."""
    orders: dict[tuple[str, int | None], Known] = {}
    for one in events:
        if one.what in _ORDER_KINDS:
            orders.setdefault((one.what, one.order), one)
    return list(orders.values())


def _returned(order: Known, refunds: Sequence[Known]) -> bool:
    """Whether all of an order's money went back; a refund without a value is of the whole order."""
    if not refunds:
        return False
    return any(one.minor is None for one in refunds) or sum(one.minor or 0 for one in refunds) >= (order.minor or 0)


def _refunded(order: Known | None, refunds: Sequence[Known]) -> Iterator[tuple[Known, int, int, bool]]:
    """What went back, in the window of the refund; of an order no more than it brought, if the order is known."""
    left = order.minor or 0 if order is not None else None
    for one in refunds:
        amount = (left or 0) if one.minor is None else one.minor if left is None else min(one.minor, left)
        left = None if left is None else left - amount
        if amount:
            currency = one.currency or (order.currency if order else None)
            yield msgspec.structs.replace(one, currency=currency), _REFUNDED, amount, True


def _new_customer(purchases: Sequence[Known]) -> Known | None:
    """The purchase that made a customer: the first, unless the source says that the customer is an old one."""
    said = next((one for one in purchases if one.is_new), None)
    if said is not None:
        return said
    first = next(iter(purchases), None)
    return None if first is None or first.is_new is False else first
