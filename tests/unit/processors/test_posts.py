"""The fold of posts: outcomes, mentions, engagement, edits and deletes."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.cells import METRICS
from models.entity import DELETED, PostEntity, pack_entity, unpack_entity
from models.outcome import Outcome
from models.post import Counts, Post
from processors.posts import Bounds, Delta, fold_post
from processors.windows import HOUR_MS, from_ms, to_ms

CREATED = datetime.fromisoformat("2026-03-21T12:00:00Z")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BOTH = ("pepsi", "coke")


class Story:
    """A post's records one after the other; remembers what each campaign was given."""

    def __init__(self, *, behind: int | None = 48 * HOUR_MS) -> None:
        self.entity: PostEntity | None = None
        self.record_time: int | None = None
        self.bounds = Bounds(behind=behind)
        self.totals: dict[str, Counter[str]] = {name: Counter() for name in BOTH}
        self.deltas: list[Delta] = []

    def tell(
        self,
        op: str,
        after: timedelta = MINUTE,
        matched: Sequence[str] = ("pepsi",),
        *,
        in_force: Sequence[str] = BOTH,
        created: datetime = CREATED,
        platform: str = "twitter",
        text: str = "",
        precision: str = "exact",
        **counts: int | None,
    ) -> Outcome:
        """One record, observed ``after`` the creation of the post."""
        has_text = op in {"create", "update"}
        fields: dict[str, Any] = {"op": op, "platform": platform, "counts_precision": precision}
        post = Post(
            event_id="e",
            schema_version=1,
            observed_at=CREATED + after,
            post_id="p",
            created_at=created,
            text=text if has_text else None,
            counts=Counts(**counts),
            **fields,
        )
        folded = fold_post(self.entity, post, matched if has_text else (), self.record_time, self.bounds, in_force)
        self.entity = folded.entity or self.entity
        self.deltas = folded.deltas
        for campaign, _, metric, amount, *_ in folded.deltas:
            self.totals[campaign][METRICS[metric]] += amount
        observed = to_ms(post.observed_at)
        self.record_time = observed if self.record_time is None else max(observed, self.record_time)
        return folded.outcome

    def given(self, campaign: str = "pepsi") -> dict[str, int]:
        """What a campaign has been given, without zeros."""
        return {metric: amount for metric, amount in self.totals[campaign].items() if amount}


MENTIONED = {"mentions": 1, "mentions_net": 1}


# ── outcomes ──


@pytest.mark.parametrize("op", ["create", "update", "engagement", "delete"])
def test_unmatched_where_nothing_matches_and_nothing_is_known(op: str) -> None:
    story = Story()
    assert story.tell(op, matched=(), likes=5) is Outcome.UNMATCHED
    assert story.entity is None


@pytest.mark.parametrize("op", ["create", "update"])
def test_the_first_text_that_matches_is_counted(op: str) -> None:
    story = Story()
    assert story.tell(op) is Outcome.COUNTED
    assert story.given() == MENTIONED


def test_stale_is_older_than_the_last() -> None:
    story = Story()
    story.tell("create", 2 * HOUR, likes=5)
    assert story.tell("engagement", HOUR, likes=9) is Outcome.STALE
    assert story.tell("create", HOUR, matched=()) is Outcome.STALE
    assert story.given() == MENTIONED


def test_duplicate_is_the_same_observation_again() -> None:
    story = Story()
    story.tell("create", HOUR, likes=5)
    assert story.tell("create", HOUR, likes=5) is Outcome.DUPLICATE
    assert story.tell("create", HOUR, likes=6) is Outcome.COUNTED
    assert story.tell("create", HOUR, likes=5) is Outcome.COUNTED


def test_a_mention_more_than_48_hours_old_is_late_but_its_engagement_counts() -> None:
    story = Story()
    assert story.tell("create", 48 * HOUR + timedelta(milliseconds=1), likes=5) is Outcome.LATE
    assert story.tell("engagement", 49 * HOUR, likes=7) is Outcome.COUNTED
    assert story.given() == {"likes": 2, "likes_net": 2}


