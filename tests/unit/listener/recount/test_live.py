"""What a recount of what runs says where records are gone, and where windows are removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from listener.recount.live.comparing import Comparison, NotCovered
from listener.recount.live.ledger import CellId
from models.campaign import Campaign, CampaignSet
from models.streams import POSTS, SPEND, WEB
from models.trace import Backfilled, backfilled_record
from tests.business import campaign, spend, web
from tests.recounting import Partition, told

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
BRANDS = CampaignSet((Campaign(id="a", keywords=("a",)), Campaign(id="b", keywords=("b",))))
HOURS = timedelta(hours=1)


def post(
    number: int, after: timedelta, text: str | None = "a", created: timedelta | None = None, **fields: Any
) -> bytes:
    body = {
        "event_id": f"e{number}{after}",
        "schema_version": 1,
        "observed_at": (NOON + after).isoformat(),
        "op": "create" if text is not None else "engagement",
        "post_id": f"p{number}",
        "platform": "twitter",
        "created_at": (NOON + (after if created is None else created)).isoformat(),
        "text": text,
        **fields,
    }
    return msgspec.json.encode(body)


def ms(moment: timedelta) -> int:
    return int((NOON + moment).timestamp() * 1000)


def counted(*records: tuple[timedelta, bytes], retention: bool = False) -> Partition:
    """Records, each produced when it was observed."""
    one = Partition(POSTS, retention=retention, produced={at: ms(when) for at, (when, _) in enumerate(records)})
    one.count([value for _, value in records], BRANDS)
    return one


def at(*hours: float, **fields: Any) -> list[tuple[timedelta, bytes]]:
    return [(HOURS * hour, post(int(hour * 1000), HOURS * hour, **fields)) for hour in hours]


def open_(comparison: Comparison) -> dict[tuple[str, str], int]:
    return {(one.campaign, one.table): one.windows for one in comparison.not_covered()}


def minutes(one: Partition) -> int:
    return sum(cell.table == "minute" for cell in one.standing().cells)


def test_with_all_records_everything_is_compared() -> None:
    one = counted(*at(0, 1, 2))
    comparison = one.recount()
    assert (told(comparison), list(comparison.not_covered())) == ([], [])
    # Three minutes, three hours, one day, the lifetime; and six outcomes.
    assert comparison.compared == 3 + 3 + 1 + 1 + 6


def test_what_began_before_the_first_retained_record_is_not_covered_and_the_rest_is_compared() -> None:
    one = counted(*at(0, 1, 2, 30, 31))
    comparison = one.recount(first=2)
    assert told(comparison) == []
    # The record at 2 h was produced an hour after the gone one: what began up to 3 h may be of gone records.
    # Of local days that is told by the earliest of all zones.
    assert open_(comparison) == {("a", "minute"): 3, ("a", "hour"): 3, ("a", "day"): 2, ("a", "lifetime"): 1}
    assert comparison.compared == 2 + 2
    one.tamper(CellId("minute", "a", "twitter", ms(30 * HOURS) // 1000), "mentions", 1)
    assert [line.split("\t")[1:5] for line in told(one.recount(first=2))] == [
        ["minute 2026-03-22T18:00:00Z", "mentions", "1", "2"]
    ]


def test_engagement_of_posts_from_before_is_not_taken_for_a_difference() -> None:
    liked = post(0, 30 * HOURS, None, created=timedelta(), counts={"likes": 7})
    one = counted(*at(0, 1), (30 * HOURS, liked), *at(30.001))
    comparison = one.recount(first=1)
    assert told(comparison) == []
    assert ("a", "minute") in open_(comparison)
    one.tamper(CellId("minute", "a", "twitter", ms(30 * HOURS) // 1000), "mentions", 1)
    assert len(told(one.recount(first=1))) == 1, "what only new posts add to is compared all the same"


def test_nothing_is_compared_where_no_record_is_left() -> None:
    comparison = counted(*at(0, 1)).recount(first=2)
    assert (told(comparison), comparison.compared) == ([], 0)
    assert {one.reason for one in comparison.not_covered()} == {"no record is left"}


def test_sets_that_were_never_recorded_are_not_guessed() -> None:
    """Counted by an older version: the progress cell knows the present set only."""
    one = counted(*at(0, 1))
    one.trace.clear()
    comparison = one.recount()
    assert told(comparison) == []
    assert {(one.table, "before sets were recorded" in one.reason) for one in comparison.not_covered()} == {
        (table, True) for table in ("minute", "hour", "day", "lifetime")
    }


def test_a_backfilled_campaign_is_covered_from_its_own_first_record_on() -> None:
    one = counted(*at(0, 1, 30))
    one.count([post(9, 31 * HOURS, "a b")], BRANDS)
    one.backfill("b", BRANDS, first=1)
    one.tamper(CellId("lifetime", "b", "twitter", 0), "mentions", 1)
    assert [line.split("\t")[:3] for line in told(one.recount(first=1))] == [["b", "lifetime", "mentions"]]
    gone = one.recount(first=2)
    assert told(gone) == []
    assert ("b", "lifetime") in open_(gone)


def test_a_backfill_that_was_cut_short_leaves_its_campaign_open() -> None:
    one = counted(*at(0, 1))
    begun = Backfilled("b", BRANDS.version, 0, 1, 1)
    one.trace.append(backfilled_record(POSTS.topic, 0, begun))
    one.count([post(5, 2 * HOURS, "b")], BRANDS)
    one.tamper(CellId("lifetime", "b", "twitter", 0), "mentions", 1)
    comparison = one.recount()
    assert told(comparison) == []
    assert {(one.campaign, one.reason) for one in comparison.not_covered()} == {
        ("b", "a backfill was cut short: run it again")
    }


def test_windows_that_retention_removed_are_no_difference_and_those_not_yet_removed_are_compared() -> None:
    one = counted(*at(0, 1), *at(200), retention=True)
    assert minutes(one) == 3, "expired, but touched by the flush"
    assert told(one.recount()) == []
    one.tamper(CellId("minute", "a", "twitter", ms(HOURS) // 1000), "mentions", 1)
    assert len(told(one.recount())) == 1
    one.tamper(CellId("minute", "a", "twitter", ms(HOURS) // 1000), "mentions", -1)
    one.count([post(7, 201 * HOURS)], BRANDS)
    assert minutes(one) == 2
    assert told(one.recount()) == []


def test_dated_rows_are_covered_from_their_own_date_on() -> None:
    shop = CampaignSet((campaign(),))
    days = [f"2026-03-{day}" for day in range(10, 20)]
    rows = [spend("10", day=day, obs=f"{day}T12:00:00Z")[1] for day in days]
    produced = {at: ms(timedelta(days=at - 11)) for at in range(len(days))}
    one = Partition(SPEND, retention=False, produced=produced)
    one.count(rows, shop)
    comparison = one.recount(first=3)
    assert told(comparison) == []
    assert comparison.compared > 0
    assert ("c", "lifetime") in open_(comparison)


def test_sessions_with_gone_records_are_not_covered_at_all() -> None:
    one = Partition(WEB)
    one.count([web(f"s{number}", page_url="https://shop.ir/")[1] for number in range(3)], CampaignSet((campaign(),)))
    comparison = one.recount(first=1)
    assert (told(comparison), comparison.compared) == ([], 0)


def test_a_topic_that_grew_has_followed_posts_from_elsewhere() -> None:
    """All records of the partition are there, and still a post may have come with a past."""
    one = counted(*at(0, 1, 30))
    comparison = one.recount(grown=True)
    assert told(comparison) == []
    assert ("a", "lifetime") in open_(comparison)
    assert comparison.compared == 1 + 1, "the minute and hour of what came long after"


def test_lines() -> None:
    one = NotCovered("a", "posts", 3, "minute", 2, "minute x", "minute y", "gone")
    assert one.line() == "not covered: a posts/3: 2 × minute (minute x to minute y): gone"
