from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec
import pytest

from listener.recount.counting import Recount
from listener.sample.day import DEFAULT_DAY
from listener.sample.records import Record
from listener.sample.stream import sample_records, write
from models.campaign import CampaignSet
from models.outcome import OUTCOMES, Reason
from models.post import Post

NIGHT = range(2, 6)
EVENING = range(17, 23)
OUTAGE_HOURS = (18, 19)


def of(records: list[Record], op: str) -> list[Record]:
    return [record for record in records if record["op"] == op]


def by_post(records: list[Record]) -> dict[str, list[Record]]:
    posts: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda one: one["observed_at"]):
        posts[record["post_id"]].append(record)
    return posts


def test_the_same_arguments_give_the_same_day() -> None:
    assert list(sample_records(7, 200)) == list(sample_records(7, 200))


def test_another_seed_is_another_day() -> None:
    texts = [
        {one["text"] for one in sample_records(seed, 200) if isinstance(one, dict) and "text" in one} for seed in (1, 2)
    ]
    assert len(texts[0] & texts[1]) < len(texts[0]) / 4


def test_another_day_tells_the_same_story() -> None:
    later = DEFAULT_DAY + timedelta(days=100)
    first, second = (
        [one for one in sample_records(3, 50, day) if isinstance(one, dict)] for day in (DEFAULT_DAY, later)
    )
    shifts = {
        datetime.fromisoformat(new["observed_at"]) - datetime.fromisoformat(old["observed_at"])
        for old, new in zip(first, second, strict=True)
    }
    assert shifts == {timedelta(days=100)}


def test_dicts_are_posts_and_bytes_are_not(day: list[Record | bytes]) -> None:
    for record in day:
        if isinstance(record, dict):
            assert msgspec.convert(record, Post).source == "sample"
    assert sum(isinstance(record, bytes) for record in day) == 12


def test_every_line_of_the_file_is_one_record(tmp_path: Path, day: list[Record | bytes]) -> None:
    write(tmp_path / "day.ndjson", articles=0)
    data = (tmp_path / "day.ndjson").read_bytes()
    assert data.count(b"\n") == len(day)
    assert 3_000 < len(day) < 6_500
    assert len(data) < 4_000_000


def test_everything_is_observed_within_the_day(sound: list[Record]) -> None:
    begin = DEFAULT_DAY.astimezone(UTC)
    observed = [datetime.fromisoformat(record["observed_at"]) for record in sound]
    assert begin <= min(observed)
    assert max(observed) < begin + timedelta(days=1)


def test_the_stream_is_nearly_in_order_of_observation(sound: list[Record]) -> None:
    back = sum(earlier["observed_at"] > later["observed_at"] for earlier, later in pairwise(sound))
    assert 0.01 < back / len(sound) < 0.2


def test_every_outcome_occurs_and_most_posts_are_about_nothing_watched(
    counted: Recount, sound: list[Record], matches: Callable[[str], set[str]]
) -> None:
    assert all(counted.outcomes[outcome] >= 5 for outcome in OUTCOMES)
    creates = of(sound, "create")
    assert sum(bool(matches(post["text"])) for post in creates) < 0.35 * len(creates)


def test_every_poison_is_refused_and_nothing_else_is(counted: Recount) -> None:
    assert counted.outcomes["invalid"] == 12 + 8
    assert set(counted.reasons) == {Reason.JSON, Reason.ENCODING, Reason.SCHEMA, Reason.FUTURE}


@pytest.mark.parametrize("metric", ["mentions", "likes", "shares", "comments"])
def test_every_campaign_has_something_of_everything(counted: Recount, metric: str) -> None:
    assert all(totals[metric] >= 50 for totals in counted.totals.values())


def test_the_press_is_counted_but_where_a_campaign_leaves_it_out(counted: Recount, campaigns: CampaignSet) -> None:
    for campaign in campaigns.campaigns:
        found = counted.totals[campaign.id]["press_mentions"]
        assert found == 0 if campaign.platforms else found >= 8


@pytest.mark.parametrize("campaign", ["berimo", "berimo-outage"])
def test_the_outage_is_a_spike(counted: Recount, campaign: str) -> None:
    hours: Counter[int] = Counter()
    for (name, minute), figures in counted.minutes.items():
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + minute).astimezone(DEFAULT_DAY.tzinfo)
        if name == campaign and moment.date() == DEFAULT_DAY.date():
            hours[moment.hour] += figures["mentions"]
    usual = median(hours[hour] for hour in range(8, 18))
    assert all(hours[hour] > 10 * max(1, usual) for hour in OUTAGE_HOURS)


def test_days_are_louder_than_nights(sound: list[Record]) -> None:
    hours = Counter(
        datetime.fromisoformat(post["created_at"]).astimezone(DEFAULT_DAY.tzinfo).hour for post in of(sound, "create")
    )
    assert all(hours.values())
    assert sum(hours[hour] for hour in NIGHT) * 8 < sum(hours[hour] for hour in EVENING)


def test_edits_bring_campaigns_in_and_take_them_out(sound: list[Record], matches: Callable[[str], set[str]]) -> None:
    changes: Counter[str] = Counter()
    for history in by_post(sound).values():
        texts = [record["text"] for record in history if "text" in record]
        for before, after in pairwise(texts):
            changes["in"] += bool(matches(after) - matches(before))
            changes["out"] += bool(matches(before) - matches(after))
            changes["same"] += before != after and matches(before) == matches(after)
    assert all(changes[kind] >= 3 for kind in ("in", "out", "same"))


def test_counters_grow_and_have_their_quirks(sound: list[Record]) -> None:
    likes: Counter[str] = Counter()
    for history in by_post(sound).values():
        seen = [record["counts"]["likes"] for record in history if "counts" in record]
        for before, after in pairwise(value for value in seen if value is not None):
            likes["more"] += after > before
            likes["fewer"] += after < before
    assert likes["more"] > 10 * likes["fewer"] > 0
    assert any(None in record["counts"].values() for record in sound if "counts" in record)
    rounded = [record for record in sound if record.get("counts_precision") == "rounded"]
    assert rounded
    assert all(value < 1_000 or value % 100 == 0 for one in rounded for value in one["counts"].values() if value)


def test_posts_are_reposted_answered_and_deleted(sound: list[Record]) -> None:
    known = {record["post_id"] for record in sound}
    creates = of(sound, "create")
    reposts = [post["repost_of"] for post in creates if "repost_of" in post]
    replies = [post["in_reply_to"] for post in creates if "in_reply_to" in post]
    assert len(reposts) > 60
    assert len(replies) > 100
    assert known.issuperset([*reposts, *replies])
    assert len(of(sound, "delete")) > 10


def test_texts_repeat_little(sound: list[Record]) -> None:
    texts = [post["text"] for post in of(sound, "create") if "repost_of" not in post]
    assert len(set(texts)) > 0.85 * len(texts)


def test_many_platforms_and_two_languages(sound: list[Record]) -> None:
    creates = of(sound, "create")
    assert {"twitter", "telegram", "instagram", "bluesky", "ninisite", "aparat"} <= {
        post["platform"] for post in creates
    }
    assert {post["lang"] for post in creates} == {"fa", "en"}