def test_48_hours_are_not_late() -> None:
    assert Story().tell("create", 48 * HOUR) is Outcome.COUNTED


def test_a_record_more_than_48_hours_behind_its_partition_is_late() -> None:
    story = Story()
    story.record_time = to_ms(CREATED + 49 * HOUR + MINUTE)
    assert story.tell("create", MINUTE, likes=5) is Outcome.LATE
    assert story.given() == {}
    kept = story.entity
    assert story.tell("engagement", HOUR - MINUTE, likes=9) is Outcome.LATE
    assert story.entity is kept
    assert story.tell("engagement", HOUR + MINUTE, likes=9) is Outcome.COUNTED
    assert story.given() == {"likes": 4, "likes_net": 4}


def test_stale_and_duplicate_go_before_late() -> None:
    story = Story()
    story.tell("create", HOUR)
    story.record_time = to_ms(CREATED + 100 * HOUR)
    assert story.tell("engagement", MINUTE) is Outcome.STALE
    assert story.tell("create", HOUR) is Outcome.DUPLICATE


def test_without_retention_nothing_is_behind() -> None:
    story = Story(behind=None)
    story.record_time = to_ms(CREATED + 1000 * HOUR)
    assert story.tell("create", MINUTE) is Outcome.COUNTED
    assert Story(behind=None).tell("create", 49 * HOUR) is Outcome.LATE


def test_a_change_is_dated_by_the_record_time() -> None:
    story = Story()
    story.record_time = to_ms(CREATED + 10 * HOUR)
    story.tell("create", MINUTE)
    assert story.entity is not None
    assert story.entity.changed == to_ms(CREATED + 10 * HOUR)


# ── mentions and engagement ──


def test_a_record_that_matches_two_campaigns_is_two_mentions() -> None:
    story = Story()
    story.tell("create", HOUR, BOTH)
    story.tell("engagement", 2 * HOUR, likes=5)
    story.tell("engagement", 3 * HOUR, likes=7)
    assert story.given("pepsi") == story.given("coke") == MENTIONED | {"likes": 2, "likes_net": 2}


def test_a_mention_counts_when_the_post_was_made_engagement_when_it_was_seen() -> None:
    story = Story()
    story.tell("create", HOUR, likes=1)
    assert {delta.time for delta in story.deltas} == {to_ms(CREATED)}
    story.tell("engagement", 5 * HOUR, likes=3)
    assert {delta.time for delta in story.deltas} == {to_ms(CREATED + 5 * HOUR)}


def test_the_first_snapshot_is_the_baseline() -> None:
    story = Story()
    story.tell("create", timedelta(minutes=10, milliseconds=1), likes=530, shares=0)
    story.tell("engagement", HOUR, likes=531, shares=2, views=1000)
    assert story.given() == MENTIONED | {"likes": 1, "likes_net": 1, "shares": 2, "shares_net": 2}


def test_unless_the_post_is_at_most_ten_minutes_old() -> None:
    story = Story()
    story.tell("create", 10 * MINUTE, likes=12, views=0)
    assert story.given() == MENTIONED | {"likes": 12, "likes_net": 12}
    assert [delta.time for delta in story.deltas if METRICS[delta.metric] == "likes"] == [to_ms(CREATED + 10 * MINUTE)]


def test_a_counter_first_seen_later_is_new_only_while_the_post_is_young() -> None:
    story = Story()
    story.tell("create", MINUTE)
    story.tell("engagement", 9 * MINUTE, likes=4)
    story.tell("engagement", 11 * MINUTE, likes=4, views=300)
    assert story.given() == MENTIONED | {"likes": 4, "likes_net": 4}


def test_age_is_told_by_the_creation_time_of_the_first_record() -> None:
    story = Story()
    story.tell("create", MINUTE)
    story.tell("update", HOUR, created=CREATED + HOUR, likes=50)
    assert story.given() == MENTIONED


