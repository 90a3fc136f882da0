"""A shop's day beyond what is said of it: visits, leads, orders, ads, search, rank, links, followers.

Of the campaign ``hezarsabad``. The shop grows slowly, has quiet Fridays, an ad campaign that is restated the day after,
refunds, repeated records, and visitors of other shops that belong to nobody.
"""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Final

from listener.sample.day import Day, Timed
from listener.sample.records import Record
from models.audience import AUDIENCE_TOPIC
from models.backlinks import BACKLINKS_TOPIC
from models.people import PEOPLE_TOPIC
from models.search import SEARCH_TOPIC
from models.site_rank import RANK_TOPIC
from models.spend import SPEND_TOPIC
from models.web import WEB_TOPIC

SITE: Final = "https://hezarsabad.example/"
KEYWORDS: Final = ("خرید اینترنتی میوه", "سوپرمارکت آنلاین", "تحویل سریع خرید")
_FIRST: Final = date(2026, 1, 1)
_FRIDAY: Final = 4
_QUIET: Final = 0.6
#: Where visitors come from: referrer or tags, and how often.
_WAYS: Final[tuple[tuple[float, dict[str, Any]], ...]] = (
    (30, {"page_referrer": "https://www.google.com/"}),
    (4, {"page_referrer": "https://zarebin.ir/search"}),
    (14, {"page_referrer": "https://t.me/hezarsabad_ir"}),
    (12, {"page_referrer": "https://l.instagram.com/"}),
    (5, {"page_referrer": "https://eitaa.com/hezarsabad_ir"}),
    (9, {"page_referrer": "https://khabar-e-roz.example/"}),
    (3, {"page_referrer": "https://sep.shaparak.ir/"}),
    (12, {}),
    (11, {"utm": {"source": "yektanet", "medium": "banner", "campaign": "paeez-1405"}}),
)
_AD: Final = {"source": "google", "medium": "cpc", "campaign": "paeez-1405"}


class _Teller:
    """One day's records with their ids."""

    def __init__(self, day: Day) -> None:
        self.rng: Random = day.rng("business")
        self.midnight = day.midnight
        self.date = day.date.date()
        #: Part of every id: the same date may be told twice.
        self.name = f"{self.date:%Y%m%d}-{day.seed}"
        self._count = 0

    def record(self, topic: str, moment: datetime, **fields: Any) -> Timed:
        self._count += 1
        base: Record = {
            "event_id": f"{self.name}-{self._count}",
            "schema_version": 1,
            "observed_at": _text(moment),
            "source": "sample",
        }
        return Timed(moment, topic, base | {name: value for name, value in fields.items() if value is not None})

    def when(self) -> datetime:
        """A moment of the day, rather in the evening."""
        return self.midnight + timedelta(hours=min(23.7, max(0.0, self.rng.gauss(16, 4.5))))

    def at(self, hour: float) -> datetime:
        return self.midnight + timedelta(hours=hour)

    @property
    def busy(self) -> float:
        """How busy the shop is: growing, quiet on Fridays, never twice the same."""
        age = (self.date - _FIRST).days
        trend = 1 + 0.002 * age + 0.08 * math.sin(age / 9)
        return trend * (_QUIET if self.date.weekday() == _FRIDAY else 1) * self.rng.uniform(0.92, 1.08)


def business(day: Day) -> Iterator[Timed]:
    """The day's business records, in no order; ``day.sessions`` visits on a plain day, none for 0."""
    if not day.sessions:
        return
    teller = _Teller(day)
    visits = round(day.sessions * teller.busy)
    for number in range(visits):
        yield from _visit(teller, number)
    yield from _people(teller, visits)
    yield from _sheets(teller, visits)


def _visit(teller: _Teller, number: int) -> Iterator[Timed]:
    rng, begun = teller.rng, teller.when()
    who = f"s{teller.name}-{number}"
    way = dict(rng.choices([way for _, way in _WAYS], [weight for weight, _ in _WAYS])[0])
    page: str = SITE
    if "utm" in way and rng.random() < 0.5:  # noqa: PLR2004 - half of the ads are search ads
        way = {"utm": _AD | {"term": rng.choices(KEYWORDS, (5, 3, 2))[0]}}
    if rng.random() < 0.04:  # noqa: PLR2004 - somebody else's shop
        page, way = "https://another-shop.example/", {}

    def event(name: str, after: float, **fields: Any) -> Timed:
        moment = begun + timedelta(seconds=after)
        base: dict[str, Any] = {
            "session_id": who,
            "anonymous_id": f"a{number}",
            "event_name": name,
            "event_time": _text(moment),
        }
        return teller.record(WEB_TOPIC, moment, **base, **fields)

    yield event("session_start", 0, page_url=page, **way)
    yield event("page_view", 0, page_url=page, **way)
    views = min(9, int(rng.expovariate(0.6)))
    for view in range(views):
        yield event("page_view", 20 * (view + 1), page_url=f"{page}p/{rng.randrange(500)}", page_referrer=page)
    engaged = int(rng.expovariate(1 / 9000) + 14_000 * views)
    yield event("user_engagement", 20 * views + 15, engaged_time_ms=engaged)
    if views > 1 and rng.random() < 0.11:  # noqa: PLR2004
        kind = rng.choices(("purchase", "sign_up", "generate_lead", "contact"), (5, 3, 2, 1))[0]
        bought = event(kind, 20 * views + 20, page_url=f"{page}done")
        yield bought
        if rng.random() < 0.03:  # noqa: PLR2004 - the tracker sent it twice
            yield Timed(bought.moment + timedelta(seconds=3), bought.topic, bought.record)


