"""Each case is worked out by hand from the documented rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pytest

from listener.recount.counting import Recount, recount
from models.article import ARTICLES_TOPIC
from models.campaign import Campaign, CampaignSet
from models.outcome import OUTCOMES
from models.post import POSTS_TOPIC

NOW_MS = 1_525_600_000_000  # 2018-05-06T09:46:40Z
CREATED = "2018-05-05T18:46:39.488Z"
CREATED_MINUTE = "2018-05-05T18:46:00Z"
CAMPAIGNS = CampaignSet((Campaign(id="acme", keywords=("acme",)), Campaign(id="zeta", keywords=("zeta",))))


@dataclass(frozen=True)
class Found:
    campaign_id: str


class WordMatcher:
    """A campaign matches when its id is a word of the text; a record may match when it holds an id anywhere."""

    prefilter: "WordMatcher"

    def __init__(self) -> None:
        self.prefilter = self

    def find_each(self, raws: Sequence[bytes], _texts: Sequence[bytes]) -> list[int]:
        return [index for index, raw in enumerate(raws) if b"acme" in raw.lower() or b"zeta" in raw.lower()]

    def post(self, text: str, **_: object) -> list[Found]:
        return [Found(name) for name in ("acme", "zeta") if name in text.split()]


def post(observed: str = CREATED, op: str = "create", text: str = "acme", **fields: object) -> bytes:
    record = {
        "event_id": "e",
        "schema_version": 1,
        "observed_at": observed,
        "op": op,
        "post_id": "p",
        "platform": "twitter",
        "created_at": CREATED,
        **({"text": text} if op in ("create", "update") else {}),
        **fields,
    }
    return msgspec.json.encode(record)


def likes(count: int | None, observed: str, op: str = "engagement", **fields: object) -> bytes:
    return post(observed, op, counts={"likes": count}, **fields)


def count(*values: bytes | None, retention: bool = False, now_ms: int = NOW_MS) -> Recount:
    return recount(((0, value, now_ms, POSTS_TOPIC) for value in values), CAMPAIGNS, WordMatcher(), retention=retention)


def outcomes(result: Recount) -> dict[str, int]:
    return {name: number for name, number in result.outcomes.items() if number}


def minutes(result: Recount, metric: str, campaign: str = "acme") -> dict[str, int]:
    rows = {row.start: getattr(row, metric) for row in result.report().minutes if row.campaign == campaign}
    return {start: number for start, number in rows.items() if number}


def test_a_post_is_one_mention_per_campaign_in_the_minute_of_its_creation() -> None:
    result = count(post("2018-05-05T19:00:00Z", text="acme and zeta"))
    assert outcomes(result) == {"counted": 1}
    assert minutes(result, "mentions") == minutes(result, "mentions", "zeta") == {CREATED_MINUTE: 1}
    assert result.totals["acme"]["mentions_net"] == 1


def test_what_matches_nothing_leaves_no_trace() -> None:
    result = count(post(text="else"), likes(5, "2018-05-05T18:50:00Z"), post("2018-05-05T18:50:00Z", "delete"))
    assert outcomes(result) == {"unmatched": 3}
    assert not result.minutes
    assert set(result.totals) == {"acme", "zeta"}


@pytest.mark.parametrize(
    ("observed", "expected"),
    [("2018-05-05T18:56:39.488Z", {"2018-05-05T18:56:00Z": 7}), ("2018-05-05T18:56:39.489Z", {})],
)
def test_the_first_snapshot_is_new_for_ten_minutes_and_a_baseline_after(
    observed: str, expected: dict[str, int]
) -> None:
    result = count(post(observed, counts={"likes": 7}))
    assert minutes(result, "likes") == expected
    assert result.totals["acme"]["likes_net"] == sum(expected.values())


def test_gross_follows_the_high_water_mark_and_net_the_level() -> None:
    later = [f"2018-05-05T19:0{minute}:00Z" for minute in range(5)]
    result = count(post(later[0], counts={"likes": 10}), *map(likes, (15, 12, 14, 17), later[1:]))
    assert minutes(result, "likes") == {later[1]: 5, later[4]: 2}
    assert result.totals["acme"] == {"mentions": 1, "mentions_net": 1, "likes": 7, "likes_net": 7} | {
        name: 0 for name in result.totals["acme"] if name not in ("mentions", "mentions_net", "likes", "likes_net")
    }


def test_unknown_counts_are_skipped_and_a_late_first_value_is_a_baseline() -> None:
    later = [f"2018-05-05T19:0{minute}:00Z" for minute in range(5)]
    result = count(post(later[0]), *map(likes, (None, 100, None, 103), later[1:]))
    assert minutes(result, "likes") == {later[4]: 3}


@pytest.mark.parametrize(
    ("counts", "gross", "net"),
    [
        ((100, 0, 110), 10, 10),  # one false zero
        ((100, 0, 0, 5), 0, -95),  # believed the second time; 5 is far below the high-water mark
        ((100, 49, 49), 0, -51),
        ((100, 50), 0, -50),  # half is no fall
        ((100, 49, 120, 10), 20, 20),  # the hold ended with 120: 10 is held anew
        ((100, 0, None, 0), 0, -100),  # unknown is no second look
    ],
)
def test_a_fall_by_more_than_half_is_held_for_one_snapshot(
    counts: tuple[int | None, ...], gross: int, net: int
) -> None:
    first, *rest = counts
    later = [f"2018-05-05T19:0{minute}:00Z" for minute in range(9)]
    result = count(post(later[0], counts={"likes": first}), *map(likes, rest, later[1:]))
    assert (result.totals["acme"]["likes"], result.totals["acme"]["likes_net"]) == (gross, net)


@pytest.mark.parametrize(
    ("first", "second", "delta"),
    [
        (500, 501, 0),
        (500, 502, 2),
        (12_500, 12_600, 0),
        (12_500, 12_601, 101),
        (999, 1_000, 0),
        (2_100_000, 2_200_000, 0),
    ],
)
def test_rounded_counts_do_not_move_within_the_rounding_step(first: int, second: int, delta: int) -> None:
    result = count(
        post("2018-05-05T19:00:00Z", counts={"likes": first}, counts_precision="rounded"),
        likes(second, "2018-05-05T19:01:00Z", counts_precision="rounded"),
    )
    assert result.totals["acme"]["likes"] == delta


def test_older_is_stale_and_the_same_again_is_a_duplicate() -> None:
    first = likes(5, "2018-05-05T19:01:00Z")
    result = count(
        post("2018-05-05T19:00:00Z", counts={"likes": 1}),
        first,
        likes(5, "2018-05-05T19:01:00Z", event_id="other", source="other"),
        likes(6, "2018-05-05T19:01:00Z"),
        likes(9, "2018-05-05T19:00:59Z"),
    )
    assert outcomes(result) == {"counted": 3, "duplicate": 1, "stale": 1}
    assert result.totals["acme"]["likes"] == 5


def test_a_post_first_seen_after_48_hours_is_late_but_its_engagement_counts() -> None:
    result = count(
        post("2018-05-07T18:46:39.489Z", counts={"likes": 40}),
        likes(43, "2018-05-08T00:00:00Z"),
        now_ms=NOW_MS + 3 * 86_400_000,
    )
    assert outcomes(result) == {"late": 1, "counted": 1}
    assert minutes(result, "mentions") == {}
    assert minutes(result, "likes") == {"2018-05-08T00:00:00Z": 3}


def test_exactly_48_hours_is_not_late() -> None:
    assert outcomes(count(post("2018-05-07T18:46:39.488Z"), now_ms=NOW_MS + 3 * 86_400_000)) == {"counted": 1}


def test_with_retention_records_behind_the_partitions_record_time_are_late() -> None:
    old = {"created_at": "2018-05-03T00:00:00Z", "post_id": "old"}
    values = [
        post("2018-05-03T00:00:00Z", counts={"likes": 4}, **old),
        post(),
        likes(9, "2018-05-03T18:46:39.487Z", **old),
        post("2018-05-03T01:00:00Z", post_id="unknown", created_at="2018-05-03T01:00:00Z", counts={"likes": 5}),
    ]
    assert outcomes(count(*values)) == {"counted": 4}
    result = count(*values, retention=True)
    assert outcomes(result) == {"counted": 2, "late": 2}
    assert (result.totals["acme"]["mentions"], result.totals["acme"]["likes"]) == (2, 4)


def test_record_time_is_per_partition() -> None:
    old = post("2018-05-01T00:00:00Z", created_at="2018-05-01T00:00:00Z")
    records = [(0, post(), NOW_MS, POSTS_TOPIC), (1, old, NOW_MS, POSTS_TOPIC)]
    result = recount(records, CAMPAIGNS, WordMatcher(), retention=True)
    assert outcomes(result) == {"counted": 2}


def test_with_retention_minutes_are_dropped_96_hours_after_their_end() -> None:
    values = [post(post_id="a"), post("2018-05-09T18:46:59.999Z", "update", text="none", post_id="b")]
    now_ms = NOW_MS + 5 * 86_400_000
    assert minutes(count(*values, retention=True, now_ms=now_ms), "mentions") == {CREATED_MINUTE: 1}
    values[1] = post("2018-05-09T18:47:00Z", "update", text="none", post_id="b")
    result = count(*values, retention=True, now_ms=now_ms)
    assert minutes(result, "mentions") == {}
    assert result.totals["acme"]["mentions"] == 1


def test_an_edit_stops_one_campaign_and_starts_another_from_now() -> None:
    later = [f"2018-05-05T19:0{minute}:00Z" for minute in range(9)]
    result = count(
        post(later[0], counts={"likes": 10}),
        post(later[1], "update", "zeta", counts={"likes": 15}),
        likes(18, later[2]),
        post(later[3], "create", "acme zeta", counts={"likes": 20}),
        likes(21, later[4]),
    )
    assert (result.totals["acme"]["mentions"], result.totals["acme"]["likes"]) == (1, 1)
    assert (result.totals["zeta"]["mentions"], result.totals["zeta"]["likes"]) == (1, 6)
    assert minutes(result, "mentions", "zeta") == {CREATED_MINUTE: 1}


def test_an_edit_that_matches_after_48_hours_adds_engagement_but_no_mention() -> None:
    result = count(
        post(),
        post("2018-05-07T19:00:00Z", "update", "acme zeta", counts={"likes": 3}),
        likes(5, "2018-05-07T19:01:00Z"),
        now_ms=NOW_MS + 3 * 86_400_000,
    )
    assert (result.totals["zeta"]["mentions"], result.totals["zeta"]["likes"]) == (0, 2)


def test_a_delete_takes_the_levels_back_and_leaves_the_gross_counts() -> None:
    result = count(
        post(counts={"likes": 4}),
        likes(9, "2018-05-05T19:01:00Z"),
        post("2018-05-05T19:02:00Z", "delete"),
        likes(12, "2018-05-05T19:03:00Z"),
        post("2018-05-05T19:04:00Z", "delete"),
    )
    assert outcomes(result) == {"counted": 3, "unmatched": 2}
    totals = result.totals["acme"]
    assert (totals["mentions"], totals["mentions_net"], totals["likes"], totals["likes_net"]) == (1, 0, 9, 0)


def test_a_post_that_comes_back_counts_in_the_level_again_from_now() -> None:
    result = count(
        post(counts={"likes": 4}),
        post("2018-05-05T19:02:00Z", "delete"),
        post("2018-05-05T19:03:00Z", counts={"likes": 6}),
        likes(7, "2018-05-05T19:04:00Z"),
        post("2018-05-05T19:05:00Z", "delete"),
        post("2018-05-05T19:05:30Z", "update", "zeta"),
    )
    acme, zeta = result.totals["acme"], result.totals["zeta"]
    assert (acme["mentions"], acme["mentions_net"], acme["likes"], acme["likes_net"]) == (1, 0, 5, 0)
    assert (zeta["mentions"], zeta["mentions_net"]) == (1, 1)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b" " * 1_048_577, "too_large"),
        (b'{"op":"create","observed_at":"2018-05-05T18:46:39Z","x":"\xff"}', "encoding"),
        (b"{", "json"),
        (b'{"x":' + b"[" * 100_000, "json"),
        (b"[]", "schema"),
        (b"{}", "schema"),
        (post(op="like"), "schema"),
        (post("2018-05-05"), "schema"),
        (post(text="acme", hashtags="acme"), "schema"),
        (post(post_id=7), "schema"),
        (post("2018-05-06T10:46:40.001Z"), "future"),
        (post(created_at="9999-12-31T23:59:59-05:00"), "future"),
        (post("9999-12-31T23:59:59-05:00"), "future"),
    ],
)
def test_invalid_records(value: bytes | None, reason: str) -> None:
    result = count(value)
    assert (outcomes(result), dict(result.reasons)) == ({"invalid": 1}, {reason: 1})


@pytest.mark.parametrize(
    "value", [post(text="else", hashtags="x"), post(text="else", post_id=7), post(op="delete", created_at=5)]
)
def test_the_full_schema_is_judged_only_for_what_may_match(value: bytes) -> None:
    assert outcomes(count(value)) == {"unmatched": 1}


def test_an_hour_ahead_and_1970_are_valid() -> None:
    result = count(
        post("2018-05-06T10:46:40Z"), post("1969-12-31T23:59:59.999Z", post_id="q", created_at="1970-01-01T00:00:00Z")
    )
    assert outcomes(result) == {"counted": 2}


def test_the_json_has_exactly_the_contracts_keys_in_order() -> None:
    found = msgspec.json.decode(count(post(counts={"shares": 2}), b"no").to_json())
    assert list(found) == ["read", "outcomes", "campaigns", "minutes"]
    assert list(found["outcomes"]) == list(OUTCOMES)
    assert found["read"] == 2
    assert found["campaigns"]["zeta"] == {"mentions": 0, "likes": 0, "shares": 0, "comments": 0}
    assert found["minutes"] == [
        {"campaign": "acme", "start": CREATED_MINUTE, "mentions": 1, "likes": 0, "shares": 2, "comments": 0}
    ]


def test_minutes_with_nothing_shown_are_left_out_of_the_json() -> None:
    result = count(post(), post("2018-05-05T18:50:00Z", "engagement", counts={"views": 9}))
    assert len(result.minutes) == 2
    assert [row.start for row in result.report().minutes] == [CREATED_MINUTE]


def test_the_table_names_the_campaigns_with_something_in_them() -> None:
    text = count(post()).report().to_text()
    assert "acme" in text
    assert "zeta" not in text
    assert "counted 1" in text


def article(observed: str = CREATED, op: str = "create", title: str = "acme", **fields: object) -> bytes:
    url = "https://news.example/1"
    record = {
        "event_id": "e",
        "schema_version": 1,
        "observed_at": observed,
        "op": op,
        "article_id": "ab" * 32,
        "url": url,
        "canonical_url": url,
        "title": title,
        "published_at": CREATED,
        "publisher": {"domain": "news.example"},
        **fields,
    }
    return msgspec.json.encode(record)


def press(*values: bytes) -> Recount:
    return recount(((0, value, NOW_MS, ARTICLES_TOPIC) for value in values), CAMPAIGNS, WordMatcher())


def test_an_article_is_a_press_mention_once() -> None:
    result = press(article(), article(), article("2018-05-05T18:56:00Z", summary="more"))
    assert outcomes(result) == {"counted": 2, "duplicate": 1}
    assert +Counter(result.totals["acme"]) == {"press_mentions": 1, "press_mentions_net": 1}
    assert '"press_mentions":1' in result.to_json()


def test_a_withdrawn_article_takes_back_the_level_only() -> None:
    result = press(article(), article("2018-05-05T18:56:00Z", "delete"))
    assert +Counter(result.totals["acme"]) == {"press_mentions": 1}


def test_a_summary_and_a_body_match_too() -> None:
    assert press(article(title="news", summary="acme")).totals["acme"]["press_mentions"] == 1
    assert press(article(title="news", body="zeta and acme")).totals["zeta"]["press_mentions"] == 1


def test_an_article_without_a_title_is_invalid_only_where_it_may_match() -> None:
    assert outcomes(press(article(title="", summary="acme"), article(title="", summary="other"))) == {
        "invalid": 1,
        "unmatched": 1,
    }


def test_posts_and_articles_of_one_partition_number_are_apart() -> None:
    rows = [(0, post(), NOW_MS, POSTS_TOPIC), (0, article(), NOW_MS, ARTICLES_TOPIC)]
    totals = recount(rows, CAMPAIGNS, WordMatcher()).totals["acme"]
    assert (totals["mentions"], totals["press_mentions"]) == (1, 1)
