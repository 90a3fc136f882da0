"""KPIs of the site, with numbers worked out by hand."""

from typing import Any

import pytest

from processors.kpis.periods import Span
from tests.business import campaign, counted, kpis, record, search, spend, values, web

SITE = "https://shop.ir/"
GOOGLE = "https://www.google.com/"


def test_sessions_count_by_channel_once_each() -> None:
    found = values(
        [
            web("s1", "session_start", page_url=SITE, page_referrer=GOOGLE),
            web("s1", page_url=SITE, page_referrer=GOOGLE),
            web("s2", page_url=SITE, page_referrer="https://zarebin.ir/"),
            web("s3", page_url=SITE, page_referrer="https://t.me/x"),
            web("s4", page_url=SITE, page_referrer="https://blog.example/"),
            web("s5", page_url=SITE),
            web("s6", page_url="https://other.example/", page_referrer=GOOGLE),
        ]
    )
    assert (found["organic_traffic"], found["social_traffic"], found["referral_traffic"]) == (2, 1, 1)


def test_the_way_back_from_a_payment_gateway_is_no_referral() -> None:
    back = [
        web("s1", page_url=SITE, page_referrer=GOOGLE),
        web("s1", at="2026-03-22T09:05:00Z", page_url=f"{SITE}done", page_referrer="https://sep.shaparak.ir/"),
        web("s2", "session_start", page_url=f"{SITE}done", page_referrer="https://www.zarinpal.com/"),
    ]
    found = values(back)
    assert (found["organic_traffic"], found["referral_traffic"]) == (1, 0)
    assert values(back, campaign(kpis={"referral_exclusions": ()}))["referral_traffic"] == 1


def test_a_session_is_engaged_over_ten_seconds_or_with_a_conversion_or_two_views() -> None:
    engaged = [
        web("ten", page_url=SITE, engaged_time_ms=10_000),
        web("over", page_url=SITE, engaged_time_ms=6_000),
        web("over", "user_engagement", engaged_time_ms=4_001),
        web("converts", page_url=SITE),
        web("converts", "generate_lead"),
        web("views", page_url=SITE),
        web("views", page_url=f"{SITE}two"),
        web("starts", "session_start", page_url=SITE),
    ]
    found = kpis(engaged)
    bounce, time = found["bounce_rate"], found["time_on_site"]
    assert (bounce["value"], bounce["numerator"], bounce["denominator"]) == (0.4, 2, 5)
    assert (time["value"], time["numerator"], time["denominator"]) == (pytest.approx(20.001 / 5), 20.001, 5)


def test_an_event_that_comes_again_counts_once() -> None:
    topic, value = web("s", "purchase", page_url=SITE, engaged_time_ms=500)
    batch, outcomes = counted([(topic, value), (topic, value)])
    assert outcomes == ["counted", "duplicate"]
    assert batch.outcomes == {"counted": 1, "duplicate": 1}


def test_a_session_counts_where_it_began_whatever_the_order_of_its_events() -> None:
    records = [
        web("s", at="2026-03-21T20:31:00Z", page_url=SITE, page_referrer=GOOGLE),
        web("s", "session_start", at="2026-03-21T20:29:00Z", page_url=SITE, page_referrer=GOOGLE),
    ]
    for order in (records, records[::-1]):
        # 20:30 UTC is midnight in Tehran: the session is of the first of Farvardin, not of the second.
        assert values(order, span=("1405-01-01", "1405-01-01"))["organic_traffic"] == 1
        assert values(order, span=("1405-01-02", "1405-01-02"))["organic_traffic"] == 0


def test_a_late_event_is_not_counted() -> None:
    _, outcomes = counted([web("s", at="2026-03-20T09:59:59Z", page_url=SITE)])
    assert outcomes == ["late"]


def test_conversions_are_those_that_the_campaign_declares_and_the_usual_ones() -> None:
    records = [
        web("s", page_url=SITE, engaged_time_ms=1),
        web("s", "purchase"),
        web("s", "purchase"),
        web("s", "click", conversion_name="brochure"),
        web("s", "click", conversion_name="unknown"),
        web("s", "form_submit", conversion_name="contact"),
    ]
    found = values(records, campaign(kpis={"conversion_events": ("brochure",)}))["conversions"]
    assert {name: number for name, number in found.items() if number} == {"purchase": 2, "brochure": 1, "contact": 1}
    assert sum(values(records)["conversions"].values()) == 3


