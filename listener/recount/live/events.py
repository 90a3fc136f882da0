"""Sessions and people counted again: sets of events, each of which happened once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from listener.recount.live.shape import Place, Told, epoch_ms, summed
from models.money import minor_units
from models.outcome import Outcome
from models.people import ACTIVITIES, STAGES
from models.web import Touch, Utm
from processors.business.channels import channel, origin, tags
from processors.business.rules import OTHER, Rule, Rules
from processors.kpis.visitors import coupon

_VIEWS: Final = ("page_view", "screen_view")
_LATE_MS: Final = 48 * 3_600_000
#: A session is engaged after more than so long in the foreground, with so many views, or when it converts.
_ENGAGED_MS: Final = 10_000
_ENGAGED_VIEWS: Final = 2
#: So many of a session's last events are known again.
_REMEMBERED: Final = 1024


class Session:
    """One web session; all of it counts at its first event."""

    def __init__(self) -> None:
        self.events: list[Told] = []

    def take(self, told: Told, *, known: bool) -> Outcome:
        """The outcome of one more event."""
        if told.record.event_id in {one.record.event_id for one in self.events[-_REMEMBERED:]}:
            return Outcome.DUPLICATE
        if not known and not _campaigns(told):
            return Outcome.UNMATCHED
        if told.observed - epoch_ms(told.record.event_time) > _LATE_MS:
            return Outcome.LATE
        self.events.append(told)
        return Outcome.COUNTED

    def figures(self) -> Counter[Place]:
        """All that the session comes to."""
        return summed(self._amounts())

    def forget(self) -> bool:
        """Nothing, while the session is kept."""
        return False

    def _amounts(self) -> Iterator[tuple[Place, int]]:
        start = min(epoch_ms(one.record.event_time) for one in self.events)
        views = sum(one.record.event_name in _VIEWS for one in self.events)
        engaged_ms = sum(one.record.engaged_time_ms or 0 for one in self.events)
        first = _telling(self.events)
        touch, rules = _touch(self.events[first]), self.events[first].rules
        for name in _campaigns(self.events[first]):
            rule = rules[name]
            kinds = self._conversions(rule, first)
            conversions = sum(kinds.values())
            converting = int(conversions > 0)
            engaged = engaged_ms > _ENGAGED_MS or views >= _ENGAGED_VIEWS or converting
            where = f"channel:{channel(origin(touch, rule.sites, rule.excluded))}"
            yield Place(name, start, where, "sessions"), 1
            yield Place(name, start, where, "engaged_sessions"), int(engaged)
            yield Place(name, start, where, "engaged_ms"), engaged_ms
            yield Place(name, start, where, "views"), views
            yield Place(name, start, where, "conversions"), conversions
            yield Place(name, start, where, "converting_sessions"), converting
            for kind, number in kinds.items():
                yield Place(name, start, f"conversion:{kind}", "conversions"), number
            if rule.users:
                yield Place(name, start, coupon(self.events[first].record.anonymous_id), "sessions"), 1
            keyword = rule.keyword(tags(touch).term)
            if keyword != OTHER:
                yield Place(name, start, keyword, "sessions"), 1
                yield Place(name, start, keyword, "conversions"), conversions
                yield Place(name, start, keyword, "converting_sessions"), converting

    def _conversions(self, rule: Rule, first: int) -> Counter[str]:
        """Conversions by kind: before the event that told the origin those of any campaign, since then the own."""
        found: Counter[str] = Counter()
        for one in self.events[:first]:
            found.update(kind for kind in _any_conversion(one) if kind in rule.conversions)
        for one in self.events[first:]:
            kind = _conversion(one, one.rules[rule.id]) if rule.id in one.rules else None
            if kind is not None:
                found[kind] += 1
        return found


def _telling(events: Sequence[Told]) -> int:
    """Which event tells where the session came from: the earliest start or page that says something."""
    first = 0
    for index, one in enumerate(events):
        if index == 0:
            continue
        if not _campaigns(events[first]):
            first = index
        elif one.record.event_name == "session_start" or one.record.event_name in _VIEWS:
            says, told = _says(one), _says(events[first])
            if _earlier(one, events[first]):
                better = says or not told
            else:
                seen = any(before.record.event_name in _VIEWS for before in events[:index])
                better = says and not told and not seen
            if better:
                first = index
    return first


def _earlier(one: Told, other: Told) -> bool:
    return epoch_ms(one.record.event_time) < epoch_ms(other.record.event_time)


def _touch(told: Told) -> Touch:
    event = told.record
    return Touch(event.page_url, event.page_referrer, event.utm or Utm(), event.click_id)


def _campaigns(told: Told) -> list[str]:
    utm = tags(_touch(told))
    return told.rules.of_session(told.record.page_url, utm.campaign, utm.term)


def _says(told: Told) -> bool:
    touch = _touch(told)
    return bool(tags(touch).term) or not origin(touch, (), ()).direct


def _conversion(told: Told, rule: Rule) -> str | None:
    names = (told.record.conversion_name, told.record.event_name)
    return next((name for name in names if name and name in rule.conversions), None)


def _any_conversion(told: Told) -> set[str]:
    found = (_conversion(told, rule) for rule in told.rules.values())
    return {kind for kind in found if kind is not None}


class _Act(NamedTuple):
    """An event of a person. ``order`` and ``minor``: of purchases, renewals and refunds."""

    ms: int
    rank: int
    what: str
    direct: list[str]
    carried: list[str]
    order: str | None
    minor: int | None
    currency: str | None
    is_new: bool | None


class Person:
    """One person: each stage once, orders and what went back."""

    def __init__(self) -> None:
        self.acts: dict[str, _Act] = {}

    def take(self, told: Told, *, known: bool) -> Outcome:
        """The outcome of one more event."""
        event = told.record
        if event.event_id in self.acts:
            return Outcome.DUPLICATE
        act = _act(told)
        if not known and not act.direct:
            return Outcome.UNMATCHED
        self.acts[event.event_id] = act
        return Outcome.COUNTED

    def figures(self) -> Counter[Place]:
        """All that the person comes to, whatever the order in which the events came."""
        acts = sorted(self.acts.values())
        whose = _attributed(acts)
        return summed(
            (Place(name, act.ms, dimension, metric), amount)
            for act, dimension, metric, amount in (*_steps(acts), *_money(acts))
            for name in whose[act.rank]
        )

    def forget(self) -> bool:
        """Nothing, while the person is kept."""
        return False


#: (event, dimension, metric, amount).
_Amount = tuple[_Act, str, str, int]


def _act(told: Told) -> _Act:
    event, rules = told.record, told.rules
    direct = rules.of_utm(event.utm.campaign if event.utm is not None else None)
    named = {"stage": event.stage, "activity": event.activity}
    has_money = event.value is not None and event.currency is not None
    return _Act(
        ms=epoch_ms(event.occurred_at),
        # Events of one moment are in the order of their ids' hashes.
        rank=int.from_bytes(blake2b(event.event_id.encode(), digest_size=8).digest(), "big") >> 1,
        what=named.get(event.kind) or event.kind,
        direct=direct,
        carried=[name for name in direct if _first_touch(rules, name)],
        order=None if event.kind in named else event.order_id,
        minor=minor_units(event.value, event.currency) if has_money else None,
        currency=event.currency,
        is_new=event.is_new_customer,
    )


def _first_touch(rules: Rules, name: str) -> bool:
    return rules[name].first_touch


def _attributed(acts: Sequence[_Act]) -> dict[int, set[str]]:
    """Each event's campaigns: its own, those of the first touch before it, and of a refund those of its order."""
    touched = next((one for one in acts if one.direct), None)
    whose: dict[int, set[str]] = {}
    of_order: dict[str, set[str]] = {}
    for one in acts:
        whose[one.rank] = set(one.direct)
        if touched is not None and one.ms >= touched.ms:
            whose[one.rank] |= set(touched.carried)
        if one.what in ("purchase", "renewal") and one.order is not None:
            of_order.setdefault(one.order, whose[one.rank])
    for one in acts:
        if one.what == "refund" and one.order in of_order:
            whose[one.rank] = of_order[one.order]
    return whose


