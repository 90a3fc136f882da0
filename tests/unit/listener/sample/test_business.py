"""The shop of the sample: every business topic, sound records, all 24 KPIs with something in them."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import listener.sample
from listener.campaigns.files import load_campaigns
from listener.kpis.evaluation import evaluated
from listener.kpis.reading import batch_of
from listener.kpis.spans import period_option
from listener.sample.business import business
from listener.sample.day import DEFAULT_DAY, Day
from listener.sample.stream import timed_records
from models.campaign import CampaignSet
from models.streams import BUSINESS
from processors.kpis.batch import Invalid


@pytest.fixture(scope="module")
def shop() -> CampaignSet:
    found = load_campaigns(Path(listener.sample.__file__).parent / "campaigns")
    return CampaignSet(tuple(one for one in found.campaigns if one.id == "hezarsabad"))


def test_a_day_is_the_same_again_and_touches_every_topic_of_the_week() -> None:
    days = [Day(sessions=30, seed=number, date=DEFAULT_DAY - timedelta(days=number)) for number in range(7)]
    told = [one for day in days for one in business(day)]
    assert {one.topic for one in told} == {stream.topic for stream in BUSINESS}
    assert told == [one for day in days for one in business(day)]
    assert list(business(Day())) == []


def test_all_24_kpis_have_something(shop: CampaignSet) -> None:
    batch = batch_of(shop)
    for number in range(35):
        day = Day(seed=number, posts=20, articles=5, sessions=40, date=DEFAULT_DAY - timedelta(days=34 - number))
        for one in timed_records(day):
            value = one.record if isinstance(one.record, bytes) else msgspec.json.encode(one.record)
            try:
                batch.take(one.topic, value)
            except (Invalid, KeyError):
                assert one.topic in ("social.posts.v1", "press.articles.v1")
    assert batch.now is not None
    now = int(DEFAULT_DAY.timestamp() * 1000) + 20 * 3_600_000
    found = evaluated(batch.figures, shop.campaigns[0], period_option("month", None, None), now, explicit_now=True)
    empty = {name for name, body in found.items() if body["value"] in (None, 0)}
    assert empty <= {"press_mentions"}
    assert all(value is not None for value in found["sales_growth"]["value"].values())
