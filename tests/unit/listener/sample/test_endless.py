"""The sample without an end."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import msgspec
import pytest

from listener.sample.day import Day, Timed
from listener.sample.endless import DAWN, Told, endless
from listener.sample.stream import timed_records
from models.article import ARTICLES_TOPIC, Article
from models.post import POSTS_TOPIC, Post

#: 12:30 in Tehran.
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SPEED = 120.0
TOLD = timedelta(hours=17) / SPEED


@pytest.fixture(scope="module")
def stream() -> list[Timed]:
    """The past day and more than two told ones."""
    return list(islice(endless(NOW, SPEED, posts=200, articles=0), 3000))


def posts(stream: list[Timed]) -> list[Post]:
    return [msgspec.convert(one.record, Post) for one in stream if isinstance(one.record, dict)]


def test_records_come_in_the_order_in_which_they_are_due(stream: list[Timed]) -> None:
    due = [one.moment for one in stream]
    assert due == sorted(due)


def test_the_past_day_is_due_at_once_and_then_one_day_follows_the_other(stream: list[Timed]) -> None:
    past = [one.moment for one in stream if one.moment <= NOW]
    assert NOW - timedelta(hours=37) < past[0] < NOW - timedelta(hours=24)
    assert NOW - timedelta(minutes=30) < past[-1]
    later = [one.moment for one in stream if one.moment > NOW]
    assert later[-1] - NOW > 2 * TOLD
    gaps = [after - before for before, after in pairwise(later)]
    assert max(gaps) < timedelta(hours=2) / SPEED


def test_nothing_is_dated_after_it_is_delivered(stream: list[Timed]) -> None:
    for one in stream:
        if isinstance(one.record, dict):
            post = msgspec.convert(one.record, Post)
            assert post.observed_at <= one.moment
            assert post.created_at is None or post.created_at <= post.observed_at


def test_ids_of_one_day_are_of_no_other(stream: list[Timed]) -> None:
    seen: dict[str, list[datetime]] = {}
    for one in stream:
        if isinstance(one.record, dict):
            seen.setdefault(one.record["post_id"], []).append(one.moment)
    told = [moments for moments in seen.values() if moments[0] > NOW]
    assert len(told) > 300
    assert all(moments[-1] - moments[0] <= TOLD + timedelta(hours=5) / SPEED for moments in told)
    assert len({post.event_id for post in posts(stream)}) > 0.97 * len(stream)


def test_engagement_keeps_its_order_when_time_runs_fast(stream: list[Timed]) -> None:
    later = [post for post in posts(stream) if post.observed_at > NOW]
    histories: dict[str, list[Post]] = {}
    for post in later:
        histories.setdefault(post.post_id, []).append(post)
    popular = max(histories.values(), key=len)
    likes = [post.counts.likes for post in sorted(popular, key=lambda one: one.observed_at) if post.counts]
    grown = [(a, b) for a, b in pairwise(likes) if a is not None and b is not None]
    assert len(grown) > 10
    assert sum(b >= a for a, b in grown) > 0.8 * len(grown)


def test_the_night_is_not_told_but_old_posts_that_are_found_are() -> None:
    day = Day(posts=200, articles=0)
    dawn = day.midnight + DAWN
    told = Told(NOW, dawn, SPEED)
    kept = [one for one in timed_records(day) if told.holds(one)]
    assert min(one.moment for one in kept) >= dawn
    created = [datetime.fromisoformat(one.record["created_at"]) for one in kept if isinstance(one.record, dict)]
    assert not [moment for moment in created if day.midnight <= moment < dawn]
    old = [one for one in kept if isinstance(one.record, dict) and one.record["created_at"] < "2026-11-18"]
    assert old
    record = told.of(old[0]).record
    assert isinstance(record, dict)
    age = datetime.fromisoformat(record["observed_at"]) - datetime.fromisoformat(record["created_at"])
    assert timedelta(days=3) < age < timedelta(days=10)


def test_a_told_time_is_as_far_from_the_begin_as_the_real_one_is_from_dawn() -> None:
    dawn = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    told = Told(NOW, dawn, SPEED)
    record = {"observed_at": "2026-11-20T05:30:00Z", "created_at": "2026-11-20T05:28:00Z"}
    assert told.of(Timed(dawn + timedelta(hours=3), POSTS_TOPIC, record)) == Timed(
        NOW + timedelta(seconds=90),
        POSTS_TOPIC,
        {"observed_at": "2026-11-20T09:01:00.000Z", "created_at": "2026-11-20T09:00:59.000Z"},
    )
    assert told.next.begin == NOW + TOLD


def test_articles_are_told_too() -> None:
    stream = list(islice(endless(NOW, SPEED, posts=100, articles=60), 1600))
    later = [one for one in stream if one.moment > NOW and one.topic == ARTICLES_TOPIC and isinstance(one.record, dict)]
    assert len(later) > 60
    articles = [msgspec.convert(one.record, Article) for one in later]
    told = [one for one in articles if one.published_at > NOW]
    assert len(told) > 50
    assert all(one.published_at <= one.observed_at for one in articles)
    ages = [one.observed_at - one.published_at for one in articles if one not in told]
    assert ages
    assert min(ages) > timedelta(days=2)


def test_what_is_no_record_is_told_as_it_is() -> None:
    dawn = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    told = Told(NOW, dawn, SPEED)
    assert told.of(Timed(dawn, POSTS_TOPIC, b"{")) == Timed(NOW, POSTS_TOPIC, b"{")
    assert not told.holds(Timed(dawn - timedelta(seconds=1), POSTS_TOPIC, b"{"))