def test_conversion_rate_is_over_impressions_unless_another_base_is_set() -> None:
    records = [
        web("s1", page_url=SITE),
        web("s1", "purchase"),
        web("s1", "sign_up"),
        web("s2", page_url=SITE),
        spend("10", impressions=1000, clicks=40),
    ]
    by_base = {
        base: kpis(records, campaign(kpis={"conversion_base": base}))["conversion_rate"]
        for base in ("impressions", "clicks", "sessions")
    }
    assert {base: body["value"] for base, body in by_base.items()} == {
        "impressions": 0.002,
        "clicks": 0.05,
        "sessions": 1,
    }
    assert kpis(records)["conversion_rate"]["label"] == "impressions"


def test_users_are_different_visitors_however_often_they_come() -> None:
    records = [
        web("s1", page_url=SITE, anonymous_id="ali"),
        web("s1", "purchase", anonymous_id="ali"),
        web("s2", page_url=SITE, anonymous_id="ali", at="2026-03-20T09:00:00Z"),
        web("s3", page_url=SITE, anonymous_id="sara"),
        web("s4", page_url="https://rival.ir/", anonymous_id="reza"),
    ]
    body = kpis(records, campaign(kpis={"conversion_base": "users"}))["conversion_rate"]
    assert (body["value"], body["numerator"], body["denominator"], body["label"]) == (0.5, 1, 2, "users")
    assert kpis(records)["conversion_rate"]["denominator"] == 0
    assert not [name for name in counted(records)[0].figures.amounts("c", "web", Span(None, None)) if "user" in name]


def test_conversion_rate_per_keyword_has_a_wilson_interval() -> None:
    def term(session: Any, text: Any, *events: Any) -> Any:
        tags = {"source": "google", "medium": "cpc", "campaign": "nowruz", "term": text}
        return [web(session, page_url=SITE, utm=tags), *(web(session, name) for name in events)]

    records = [
        *term("s1", "خرید كفش", "purchase"),  # Arabic kaf
        *term("s2", "خرید کفش"),
        *term("s3", "خرید  کفش"),
        *term("s4", "خرید کفش"),
        *term("s5", "چیز دیگر", "purchase"),
    ]
    found = kpis(records)["conversion_rate_per_keyword"]
    assert found["value"] == {"خرید کفش": 0.25, "کفش ورزشی": None}
    assert (found["numerator"]["خرید کفش"], found["denominator"]["خرید کفش"]) == (1, 4)
    # Wilson, 1 of 4: ((0.25 + 1.9207/4) ± 1.96·√((0.1875 + 0.9604/4)/4)) / (1 + 3.8415/4)
    assert found["interval"]["خرید کفش"] == pytest.approx((0.0456, 0.6994), abs=1e-4)


def test_clicks_may_be_the_base_per_keyword() -> None:
    tags = {"source": "google", "medium": "cpc", "campaign": "nowruz", "term": "خرید کفش"}
    records = [
        web("s1", page_url=SITE, utm=tags),
        web("s1", "purchase"),
        search("خرید کفش", 2.0, 100, clicks=5),
    ]
    found = kpis(records, campaign(kpis={"keyword_base": "clicks"}))["conversion_rate_per_keyword"]
    assert (found["value"]["خرید کفش"], found["label"]) == (0.2, "clicks")


def test_search_ranking_is_weighted_and_absence_is_a_state() -> None:
    found = kpis([search("خرید کفش", 2.5, 10), search("کفش ورزشی", 12, 30), search("خرید کفش", None, 60, country="de")])
    body = found["search_ranking"]
    # (2.5·10 + 12·30) / 40; of all 100 impressions 10 in the top 3 and in the top 10
    assert body["value"] == {"position": 9.625, "top3": 0.1, "top10": 0.1}
    assert body["numerator"] == {"position": 385, "top3": 10, "top10": 10}
    assert body["denominator"] == {"position": 40, "top3": 100, "top10": 100}


