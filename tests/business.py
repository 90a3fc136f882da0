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
from processors.kpis.evaluate import group_of

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
    return evaluated(
        batch.figures,
        chosen[0],
        wanted,
        moment,
        explicit_now=now is not None,
        beside=True,
        group=group_of(chosen[0], chosen),
    )


def values(records: list[tuple[str, bytes]], *campaigns: Campaign, **options: Any) -> dict[str, Any]:
    """Their values alone."""
    return {name: body["value"] for name, body in kpis(records, *campaigns, **options).items()}


SITE = "https://shop.ir/"
TAGGED = {"utm": {"campaign": "nowruz"}}


def link(url: str, **fields: Any) -> tuple[str, bytes]:
    base = {"target_domain": "shop.ir", "source_url": url, "source_domain": url.split("/")[2], "provider": "p"}
    return record("marketing.backlinks.v1", **(base | fields))


def rank(provider: str, day: str, number: int) -> tuple[str, bytes]:
    return record("marketing.site_rank.v1", provider=provider, domain="shop.ir", date=day, rank=number)


def account(day: str, **numbers: int | None) -> tuple[str, bytes]:
    return record("marketing.audience.v1", account_id="brand_ir", platform="instagram", date=day, **numbers)


def a_bit_of_everything() -> list[tuple[str, bytes]]:
    """Records of every topic, with restatements, refunds, repeats, poison and what belongs to nobody."""
    google, telegram = "https://www.google.com/", "https://t.me/brand"
    term = {"source": "google", "medium": "cpc", "campaign": "nowruz", "term": "خرید کفش"}
    counts = {"counts": {"likes": 10, "comments": 2, "shares": 3, "views": 500}}
    again = web("s2", "purchase")
    return [
        web("s1", "session_start", page_url=SITE, page_referrer=google),
        web("s1", page_url=SITE, page_referrer=google, engaged_time_ms=9_000),
        web("s1", "user_engagement", engaged_time_ms=2_500),
        web("s2", at="2026-03-20T23:00:00Z", obs="2026-03-21T00:00:00Z", page_url=SITE, page_referrer=telegram),
        again,
        again,
        web("s3", page_url=SITE, utm=term),
        web("s3", "generate_lead"),
        web("s4", page_url=SITE, utm=term),
        web("s5", page_url=SITE, page_referrer="https://blog.example/"),
        web("s6", page_url="https://rival.ir/"),
        web("s7", at="2026-03-01T00:00:00Z", page_url=SITE),
        person("p1", "mql", **TAGGED),
        person("p1", "sql"),
        person("p1", "demo_booked"),
        person("p1", "demo_held"),
        order("p1", "o1", "2500.50"),
        order("p2", "o2", "700", at="2026-02-25T08:00:00Z", **TAGGED),
        order("p2", "o3", "300", at="2026-03-22T08:00:00Z"),
        order("p2", "o3", "300", kind="refund", at="2026-03-22T08:30:00Z"),
        person("nobody", "mql"),
        spend("1000", impressions=900, clicks=30),
        spend("1200", impressions=1000, clicks=40, obs="2026-03-22T11:00:00Z"),
        spend("1", impressions=1, clicks=1, obs="2026-03-22T08:00:00Z"),
        spend("300", category="salary", platform="office"),
        spend("50", day="2025-01-01"),
        search("خرید کفش", 2.5, 10, clicks=3),
        search("کفش ورزشی", 12, 30),
        search("کفش ورزشی", None, 60, country="de"),
        rank("tranco", "2026-03-20", 5000),
        rank("tranco", "2026-03-21", 4000),
        link("https://a.com/1", first_seen="2026-03-01"),
        link("https://a.com/2", first_seen="2026-03-21"),
        link("https://b.com/1", first_seen="2026-03-02", lost=True),
        account("2026-03-20", followers=100, reach=40, impressions=90),
        account("2026-03-22", followers=130, reach=60, impressions=80),
        post("1", obs="2026-03-22T09:59:00Z", **counts),
        post("1", op="engagement", text=None, obs="2026-03-22T10:20:00Z", counts={"likes": 25, "shares": 4}),
        post("2", "چیز دیگر"),
        article(1, "برندما کارخانه تازه در تبریز گشود", body="خبر کامل"),
        article(2, "برندما کارخانه تازه در تبریز گشود", body="خبر کامل"),
        article(3, "گزارش فروش سه ماهه برندما"),
    ]