def _steps(acts: Sequence[_Act]) -> Iterator[_Amount]:
    """A stage counts when it is first entered, an activity whenever it happens."""
    for index, one in enumerate(acts):
        again = any(before.what == one.what for before in acts[:index])
        if one.what in ACTIVITIES or (one.what in STAGES and not again):
            yield one, "all", one.what, 1


def _money(acts: Sequence[_Act]) -> Iterator[_Amount]:
    """Orders, what they brought, what went back, and the purchase that made a customer."""
    orders: dict[tuple[str, str | None], _Act] = {}
    for one in acts:
        if one.what in ("purchase", "renewal"):
            orders.setdefault((one.what, one.order), one)
    backs = [one for one in acts if one.what == "refund"]
    for order in orders.values():
        yield order, "all", "orders", 1
        yield order, f"currency:{order.currency}", "revenue", order.minor or 0
    by_id = {order.order: order for order in orders.values()}
    for number in {one.order for one in backs}:
        yield from _refunds(by_id.get(number), [one for one in backs if one.order == number])
    bought = [one for (what, _), one in orders.items() if what == "purchase" and not _returned(one, backs)]
    new = next((one for one in bought if one.is_new), bought[0] if bought else None)
    if new is not None and new.is_new is not False:
        yield new, "all", "new_customers", 1


def _returned(order: _Act, backs: Sequence[_Act]) -> bool:
    """Whether all of it went back: as much as it brought, or a refund that names no value."""
    mine = [one for one in backs if one.order == order.order]
    if not mine:
        return False
    return any(one.minor is None for one in mine) or sum(one.minor or 0 for one in mine) >= (order.minor or 0)


def _refunds(order: _Act | None, backs: Sequence[_Act]) -> Iterator[_Amount]:
    """What went back, when it did; of a known order no more than it brought."""
    left = None if order is None else order.minor or 0
    for one in backs:
        if left is None:
            amount = one.minor or 0
        else:
            amount = left if one.minor is None else min(one.minor, left)
            left -= amount
        currency = one.currency or (order.currency if order is not None else None)
        yield one, f"currency:{currency}", "refunded", amount
