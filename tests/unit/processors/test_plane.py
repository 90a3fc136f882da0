"""The counting of one partition, step by step; tests/property/test_protocol.py plays it against every fault."""

from datetime import timedelta

import pytest

from models import cells
from models.cells import CELL_TABLES, ENTITIES, PROGRESS
from models.entity import entity_stamp
from models.progress import SetInForce
from processors.plane import Gap
from processors.windows import day_start, hour_start, minute_start
from tests.unit.processors.plane_rig import (
    MINUTE,
    NOW_MS,
    Tables,
    chunk,
    compiled,
    empty_tables,
    flush,
    lifetime,
    outcomes,
    plane,
    progress_in,
    record,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ONCE = {"mentions": 1, "mentions_net": 1}
TWO_LIKES = ONCE | {"likes": 2, "likes_net": 2}
#: A mention, two likes on it, a broken record.
STORY = [record(counts={"likes": 0}), record("engagement", 2 * MINUTE, counts={"likes": 2}), b"{"]


def copied(tables: Tables) -> Tables:
    return {table: dict(part) for table, part in tables.items()}


# ── flushing ──


def test_nothing_reaches_the_tables_before_the_flush_is_durable() -> None:
    tables = empty_tables()
    one = plane(tables)
    one.count(chunk(STORY))
    plan = one.take_flush()
    assert not any(tables.values())
    one.flushed(plan)
    assert lifetime(tables) == TWO_LIKES
    assert [len(tables[table]) for table in CELL_TABLES] == [2, 1, 1, 1]


def test_a_record_is_in_its_minute_local_hour_local_day_and_lifetime() -> None:
    tables = empty_tables()
    one = plane(tables)
    one.count(chunk([record()]))
    flush(one)
    name = "pepsi|social.posts.v1|0|twitter"
    assert tables["minute"].keys() == {cells.window_key(name, minute_start(NOW_MS), 60)}
    assert tables["hour"].keys() == {cells.window_key(name, hour_start(NOW_MS, "Asia/Tehran"), 3600)}
    assert tables["day"].keys() == {cells.window_key(name, day_start(NOW_MS, "Asia/Tehran"), 86400)}
    assert tables["lifetime"].keys() == {cells.lifetime_key(name)}


def test_a_plan_says_everything_once() -> None:
    one = plane()
    one.count(chunk(STORY))
    plan = one.take_flush(caught_up=True)
    assert (plan.next_offset, plan.records, plan.tombstones) == (3, 3, {})
    assert [letter.offset for letter in plan.letters] == [2]
    assert [key for key, _ in plan.entities] == [b"p"]
    assert plan.cells.keys() == {*CELL_TABLES, PROGRESS}
    stamps = {cells.cell_stamp(value) for table in CELL_TABLES for _, value in plan.cells[table]}
    assert stamps == {2} == {entity_stamp(value) for _, value in plan.entities}
    progress = plan.progress
    assert (progress.stamp, progress.durable, progress.read, progress.caught_up) == (2, -1, 3, True)
    assert (progress.record_time, progress.written_at) == (NOW_MS + 120_000, NOW_MS)
    assert plan.cells[PROGRESS] == [one.progress_record(progress)]


def test_records_counted_while_a_flush_is_in_flight_are_in_the_next() -> None:
    tables = empty_tables()
    one = plane(tables)
    one.count(chunk(STORY[:1]))
    first = one.take_flush()
    assert not one.can_flush
    one.count(chunk(STORY[1:], 1))
    one.flushed(first)
    assert lifetime(tables) == ONCE
    second = flush(one)
    assert lifetime(tables) == TWO_LIKES
    assert (first.progress.durable, second.progress.durable) == (-1, 0)
    assert second.progress.durable_record_time == first.progress.record_time


def test_entities_know_the_flush_in_flight() -> None:
    one = plane()
    one.count(chunk(STORY[:1]))
    one.take_flush()
    one.count(chunk([STORY[0], STORY[1]], 1))
    assert outcomes(one) == {"counted": 2, "duplicate": 1}


# ── delivery ──


def test_records_delivered_again_are_counted_once() -> None:
    one = plane()
    one.count(chunk(STORY))
    one.count(chunk(STORY))
    one.count(chunk([*STORY[1:], b"{"], 1))
    assert one.tally.reasons == {"json": 2}
    assert sum(one.tally.outcomes) == 4


def test_a_gap_is_refused() -> None:
    one = plane()
    one.count(chunk(STORY))
    with pytest.raises(Gap, match="at offset 3, but the broker delivered from 4"):
        one.count(chunk([b"{"], 4))


def test_transaction_markers_are_no_gap_and_no_stamp() -> None:
    one = plane()
    one.count(chunk([STORY[0]], offsets=[1], end=5))
    assert (one.position, one.take_flush().progress.stamp) == (5, 1)
    one.count(chunk([b"{"], 5))
    assert one.position == 6


def test_a_chunk_of_markers_alone_moves_the_position() -> None:
    one = plane()
    one.count(chunk([]))
    one.count(chunk([], end=3))
    assert (one.position, one.overlay.records) == (3, 0)


# ── replay ──


def crashed(tables: Tables, values: list[bytes], *written: str) -> None:
    """A flush of which only these tables were written."""
    one = plane(tables)
    one.count(chunk(values, one.position))
    plan = one.take_flush()
    for table in written:
        tables[table].update(plan.entities if table == ENTITIES else plan.cells[table])


@pytest.mark.parametrize(
    "written",
    [
        (PROGRESS,),
        (PROGRESS, "minute"),
        (PROGRESS, "lifetime", "hour"),
        (PROGRESS, *CELL_TABLES),
        (PROGRESS, *CELL_TABLES, ENTITIES),
    ],
)
def test_a_flush_cut_short_is_made_up_for(written: tuple[str, ...]) -> None:
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, STORY, *written)
    one = plane(tables)
    assert one.position == 0
    one.count(chunk(STORY))
    flush(one)
    assert lifetime(tables) == TWO_LIKES
    assert outcomes(one) == {"counted": 2, "invalid": 1}
    assert progress_in(tables).read == 3