def _people(teller: _Teller, visits: int) -> Iterator[Timed]:
    rng, tagged = teller.rng, {"campaign": "paeez-1405"}
    for number in range(max(1, visits // 18)):
        who, moment = _person(f"{teller.name}-{number}"), teller.when()

        def event(kind: str, after: float, who: str = who, moment: datetime = moment, **fields: Any) -> Timed:
            at = moment + timedelta(minutes=after)
            return teller.record(PEOPLE_TOPIC, at, person_id=who, kind=kind, occurred_at=_text(at), **fields)

        yield event("stage", 0, stage="mql", utm=tagged)
        if rng.random() < 0.5:  # noqa: PLR2004
            yield event("stage", 2, stage="sql")
            yield event("activity", 3, activity="demo_booked")
            if rng.random() < 0.7:  # noqa: PLR2004
                yield event("activity", 5, activity="demo_held")
        if rng.random() < 0.6:  # noqa: PLR2004
            order: dict[str, Any] = {"order_id": f"o{teller.name}-{number}", "currency": "IRR"}
            value = str(rng.randrange(1_500_000, 9_000_000, 10_000))
            yield event("purchase", 6, value=value, **order)
            if rng.random() < 0.05:  # noqa: PLR2004
                yield event("refund", 9, value=value, **order)


def _sheets(teller: _Teller, visits: int) -> Iterator[Timed]:
    """What comes once a day: spend, search, rank, links, followers."""
    rng, morning = teller.rng, teller.at(8)
    for platform, share in (("google", 0.55), ("yektanet", 0.45)):
        yield from _spend(teller, platform, visits * share)
    if teller.date.day == 1:
        salary = {"platform": "office", "account_id": "payroll", "campaign_id": "team", "currency": "IRR"}
        yield teller.record(SPEND_TOPIC, morning, date=str(teller.date), cost="650000000", category="salary", **salary)
    for place, keyword in enumerate(KEYWORDS):
        position = round(max(1.0, 3 + 4 * place - (teller.date - _FIRST).days / 120 + rng.gauss(0, 0.6)), 2)
        row = {"site": "sc-domain:hezarsabad.example", "date": str(teller.date), "engine": "google", "query": keyword}
        seen = rng.randrange(200, 900)
        yield teller.record(SEARCH_TOPIC, morning, **row, impressions=seen, clicks=seen // 20, position=position)
    rank = 48_000 - 25 * (teller.date - _FIRST).days + rng.randrange(-400, 400)
    yield teller.record(
        RANK_TOPIC, morning, provider="tranco", domain="hezarsabad.example", date=str(teller.date), rank=max(1, rank)
    )
    if rng.random() < 0.4:  # noqa: PLR2004
        source = f"blog{rng.randrange(40)}.example"
        link = {"source_url": f"https://{source}/{teller.date}", "source_domain": source, "provider": "sample"}
        yield teller.record(
            BACKLINKS_TOPIC, morning, target_domain="hezarsabad.example", first_seen=str(teller.date), **link
        )
    followers = 82_000 + 60 * (teller.date - _FIRST).days + rng.randrange(-30, 30)
    yield teller.record(
        AUDIENCE_TOPIC,
        teller.at(23),
        account_id="hezarsabad_ir",
        platform="instagram",
        date=str(teller.date),
        followers=followers,
        reach=rng.randrange(9_000, 21_000),
        impressions=rng.randrange(20_000, 45_000),
    )


def _spend(teller: _Teller, platform: str, visits: float) -> Iterator[Timed]:
    """A day's ad costs, and an hour later what the platform corrects."""
    row = {"platform": platform, "account_id": "shop", "campaign_id": f"{platform}-paeez", "currency": "IRR"}
    for hour, factor in ((22.0, 0.93), (23.0, 1.0)):
        cost = round(visits * 95_000 * factor, -3)
        yield teller.record(
            SPEND_TOPIC,
            teller.at(hour),
            date=str(teller.date),
            **row,
            cost=str(int(cost)),
            impressions=round(visits * 85 * factor),
            clicks=round(visits * 1.3 * factor),
        )


def _person(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
