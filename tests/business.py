"""Records of all topics for tests of KPIs, and their evaluation in one call."""

from itertools import count
from typing import Any

import msgspec

from listener.kpis.evaluation import evaluated
from listener.kpis.reading import batch_of
from listener.kpis.spans import period_option, read_now
from models.campaign import Campaign, CampaignSet
from models.outcome import OUTCOMES
from processors.kpis.batch import Batch

#: 2 Farvardin 1405, 13:30 in Tehran: a Sunday.
NOW = "2026-03-22T10:00:00Z"
_numbers = count(1)


def record(topic: str, **fields: Any) -> tuple[str, bytes]:
    """A record with what every record needs; ``obs`` is its ``observed_at``."""
    base = {
        "event_id": f"e{next(_numbers)}",
        "schema_version": 1,
        "observed_at": fields.pop("obs", NOW),
        "source": "test",
    }
    return topic, msgspec.json.encode(base | fields)


def web(session: str, name: str = "page_view", at: str = "2026-03-22T09:00:00Z", **fields: Any) -> tuple[str, bytes]:
    base = {"session_id": session, "anonymous_id": "a", "event_name": name, "event_time": at}
    return record("marketing.web.v1", **(base | fields))


def person(who: str, kind: str, at: str = "2026-03-22T09:00:00Z", **fields: Any) -> tuple[str, bytes]:
    if kind in ("mql", "sql", "lead", "opportunity", "customer"):
        kind, fields["stage"] = "stage", kind
    if kind in ("demo_booked", "demo_held", "meeting", "disqualified"):
        kind, fields["activity"] = "activity", kind
    return record("marketing.people.v1", person_id=who, kind=kind, occurred_at=at, **fields)


def order(who: str, number: str, value: str, at: str = "2026-03-22T09:00:00Z", **fields: Any) -> tuple[str, bytes]:
    base = {"order_id": number, "value": value, "currency": "IRR"}
    return person(who, fields.pop("kind", "purchase"), at, **(base | fields))


def spend(cost: str, day: str = "2026-03-22", **fields: Any) -> tuple[str, bytes]:
    base = {"platform": "google", "account_id": "acc", "campaign_id": "ad-1", "currency": "IRR"}
    return record("marketing.spend.v1", **(base | {"date": day, "cost": cost} | fields))


def search(query: str, position: float | None, impressions: int | None = 1, **fields: Any) -> tuple[str, bytes]:
    base = {"site": "sc-domain:shop.ir", "date": "2026-03-22", "engine": "google", "query": query}
    return record("marketing.search.v1", **(base | {"position": position, "impressions": impressions} | fields))


def post(number: str, text: str = "برندما", **fields: Any) -> tuple[str, bytes]:
    base = {"op": "create", "post_id": f"instagram:{number}", "platform": "instagram"}
    created = {"created_at": "2026-03-22T09:58:00Z", "text": text}
    return record("social.posts.v1", **(base | created | fields))


def article(number: int, title: str, at: str = "2026-03-22T09:00:00Z", **fields: Any) -> tuple[str, bytes]:
    url = f"https://news{number}.ir/{number}"
    base = {"op": "create", "article_id": f"{number:064x}", "url": url, "canonical_url": url, "title": title}
    return record("press.articles.v1", **(base | {"published_at": at, "publisher": {"domain": "n.ir"}} | fields))


def campaign(name: str = "c", **fields: Any) -> Campaign:
    """A campaign with one of everything that attributes; ``attribution`` and ``kpis`` add to it or replace."""
    attribution = {
        "utm_campaigns": ("nowruz",),
        "landing_pages": ("https://shop.ir/nowruz",),
        "ad_campaigns": ("ad-1",),
        "sites": ("shop.ir",),
        "search_keywords": ("خرید کفش", "کفش ورزشی"),
        "person_first_touch": True,
    }
    data = {
        "keywords": ("برندما",),
        "accounts": ("brand_ir",),
        "attribution": attribution | fields.pop("attribution", {}),
    }
    return msgspec.convert({"id": name} | data | fields, Campaign)


def counted(records: list[tuple[str, bytes]], *campaigns: Campaign) -> tuple[Batch, list[str]]:
    """The batch after the records, and their outcomes."""
    batch = batch_of(CampaignSet(campaigns or (campaign(),)))
    return batch, [OUTCOMES[batch.take(topic, value)] for topic, value in records]


def kpis(
    records: list[tuple[str, bytes]],
    *campaigns: Campaign,
    period: str = "campaign",
    span: tuple[str, str] | None = None,
    now: str | None = None,
) -> dict[str, Any]:
    """The KPIs of the first campaign, those beside the 24 included."""
    chosen = campaigns or (campaign(),)
    batch, _ = counted(records, *chosen)
    wanted = period_option(period, *(span or (None, None)))  # type: ignore[arg-type]
    moment = read_now(now or NOW) if now or batch.now is None else batch.now
    return evaluated(batch.figures, chosen[0], wanted, moment, explicit_now=now is not None, beside=True)


def values(records: list[tuple[str, bytes]], *campaigns: Campaign, **options: Any) -> dict[str, Any]:
    """Their values alone."""
    return {name: body["value"] for name, body in kpis(records, *campaigns, **options).items()}
