"""The recount of what runs and the plane were written apart from the same rules: on any history they are equal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import Campaign, CampaignSet
from models.streams import ARTICLES, BUSINESS, PEOPLE, POSTS, SPEND, STREAM_BY_TOPIC, Stream
from tests.business import TAGGED, campaign, order, spend
from tests.property.test_recount import as_articles, histories
from tests.recounting import Partition, told

START = datetime(2026, 3, 20, 20, 15, tzinfo=UTC)


def brands(names: str, words: str = "") -> CampaignSet:
    """A campaign per letter, each on its own clock; ``words`` are what all of them match beside their own names."""
    zones = {"a": "Asia/Tehran", "b": "America/New_York", "c": "Australia/Lord_Howe"}
    return CampaignSet(tuple(Campaign(id=name, keywords=(name, *words), timezone=zones[name]) for name in names))


SETS = (brands("a"), brands("ab"), brands("abc"), brands("bc"), brands("ab", "c"))


@settings(max_examples=120)
@given(histories(), st.lists(st.tuples(st.sampled_from(SETS), st.integers(0, 12)), min_size=1), st.booleans())
def test_posts_under_changing_campaigns(
    records: list[bytes],
    course: list[tuple[CampaignSet, int]],
    retention: bool,  # noqa: FBT001 - hypothesis passes by position
) -> None:
    one = play(POSTS, records, course, retention=retention)
    assert told(one.recount()) == []


def play(stream: Stream, records: list[bytes], course: list[tuple[CampaignSet, int]], *, retention: bool) -> Partition:
    """Count so many records under each set, and the rest under the last."""
    one = Partition(stream, retention=retention)
    rest = records
    for campaign_set, many in course:
        one.count(rest[:many], campaign_set)
        rest = rest[many:]
    one.count(rest, course[-1][0])
    return one


@settings(max_examples=60)
@given(histories(), st.integers(0, 12), st.sampled_from(SETS), st.booleans())
def test_articles_under_changing_campaigns(
    records: list[bytes],
    many: int,
    after: CampaignSet,
    retention: bool,  # noqa: FBT001
) -> None:
    one = play(ARTICLES, as_articles(records), [(SETS[0], many), (after, 0)], retention=retention)
    assert told(one.recount()) == []


BACKFILLS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from((SETS[2], brands("abc", "b")))), max_size=2)


@settings(max_examples=120)
@given(histories(), st.sampled_from(SETS), st.integers(0, 12), BACKFILLS, st.sampled_from(SETS), st.booleans())
def test_posts_with_backfilled_campaigns(
    records: list[bytes],
    first: CampaignSet,
    many: int,
    backfills: list[tuple[str, CampaignSet]],
    after: CampaignSet,
    retention: bool,  # noqa: FBT001
) -> None:
    one = Partition(POSTS, retention=retention)
    one.count(records[:many], first)
    for name, campaign_set in backfills:
        one.backfill(name, campaign_set)
    one.count(records[many:], after)
    assert told(one.recount()) == []


@settings(max_examples=60)
@given(histories(), st.sampled_from(SETS), st.integers(0, 8), st.data())
def test_every_tampered_figure_is_told_and_nothing_else(
    records: list[bytes], campaign_set: CampaignSet, many: int, data: st.DataObject
) -> None:
    one = play(POSTS, records, [(SETS[0], many), (campaign_set, 0)], retention=False)
    standing = one.standing()
    if not standing.cells:
        return
    cell = data.draw(st.sampled_from(sorted(standing.cells)))
    metric = data.draw(st.sampled_from([name for name in POSTS.metrics if name.startswith(("likes", "mentions_net"))]))
    table, start = cell.table, cell.start
    one.tamper(cell, metric, 1)
    (difference,) = one.recount().differences
    assert (difference.campaign, difference.metric) == (cell.campaign, metric)
    assert difference.found - difference.expected == 1
    assert difference.window.split(" ")[0] == table
    assert start >= 0


# ── business ──

OTHERS = campaign("other", keywords=(), accounts=(), attribution={"utm_campaigns": ("yalda",), "sites": ("b.ir",)})
ALONE = CampaignSet((campaign(timezone="America/New_York"),))
TOGETHER = CampaignSet(
    (campaign(timezone="America/New_York", kpis={"conversion_events": ("chat",), "conversion_base": "users"}), OTHERS)
)
RULES = (ALONE, TOGETHER, CampaignSet((OTHERS,)))

MOMENTS = st.one_of(
    st.integers(-3, 3).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from([timedelta(days=days) for days in (-401, -31, -9, -3, -2, 0, 1, 2, 9, 401, 1101)]),
    st.integers(0, 2000).map(lambda seconds: timedelta(seconds=seconds)),
)
SITES = st.sampled_from([None, "https://shop.ir/", "https://b.ir/x", "https://rival.ir/"])
UTMS = st.sampled_from([None, {"campaign": "nowruz"}, {"campaign": "yalda", "term": "خرید کفش"}, {"source": "google"}])
AGES = st.sampled_from([timedelta(), timedelta(minutes=5), timedelta(hours=48), timedelta(days=35)])
COUNTS = st.one_of(st.none(), st.integers(0, 50))
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "marketing.web.v1": {
        "session_id": st.sampled_from(["s1", "s1", "s1", "s2"]),
        "anonymous_id": st.sampled_from("ab"),
        "event_name": st.sampled_from(["session_start", "page_view", "user_engagement", "purchase", "chat"]),
        "page_url": SITES,
        "page_referrer": st.sampled_from([None, "https://www.google.com/", "https://t.me/x", "https://shop.ir/"]),
        "utm": UTMS,
        "engaged_time_ms": st.sampled_from([None, 4_000, 9_000]),
        "conversion_name": st.sampled_from([None, None, "contact"]),
    },
    "marketing.people.v1": {
        "person_id": st.sampled_from(["p1", "p1", "p1", "p2"]),
        "kind": st.sampled_from(["stage", "activity", "purchase", "purchase", "refund", "refund", "renewal"]),
        "stage": st.sampled_from(["lead", "mql", "customer"]),
        "activity": st.sampled_from(["demo_held", "meeting"]),
        "order_id": st.sampled_from(["o1", "o1", "o2"]),
        "value": st.sampled_from([None, "10", "25.5", "40"]),
        "currency": st.sampled_from(["IRR", "EUR"]),
        "is_new_customer": st.sampled_from([None, None, True, False]),
        "utm": UTMS,
    },
    "marketing.spend.v1": {
        "platform": st.just("google"),
        "account_id": st.just("acc"),
        "campaign_id": st.sampled_from(["ad-1", "ad-1", "ad-2"]),
        "cost": st.sampled_from(["10", "12.50", "-3"]),
        "currency": st.sampled_from(["IRR", "EUR"]),
        "impressions": COUNTS,
        "clicks": COUNTS,
        "category": st.sampled_from([None, "salary"]),
    },
    "marketing.search.v1": {
        "site": st.sampled_from(["sc-domain:shop.ir", "https://www.b.ir/"]),
        "engine": st.just("google"),
        "query": st.sampled_from([None, "خرید کفش", "کفش ورزشی", "دیگر"]),
        "clicks": COUNTS,
        "impressions": COUNTS,
        "position": st.sampled_from([None, 0, 1, 2.9999996, 3.0, 3.2, 9.5, 10.4, 77]),
    },
    "marketing.site_rank.v1": {
        "provider": st.sampled_from(["tranco", "cloudflare_radar"]),
        "domain": st.sampled_from(["shop.ir", "www.b.ir", "rival.ir"]),
        "rank": st.sampled_from([None, 5, 9]),
        "bucket": st.sampled_from([None, 100]),
    },
    "marketing.backlinks.v1": {
        "target_domain": st.sampled_from(["shop.ir", "shop.ir", "b.ir"]),
        "source_url": st.sampled_from(["https://x.com/1", "https://x.com/2", "https://x.com/3"]),
        "source_domain": st.just("x.com"),
        "provider": st.just("p"),
        "first_seen": st.sampled_from([None, "2026-03-01", "2026-03-19", "2026-03-20T21:00:00+03:30"]),
        "lost": st.sampled_from([None, False, True, "2026-03-19", "2026-03-21", "2026-02-01"]),
    },
    "marketing.audience.v1": {
        "account_id": st.sampled_from(["brand_ir", "brand_ir", "instagram:brand_ir", "else"]),
        "platform": st.just("instagram"),
        "followers": COUNTS,
        "reach": COUNTS,
        "impressions": COUNTS,
    },
}
TIMES = {"marketing.web.v1": "event_time", "marketing.people.v1": "occurred_at"}


@st.composite
def business(draw: st.DrawFn, topic: str) -> list[bytes]:
    """Records of a business topic: few entities, times around every limit, repeats and restatements."""
    now, records = START, []
    for number in range(draw(st.integers(1, 10))):
        now += draw(MOMENTS)
        moment = now - draw(
            st.sampled_from([timedelta(), timedelta(minutes=5), timedelta(hours=48), timedelta(days=35)])
        )
        fields = {name: draw(strategy) for name, strategy in FIELDS[topic].items()}
        fields |= {"event_id": f"e{number}", "schema_version": 1, "observed_at": now.isoformat()}
        if topic in TIMES:
            fields[TIMES[topic]] = moment.isoformat()
        elif topic != "marketing.backlinks.v1":
            fields["date"] = moment.date().isoformat()
        records.append(msgspec.json.encode(fields))
        if draw(st.integers(0, 4)) == 4:
            records.append(draw(st.sampled_from(records)))
    return records


@pytest.mark.parametrize("stream", BUSINESS, ids=lambda stream: stream.name)
@settings(max_examples=60)
@given(data=st.data())
def test_business_records_under_changing_campaigns(stream: Stream, data: st.DataObject) -> None:
    records = data.draw(business(stream.topic))
    course = data.draw(st.lists(st.tuples(st.sampled_from(RULES), st.integers(0, 8)), min_size=1, max_size=3))
    one = play(STREAM_BY_TOPIC[stream.topic], records, course, retention=data.draw(st.booleans()))
    assert told(one.recount()) == []


def total(one: Partition, metric: str, name: str = "c") -> int:
    found = one.standing().cells
    return sum(cell.counters[metric] for key, cell in found.items() if (key.table, key.campaign) == ("lifetime", name))


def test_a_row_is_restated_after_its_campaign_ended_and_the_worker_began_anew() -> None:
    """What it gave is taken back, on the clock of a campaign that no set has any more."""
    one = Partition(SPEND)
    one.count([spend("1000")[1]], ALONE)
    one.count([], RULES[2])
    one.count([spend("1200", obs="2026-03-22T11:00:00Z")[1]], RULES[2])
    assert total(one, "cost") == 0
    assert told(one.recount()) == []


def test_only_an_activity_is_one() -> None:
    one = Partition(PEOPLE)
    one.count([order("p1", "o1", "10", activity="meeting", **TAGGED)[1]], ALONE)
    assert (total(one, "orders"), total(one, "meeting")) == (1, 0)
    assert told(one.recount()) == []