def test_net_follows_gross_never_falls() -> None:
    story = Story()
    for hours, likes in enumerate((100, 120, 90, 110, 125), start=1):
        story.tell("create" if hours == 1 else "engagement", hours * HOUR, likes=likes)
    assert story.given() == MENTIONED | {"likes": 25, "likes_net": 25}
    story.tell("engagement", 6 * HOUR, likes=80)
    assert story.given() == MENTIONED | {"likes": 25, "likes_net": -20}


def test_a_fall_is_held_for_one_snapshot_across_records() -> None:
    story = Story()
    story.tell("create", HOUR, likes=100)
    story.tell("engagement", 2 * HOUR, likes=0)
    story.tell("engagement", 3 * HOUR, likes=None)
    assert story.given() == MENTIONED
    story.tell("engagement", 4 * HOUR, likes=0)
    assert story.given() == MENTIONED | {"likes_net": -100}


def test_rounded_counts() -> None:
    story = Story()
    story.tell("create", HOUR, precision="rounded", likes=12_500)
    story.tell("engagement", 2 * HOUR, precision="rounded", likes=12_600)
    assert story.given() == MENTIONED
    story.tell("engagement", 3 * HOUR, precision="exact", likes=12_601)
    assert story.given() == MENTIONED | {"likes": 101, "likes_net": 101}


def test_the_platform_is_that_of_the_first_record() -> None:
    story = Story()
    story.tell("create", MINUTE, platform="instagram")
    story.tell("update", HOUR, platform="twitter")
    assert story.entity is not None
    assert story.entity.platform == 1


# ── edits ──


def test_an_edit_that_newly_matches_adds_a_mention_with_its_baseline_now() -> None:
    story = Story()
    story.tell("create", HOUR, ["pepsi"], likes=10)
    story.tell("update", 2 * HOUR, BOTH, likes=15)
    assert story.given("pepsi") == MENTIONED | {"likes": 5, "likes_net": 5}
    assert story.given("coke") == MENTIONED
    assert {delta.time for delta in story.deltas if delta.campaign == "coke"} == {to_ms(CREATED)}
    story.tell("engagement", 3 * HOUR, likes=16)
    assert story.given("coke") == MENTIONED | {"likes": 1, "likes_net": 1}


def test_an_edit_after_48_hours_joins_without_a_mention() -> None:
    story = Story()
    story.tell("create", HOUR, ["pepsi"], likes=10)
    story.tell("update", 49 * HOUR, BOTH, likes=10)
    story.tell("engagement", 50 * HOUR, likes=12)
    assert story.given("coke") == {"likes": 2, "likes_net": 2}


def test_an_edit_that_no_longer_matches_stops_and_takes_nothing_back() -> None:
    story = Story()
    story.tell("create", HOUR, likes=10)
    story.tell("engagement", 2 * HOUR, likes=12)
    story.tell("update", 3 * HOUR, [], likes=20)
    story.tell("engagement", 4 * HOUR, likes=30)
    assert story.given() == MENTIONED | {"likes": 2, "likes_net": 2}


def test_one_that_matches_again_goes_on_without_a_second_mention() -> None:
    story = Story()
    story.tell("create", HOUR, likes=10)
    story.tell("update", 2 * HOUR, [], likes=20)
    story.tell("update", 3 * HOUR, ["pepsi"], likes=30)
    story.tell("engagement", 4 * HOUR, likes=31)
    assert story.given() == MENTIONED | {"likes": 1, "likes_net": 1}


def test_create_on_a_known_post_acts_as_update() -> None:
    story = Story()
    story.tell("create", HOUR, ["pepsi"], likes=1)
    assert story.tell("create", 2 * HOUR, ["coke"], likes=4) is Outcome.COUNTED
    story.tell("engagement", 3 * HOUR, likes=5)
    assert story.given("pepsi") == MENTIONED
    assert story.given("coke") == MENTIONED | {"likes": 1, "likes_net": 1}


# ── deletes ──