def test_no_flush_before_a_replay_has_passed_what_was_written() -> None:
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, STORY, PROGRESS)
    one = plane(tables)
    one.count(chunk(STORY[:2]))
    assert not one.can_flush
    one.count(chunk(STORY[2:], 2))
    assert one.can_flush


def test_a_second_crash_in_a_replay_does_not_make_the_first_flush_durable() -> None:
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, STORY, PROGRESS, *CELL_TABLES)
    crashed(tables, [*STORY, b"{"], PROGRESS, *CELL_TABLES)
    assert (progress_in(tables).stamp, progress_in(tables).durable) == (3, -1)


def test_a_letter_is_not_repeated_once_the_entity_is_durable() -> None:
    broken = record("engagement", 2 * MINUTE, platform="orkut")
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, [broken, record(), broken], PROGRESS, *CELL_TABLES, ENTITIES)
    one = plane(tables)
    one.count(chunk([broken, record(), broken]))
    assert one.overlay.letters == []
    assert outcomes(one) == {"unmatched": 1, "counted": 1, "invalid": 1}


# ── progress ──


def test_a_heartbeat_says_that_all_is_durable() -> None:
    tables = empty_tables()
    one = plane(tables)
    one.count(chunk(STORY))
    flush(one)
    progress = one.heartbeat(caught_up=True)
    assert (progress.stamp, progress.durable, progress.caught_up) == (2, 2, True)
    assert progress.record_time == progress.durable_record_time == NOW_MS + 120_000


def test_a_heartbeat_before_a_replay_only_says_that_someone_lives() -> None:
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, STORY, PROGRESS)
    before = progress_in(tables)
    assert plane(tables).heartbeat(caught_up=True) == before


@pytest.mark.parametrize("in_flight", [False, True])
def test_progress_is_not_restated_while_something_waits(*, in_flight: bool) -> None:
    one = plane()
    one.count(chunk(STORY))
    if in_flight:
        one.take_flush()
    with pytest.raises(RuntimeError):
        one.heartbeat(caught_up=True)
    with pytest.raises(RuntimeError):
        one.adopt(compiled("v2"))


def test_nothing_is_swept_while_a_replay_could_touch_it() -> None:
    one = plane()
    one.count(chunk(STORY))
    with pytest.raises(RuntimeError):
        one.sweep()
    flush(one)
    with pytest.raises(RuntimeError):
        one.sweep()
    one.heartbeat(caught_up=True)
    assert (one.expiring, one.sweep()) == (False, {})