def test_not_in_the_top_is_no_number() -> None:
    body = kpis([search("خرید کفش", None), search("کفش ورزشی", 0)])["search_ranking"]
    assert body["value"] == {"position": None, "top3": 0, "top10": 0}
    assert body["state"] == "not_in_top"
    assert kpis([])["search_ranking"]["state"] == "unknown"


def test_search_rows_are_of_own_sites_and_own_keywords() -> None:
    _, outcomes = counted(
        [
            search("خرید کفش", 1),
            search("دیگر", 1),
            search("خرید کفش", 1, site="https://www.rival.ir/"),
            search("خرید کفش", 1, site="https://www.shop.ir/"),
        ]
    )
    assert outcomes == ["counted", "unmatched", "unmatched", "counted"]


def test_a_restated_search_row_replaces_and_a_stale_one_does_nothing() -> None:
    rows = [
        search("خرید کفش", 4, 10, obs="2026-03-22T10:00:00Z"),
        search("خرید کفش", 2, 20, obs="2026-03-22T11:00:00Z"),
        search("خرید کفش", 9, 90, obs="2026-03-22T09:00:00Z"),
    ]
    assert counted(rows)[1] == ["counted", "counted", "stale"]
    assert kpis(rows)["search_ranking"]["denominator"]["position"] == 20


def rank(provider: Any, day: Any, number: Any, domain: Any = "shop.ir", **fields: Any) -> Any:
    return record("marketing.site_rank.v1", provider=provider, domain=domain, date=day, rank=number, **fields)


def test_site_rank_is_the_provider_s_last_and_never_spliced() -> None:
    one = [rank("tranco", "2026-03-20", 5000), rank("tranco", "2026-03-21", 4000), rank("tranco", "2026-03-19", 9)]
    assert kpis(one)["site_rank"]["value"] == 4000
    two = [*one, rank("similarweb", "2026-03-22", 700)]
    assert kpis(two)["site_rank"]["value"] == {"similarweb": 700, "tranco": 4000}
    assert kpis(two, campaign(kpis={"rank_provider": "tranco"}))["site_rank"]["value"] == 4000
    assert kpis([])["site_rank"]["value"] is None
    assert values([rank("tranco", "2026-03-20", 5, domain="rival.ir")])["site_rank"] is None


def test_a_restated_rank_replaces_and_a_bucket_stands_in_for_a_rank() -> None:
    rows = [rank("tranco", "2026-03-21", 4000), rank("tranco", "2026-03-21", 4100, obs="2026-03-22T11:00:00Z")]
    assert values(rows)["site_rank"] == 4100
    assert values([rank("cloudflare_radar", "2026-03-21", None, bucket=10_000)])["site_rank"] == 10_000


def link(url: Any, **fields: Any) -> Any:
    domain = url.split("/")[2]
    return record(
        "marketing.backlinks.v1", target_domain="shop.ir", source_url=url, source_domain=domain, provider="p", **fields
    )


def test_inbound_links_are_a_level_with_gains_and_losses() -> None:
    rows = [
        link("https://a.com/1", first_seen="2026-03-01"),
        link("https://a.com/2", first_seen="2026-03-21"),
        link("https://b.com/1", first_seen="2026-03-02"),
        link("https://b.com/1", first_seen="2026-03-02", lost=True, obs="2026-03-22T11:00:00Z"),
        link("https://c.com/1", first_seen="2025-01-01"),
    ]
    assert values(rows)["inbound_links"] == {"links": 3, "domains": 2, "new": 4, "lost": 1}
    # Only one was first seen in Farvardin; what the provider's index found late is no gain of today.
    assert values(rows, period="month", now="2026-03-22T12:00:00Z")["inbound_links"] == {
        "links": 3,
        "domains": 2,
        "new": 1,
        "lost": 1,
    }
    assert values(rows, span=("2026-02-01", "2026-03-15"))["inbound_links"] == {
        "links": 3,
        "domains": 3,
        "new": 2,
        "lost": 0,
    }


def test_a_link_that_comes_back_was_never_lost() -> None:
    rows = [
        link("https://a.com/1", first_seen="2026-03-01"),
        link("https://a.com/1", lost=True, obs="2026-03-22T11:00:00Z"),
        link("https://a.com/1", obs="2026-03-22T12:00:00Z"),
    ]
    assert values(rows)["inbound_links"] == {"links": 1, "domains": 1, "new": 1, "lost": 0}
