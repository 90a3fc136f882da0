"""Fold of web sessions: all of a session counts in the window of its start."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from models.outcome import Outcome
from models.web import WEB_METRICS, Touch, Utm, WebEvent
from processors.business.channels import channel, origin, tags
from processors.business.contributions import Change, Contributions, Place, difference, event_hash
from processors.business.rules import OTHER, Rules
from processors.kpis.visitors import coupon
from processors.windows import to_ms

#: A session is engaged when its foreground time exceeds this, or it converts, or it has two views.
ENGAGED_MS: Final = 10_000
ENGAGED_VIEWS: Final = 2
#: An event that was read later than this after it happened is late, in milliseconds.
LATE_MS: Final = 48 * 3_600_000
#: So many event ids are remembered per session.
_REMEMBERED: Final = 1024
_VIEWS: Final = frozenset(("page_view", "screen_view"))
_START: Final = "session_start"
_SESSIONS, _ENGAGED, _MS, _VIEW, _CONVERSIONS, _CONVERTING = range(len(WEB_METRICS))


class SessionShare(Struct, array_like=True):
    """A campaign's part in a session: the channel it came by, its keyword's dimension, conversions by type.

    ``visitor``: the dimension of its visitor where the campaign counts users, else empty.
    """

    campaign: str
    channel: str
    keyword: str
    conversions: dict[str, int]
    visitor: str = ""


class SessionEntity(Struct, array_like=True):
    """Fold state of one session.

    ``start``     event time of its first event, epoch milliseconds
    ``touched``   event time of the event that told where it came from; ``told``: whether that one said anything
    ``converted`` events by name that are a conversion for any campaign
    ``seen``      hashes of the event ids
    """

    stamp: int
    observed: int
    content: int
    changed: int
    start: int
    touched: int
    told: bool
    views: int
    engaged_ms: int
    converted: dict[str, int]
    seen: list[int]
    shares: list[SessionShare]


pack_session = msgspec.msgpack.Encoder().encode
unpack_session = msgspec.msgpack.Decoder(SessionEntity).decode


def fold_session(entity: SessionEntity | None, event: WebEvent, rules: Rules) -> Change:
    """One more event of a session."""
    content, moment, observed = event_hash(event.event_id), to_ms(event.event_time), to_ms(event.observed_at)
    if entity is not None and content in entity.seen:
        return Change(Outcome.DUPLICATE)
    after = _copy(entity) if entity else _begun(moment)
    if _tells_origin(entity, event, moment):
        _touch(after, event, moment, rules)
    if entity is None and not after.shares:
        return Change(Outcome.UNMATCHED)
    if observed - moment > LATE_MS:
        return Change(Outcome.LATE)
    _add(after, event, moment, rules)
    after.observed, after.content = max(after.observed, observed), content
    after.seen = [*after.seen, content][-_REMEMBERED:]
    before = contributions(entity) if entity else Contributions()
    return Change(Outcome.COUNTED, after, difference(before, contributions(after)))


def contributions(entity: SessionEntity) -> Contributions:
    """All that a session adds to the cells."""
    total = Contributions()
    for share in entity.shares:
        for dimension, metric, amount in _amounts(entity, share):
            if amount:
                total[Place(share.campaign, entity.start, dimension, metric)] += amount
    return total


def _amounts(entity: SessionEntity, share: SessionShare) -> Iterator[tuple[str, int, int]]:
    conversions = sum(share.conversions.values())
    engaged = entity.engaged_ms > ENGAGED_MS or entity.views >= ENGAGED_VIEWS or conversions > 0
    where = f"channel:{share.channel}"
    yield where, _SESSIONS, 1
    yield where, _ENGAGED, int(engaged)
    yield where, _MS, entity.engaged_ms
    yield where, _VIEW, entity.views
    yield where, _CONVERSIONS, conversions
    yield where, _CONVERTING, int(conversions > 0)
    for kind, number in share.conversions.items():
        yield f"conversion:{kind}", _CONVERSIONS, number
    if share.visitor:
        yield share.visitor, _SESSIONS, 1
    if share.keyword != OTHER:
        yield share.keyword, _SESSIONS, 1
        yield share.keyword, _CONVERSIONS, conversions
        yield share.keyword, _CONVERTING, int(conversions > 0)


def _begun(moment: int) -> SessionEntity:
    return SessionEntity(
        0, 0, 0, 0, moment, moment, told=False, views=0, engaged_ms=0, converted={}, seen=[], shares=[]
    )


def _copy(entity: SessionEntity) -> SessionEntity:
    return msgspec.structs.replace(entity, converted=dict(entity.converted), shares=list(entity.shares))


def _tells_origin(entity: SessionEntity | None, event: WebEvent, moment: int) -> bool:
    """Whether this event decides where the session came from: its start or first page, whichever says more.

    A later page's referrer is the page before it, or the payment gateway: it says nothing of the session.
    """
    if entity is None or not entity.shares:
        return True
    if event.event_name != _START and event.event_name not in _VIEWS:
        return False
    says = _says_origin(event)
    if moment < entity.touched:
        return says or not entity.told
    return says and not entity.told and entity.views == 0


def _says_origin(event: WebEvent) -> bool:
    touch = _as_touch(event)
    return not origin(touch, (), ()).direct or bool(tags(touch).term)


def _as_touch(event: WebEvent) -> Touch:
    return Touch(event.page_url, event.page_referrer, event.utm or Utm(), event.click_id)


def _touch(entity: SessionEntity, event: WebEvent, moment: int, rules: Rules) -> None:
    touch = _as_touch(event)
    utm = tags(touch)
    entity.touched, entity.told = moment, _says_origin(event)
    entity.shares = []
    for name in rules.of_session(event.page_url, utm.campaign, utm.term):
        rule = rules[name]
        where = channel(origin(touch, rule.sites, rule.excluded))
        counted = {kind: number for kind, number in entity.converted.items() if kind in rule.conversions}
        visitor = coupon(event.anonymous_id) if rule.users else ""
        entity.shares.append(SessionShare(name, where, rule.keyword(utm.term), counted, visitor))


def _add(entity: SessionEntity, event: WebEvent, moment: int, rules: Rules) -> None:
    entity.start = min(entity.start, moment)
    entity.views += event.event_name in _VIEWS
    entity.engaged_ms += event.engaged_time_ms or 0
    kinds = {name: _conversion(event, rules[name].conversions) for name in rules}
    for kind in {kind for kind in kinds.values() if kind}:
        entity.converted[kind] = entity.converted.get(kind, 0) + 1
    entity.shares = [_converted(share, kinds.get(share.campaign)) for share in entity.shares]


def _converted(share: SessionShare, kind: str | None) -> SessionShare:
    if kind is None:
        return share
    conversions = share.conversions | {kind: share.conversions.get(kind, 0) + 1}
    return msgspec.structs.replace(share, conversions=conversions)


def _conversion(event: WebEvent, names: frozenset[str]) -> str | None:
    """The type of conversion that an event is: its conversion name, else its event name, where a campaign counts it."""
    return next((name for name in (event.conversion_name, event.event_name) if name and name in names), None)