def test_a_delete_takes_every_level_back_to_where_it_was() -> None:
    story = Story()
    story.tell("create", HOUR, BOTH, likes=100, shares=5)
    story.tell("engagement", 2 * HOUR, likes=140, shares=4)
    story.tell("update", 3 * HOUR, ["pepsi"], likes=150)
    assert story.tell("delete", 4 * HOUR) is Outcome.COUNTED
    assert {delta.time for delta in story.deltas} == {to_ms(CREATED + 4 * HOUR)}
    assert story.given("pepsi") == {"mentions": 1, "likes": 50}
    assert story.given("coke") == {"mentions": 1, "likes": 40}


def test_after_a_delete_engagement_and_deletes_find_nothing() -> None:
    story = Story()
    story.tell("create", HOUR)
    story.tell("delete", 2 * HOUR)
    assert story.tell("engagement", 3 * HOUR, likes=7) is Outcome.UNMATCHED
    assert story.tell("delete", 3 * HOUR) is Outcome.UNMATCHED
    assert story.tell("delete", HOUR) is Outcome.UNMATCHED


def test_a_post_that_comes_back_counts_again_but_is_no_second_mention() -> None:
    story = Story()
    story.tell("create", HOUR, likes=10)
    story.tell("delete", 2 * HOUR)
    story.tell("update", 3 * HOUR, likes=12)
    assert story.given() == MENTIONED
    assert story.entity is not None
    assert not story.entity.flags & DELETED
    story.tell("engagement", 4 * HOUR, likes=13)
    assert story.given() == MENTIONED | {"likes": 1, "likes_net": 1}
    story.tell("delete", 5 * HOUR)
    assert story.given() == {"mentions": 1, "likes": 1}


def test_a_text_after_a_delete_is_judged_against_the_known_post() -> None:
    story = Story()
    story.tell("create", HOUR)
    story.tell("delete", 3 * HOUR)
    assert story.tell("create", 2 * HOUR) is Outcome.STALE
    assert story.tell("create", 4 * HOUR, []) is Outcome.COUNTED
    assert story.given() == {"mentions": 1}


def test_a_late_post_has_no_mention_to_take_back() -> None:
    story = Story()
    story.tell("create", 60 * HOUR, likes=5)
    story.tell("engagement", 61 * HOUR, likes=7)
    story.tell("delete", 62 * HOUR)
    assert story.given() == {"likes": 2}


# ── campaigns that leave the set ──


def test_a_campaign_out_of_force_is_given_nothing_and_nothing_is_taken_back() -> None:
    story = Story()
    story.tell("create", HOUR, BOTH, likes=10)
    story.tell("engagement", 2 * HOUR, in_force=["coke"], likes=15)
    story.tell("engagement", 3 * HOUR, likes=16)
    assert story.given("pepsi") == MENTIONED | {"likes": 1, "likes_net": 1}
    assert story.given("coke") == MENTIONED | {"likes": 6, "likes_net": 6}
    story.tell("delete", 4 * HOUR, in_force=["coke"])
    assert story.given("pepsi") == MENTIONED | {"likes": 1, "likes_net": 1}
    assert story.given("coke") == {"mentions": 1, "likes": 6}
    story.tell("update", 5 * HOUR, BOTH, likes=20)
    assert story.given("pepsi") == MENTIONED | {"likes": 1, "likes_net": 1}
    story.tell("delete", 6 * HOUR)
    assert story.given("pepsi") == {"mentions": 1, "likes": 1}
    assert story.given("coke") == {"mentions": 1, "likes": 6}


def test_what_was_known_is_not_touched() -> None:
    story = Story()
    story.tell("create", HOUR, likes=10)
    before = story.entity
    assert before is not None
    copy = unpack_entity(pack_entity(before))
    story.tell("engagement", 2 * HOUR, likes=15)
    story.tell("delete", 3 * HOUR)
    assert before == copy


def test_times_before_1970_are_times() -> None:
    story = Story()
    created = from_ms(-5_000_000)
    assert story.tell("create", created - CREATED + HOUR, created=created) is Outcome.COUNTED
    assert {delta.time for delta in story.deltas} == {-5_000_000}