# ── campaign sets ──


def test_a_set_holds_from_the_next_record_on() -> None:
    tables = empty_tables()
    one = plane(tables)
    both = "pepsi coke"
    one.count(chunk([record(text=both, post_id="a")]))
    flush(one)
    progress = one.adopt(compiled("v2", pepsi="Asia/Tehran", coke="UTC"))
    assert progress.sets == (SetInForce("v1", 0), SetInForce("v2", 1))
    one.count(chunk([record(text=both, post_id="b")], 1))
    flush(one)
    assert lifetime(tables, "pepsi") == {"mentions": 2, "mentions_net": 2}
    assert lifetime(tables, "coke") == ONCE


def test_a_set_adopted_before_a_replay_holds_only_behind_it() -> None:
    tables = empty_tables()
    flush(plane(tables))
    crashed(tables, STORY, PROGRESS)
    new = compiled("v2", coke="UTC")
    one = plane(tables, adopt=new)
    assert one.progress.sets[-1] == SetInForce("v2", 3)
    one.count(chunk([*STORY, record(after=3 * MINUTE, post_id="b")]))
    flush(one)
    assert lifetime(tables, "pepsi") == TWO_LIKES
    assert outcomes(one) == {"counted": 2, "unmatched": 1, "invalid": 1}


def test_two_sets_never_begin_at_the_same_stamp() -> None:
    one = plane()
    ranks = [one.progress.rank, one.adopt(compiled("v2")).rank, one.adopt(compiled("v1")).rank]
    assert ranks == sorted(set(ranks))


def test_sets_that_no_replay_can_need_are_dropped() -> None:
    one = plane()
    one.count(chunk([b"{"]))
    flush(one)
    assert one.adopt(compiled("v2")).sets == (SetInForce("v1", 0), SetInForce("v2", 1))
    one.count(chunk([b"{"], 1))
    assert flush(one).progress.sets == (SetInForce("v2", 1),)


# ── retention ──


def test_an_expired_post_is_unknown_before_its_tombstone_is_written() -> None:
    one = plane()
    later = record("engagement", 8 * DAY + MINUTE, post_id="x")
    one.count(chunk([record(), later, record("engagement", 8 * DAY + MINUTE)]))
    assert outcomes(one) == {"counted": 1, "unmatched": 2}


def test_a_post_stays_known_until_eight_days_have_passed() -> None:
    one = plane()
    later = record("engagement", 8 * DAY, post_id="x")
    one.count(chunk([record(), later, record("engagement", 8 * DAY)]))
    assert outcomes(one) == {"counted": 2, "unmatched": 1}


def test_what_has_expired_gets_tombstones() -> None:
    tables = empty_tables()
    one = plane(tables)
    one.count(chunk([record()]))
    flush(one)
    old = copied(tables)
    one.count(chunk([record("engagement", 40 * DAY, post_id="x")], 1))
    plan = flush(one)
    assert plan.tombstones == {table: list(old[table]) for table in ("minute", "hour", ENTITIES)}
    assert not any(tables[table] for table in ("minute", "hour", ENTITIES))
    assert tables["day"] == old["day"]


def test_what_this_flush_touches_gets_none() -> None:
    one = plane()
    one.count(chunk([record()]))
    flush(one)
    one.count(chunk([record("engagement", 2 * MINUTE), record("engagement", 40 * DAY, post_id="x")], 1))
    plan = flush(one)
    assert ENTITIES not in plan.tombstones


def test_without_retention_everything_stays() -> None:
    one = plane(retention=False)
    one.count(chunk([record()]))
    flush(one)
    one.count(chunk([record("engagement", 4000 * DAY, post_id="x"), record("engagement", 4000 * DAY)], 1))
    assert flush(one).tombstones == {}
    assert outcomes(one) == {"counted": 2, "unmatched": 1}


def test_a_restart_remembers_what_will_expire() -> None:
    tables = empty_tables()
    first = plane(tables)
    first.count(chunk([record()]))
    flush(first)
    second = plane(tables, committed=1)
    second.count(chunk([record("engagement", 40 * DAY, post_id="x")], 1))
    assert flush(second).tombstones.keys() == {"minute", "hour", ENTITIES}
