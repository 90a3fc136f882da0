"""KPIs of posts, press and accounts, with numbers worked out by hand."""

from typing import Any

import pytest

from models.campaign import CampaignSet
from models.kpis import BESIDE
from processors.kpis.batch import Batch
from processors.kpis.evaluate import Evaluator
from processors.kpis.periods import Period, Span
from tests.business import article, campaign, counted, kpis, post, record, values


def counts(**numbers: Any) -> Any:
    return {"counts": numbers}


def test_posts_count_as_the_worker_counts_them() -> None:
    records = [
        post("1", obs="2026-03-22T09:59:00Z", **counts(likes=10, comments=2, shares=3, views=500)),
        post("1", op="engagement", text=None, obs="2026-03-22T10:30:00Z", **counts(likes=15, comments=2, shares=4)),
        post("1", op="engagement", text=None, obs="2026-03-22T11:00:00Z", **counts(likes=12, comments=2, shares=4)),
        post("2", "چیز دیگر", **counts(likes=99)),
        post("3", created_at="2026-03-22T09:00:00Z", **counts(likes=1000)),
    ]
    found = kpis(records)
    # The third post was seen an hour after its creation: its likes are a baseline.
    assert (found["likes"]["value"], found["likes"]["net"]) == (15, 12)
    assert (found["comments"]["value"], found["social_shares"]["value"], found["mentions"]["value"]) == (2, 4, 2)
    assert found["virality"]["value"] == 4 / 500


def account(day: Any = "2026-03-22", **numbers: Any) -> Any:
    return record("marketing.audience.v1", account_id="brand_ir", platform="instagram", date=day, **numbers)


ENGAGED = [post("1", obs="2026-03-22T09:59:00Z", **counts(likes=10, comments=2, shares=3, views=500, saves=5))]


@pytest.mark.parametrize(
    ("base", "expected"),
    [("reach", 15 / 100), ("impressions", 15 / 300), ("views", 15 / 500), ("followers", 15 / 1000)],
)
def test_engagement_rate_names_its_base(base: Any, expected: Any) -> None:
    records = [*ENGAGED, account(followers=1000, reach=100, impressions=300)]
    body = kpis(records, campaign(kpis={"engagement_base": base}))["engagement_rate"]
    assert (body["value"], body["label"]) == (pytest.approx(expected), base)


def test_engagement_rate_takes_the_first_base_that_there_is_and_saves_by_setting() -> None:
    assert kpis(ENGAGED)["engagement_rate"]["label"] == "views"
    assert values(ENGAGED, campaign(kpis={"engagement_saves": True}))["engagement_rate"] == 20 / 500
    assert values([])["engagement_rate"] is None


def test_own_replies_are_taken_out_of_the_comments_by_setting() -> None:
    ours, other = {"id": "77", "handle": "Brand_IR"}, {"id": "78", "handle": "someone"}
    new = {"created_at": "2026-03-22T09:58:00Z", "obs": "2026-03-22T09:59:00Z"}
    records = [
        post("1", **new, counts={"comments": 0}),
        post("1", op="engagement", text=None, obs="2026-03-22T10:30:00Z", counts={"comments": 5}),
        post("2", "ممنون از شما", author=ours, in_reply_to="instagram:1", **new),
        post("3", "به پیوی سر بزنید", author=ours, in_reply_to="instagram:1", **new),
        # one that answers nothing, and somebody who answers
        post("4", "خبر تازه", author=ours, **new),
        post("5", "برندما کجاست", author=other, in_reply_to="instagram:1", **new),
    ]
    assert values(records)["comments"] == 5
    without = kpis(records, campaign(kpis={"own_replies": "exclude"}))["comments"]
    assert (without["value"], without["net"]) == (3, 3)
    # told again, or edited: still one reply
    again = post("2", "ممنون از شما!", op="update", author=ours, in_reply_to="instagram:1", obs="2026-03-22T11:00:00Z")
    assert values([*records, records[2], again], campaign(kpis={"own_replies": "exclude"}))["comments"] == 3


def test_followers_are_a_level_that_restatements_mend() -> None:
    rows = [
        account("2026-03-20", followers=100, reach=10),
        account("2026-03-22", followers=130, reach=10),
        account("2026-03-21", followers=90, reach=10),
        account("2026-03-21", followers=95, reach=7, obs="2026-03-22T11:00:00Z"),
        account("2026-03-19", followers=None, reach=1),
    ]
    found = values(rows, campaign(kpis={"engagement_base": "reach"}))
    assert found["followers"] == 130
    assert values(rows, span=("2026-03-21", "2026-03-21"))["followers"] == 95
    assert kpis(rows)["engagement_rate"]["denominator"] == 28


def test_an_account_remembers_400_days_and_loses_nothing() -> None:
    from datetime import date, timedelta

    days = [(date(2025, 1, 1) + timedelta(days=number)).isoformat() for number in range(450)]
    _, outcomes = counted([account(day, followers=number + 1) for number, day in enumerate(days)])
    assert set(outcomes) == {"counted"}
    rows = [account(day, followers=number + 1) for number, day in enumerate(days)]
    late = [*rows, account(days[0], followers=7, obs="2026-03-22T11:00:00Z")]
    assert counted(late)[1][-1] == "late"
    assert values(late)["followers"] == 450
    mended = [*rows, account(days[-1], followers=500, obs="2026-03-22T11:00:00Z")]
    assert values(mended)["followers"] == 500


def test_press_mentions_are_raw_and_stories() -> None:
    long = " ".join(f"کلمه{number}" for number in range(60))
    records = [
        article(1, "برندما کارخانه تازه در تبریز گشود", body=long),
        article(2, "برندما کارخانه تازه در تبریز گشود", body=f"{long} پایان"),
        article(3, "گشایش کارخانه برندما", body=long),
        article(4, "گزارش دیگری از برندما", body="خبر کاملا متفاوت درباره فروش سه ماهه این شرکت است"),
        article(5, "بی‌ربط", body=long),
        article(1, "برندما کارخانه تازه در تبریز گشود", op="update", body=long, obs="2026-03-22T12:00:00Z"),
    ]
    found = values(records)
    assert found["press_mentions"] == {"articles": 4, "stories": 2}
    assert found["amplification"] == 2
    assert found["mentions"] == 0


def test_articles_count_when_they_were_published() -> None:
    records = [article(1, "برندما", at="2026-03-20T10:00:00Z"), article(2, "برندما دو", at="2026-03-22T08:00:00Z")]
    assert values(records, period="day", now="2026-03-22T12:00:00Z")["press_mentions"] == {"articles": 1, "stories": 1}


def test_net_sentiment_is_of_what_was_judged_once_per_mention() -> None:
    told = {"instagram:1": "positive", "instagram:2": "positive", "instagram:3": "negative", "instagram:4": None}
    batch = Batch(
        CampaignSet((campaign(),)),
        lambda post: ["c"] if post.post_id in told else [],
        lambda _: [],
        judge=lambda post: {"c": told[post.post_id]},  # type: ignore[dict-item]
    )
    for topic, value in [*(post(str(number)) for number in range(1, 6)), post("1", op="update"), post("2")]:
        batch.take(topic, value)
    period = Period("custom", Span(None, None), None)
    (reading,) = Evaluator(batch.figures, campaign()).readings(BESIDE["net_sentiment"], period)
    # two positive, one negative; the fourth is counted but not judged, the fifth is nobody's
    assert (reading.numerator, reading.denominator) == (1, 3)
