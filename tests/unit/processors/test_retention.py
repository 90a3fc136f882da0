"""Retention by record time."""

from collections.abc import Mapping

import pytest

from models import cells
from models.cells import CELL_TABLES, ENTITIES, WINDOWS
from models.entity import PostEntity, pack_entity
from processors.retention import KEEP_ENTITY_MS, KEEP_MS, MOST, PIECE, Retention, entity_expired
from processors.windows import DAY_MS, HOUR_MS

NAME = "acme|social.posts.v1|0|twitter"
START = 1_774_000_000 // 86400 * 86400
DURABLE = 100


def entity(changed: int, stamp: int = 0) -> bytes:
    return pack_entity(PostEntity(stamp, 0, 0, changed, 0, 0, 0, 0, [], [], []))


def tables(**filled: Mapping[bytes, bytes]) -> dict[str, dict[bytes, bytes]]:
    return {table: dict(filled.get(table, {})) for table in (*CELL_TABLES, ENTITIES)}


def remembering(known: dict[str, dict[bytes, bytes]]) -> Retention:
    retention = Retention()
    retention.remember({table: known[table].items() for table in CELL_TABLES}, known[ENTITIES].items())
    return retention


def expired(
    retention: Retention, known: dict[str, dict[bytes, bytes]], record_time: int, **keep: set[bytes]
) -> dict[str, list[bytes]]:
    return retention.expired(
        known, record_time, keep={table: keep.get(table, set()) for table in known}, durable=DURABLE
    )


@pytest.mark.parametrize(("table", "hours"), [("minute", 96), ("hour", 35 * 24), ("day", 400 * 24)])
def test_a_cell_goes_when_its_window_has_ended_long_enough_ago(table: str, hours: int) -> None:
    key = cells.window_key(NAME, START, WINDOWS[table])
    known = tables(**{table: {key: cells.pack_cell(1, [1])}})
    limit = (START + WINDOWS[table]) * 1000 + hours * HOUR_MS
    retention = remembering(known)
    assert expired(retention, known, limit - 1) == {}
    assert expired(retention, known, limit) == {table: [key]}
    assert expired(retention, known, limit) == {}


def test_lifetime_cells_stay() -> None:
    known = tables(lifetime={cells.lifetime_key(NAME): cells.pack_cell(1, [1])})
    assert expired(remembering(known), known, START * 1000 * 10) == {}


def test_limits_leave_room_for_the_latest_record_that_counts() -> None:
    """48 h behind the record time and 48 h after the creation: such a mention still finds its minute."""
    assert KEEP_MS["minute"] >= 2 * 48 * HOUR_MS


@pytest.mark.parametrize("table", WINDOWS)
def test_a_cell_that_this_flush_writes_stays_for_the_next(table: str) -> None:
    key = cells.window_key(NAME, START, WINDOWS[table])
    known = tables(**{table: {key: cells.pack_cell(1, [1])}})
    retention, late = remembering(known), START * 1000 + 500 * DAY_MS
    assert expired(retention, known, late, **{table: {key}}) == {}
    assert expired(retention, known, late) == {table: [key]}


def test_a_cell_above_what_is_durable_stays_because_a_replay_skips_its_records() -> None:
    key = cells.window_key(NAME, START, 60)
    known = tables(minute={key: cells.pack_cell(DURABLE + 1, [1])})
    retention, late = remembering(known), START * 1000 + 5 * DAY_MS
    assert expired(retention, known, late) == {}
    known["minute"][key] = cells.pack_cell(DURABLE, [1])
    assert expired(retention, known, late) == {"minute": [key]}


def test_oldest_first_and_not_more_than_a_flush_can_carry() -> None:
    keys = [cells.window_key(NAME, START + 60 * number, 60) for number in range(MOST + 3)]
    known = tables(minute={key: cells.pack_cell(1, [1]) for key in reversed(keys)})
    retention, late = remembering(known), START * 1000 + 50 * DAY_MS
    assert expired(retention, known, late) == {"minute": keys[:MOST]}
    assert expired(retention, known, late) == {"minute": keys[MOST:]}


def test_the_limit_cuts_through_one_window_too() -> None:
    keys = {cells.window_key(f"{number}|social.posts.v1|0|twitter", START, 60) for number in range(MOST + 3)}
    known = tables(minute=dict.fromkeys(keys, cells.pack_cell(1, [1])))
    retention, late = remembering(known), START * 1000 + 5 * DAY_MS
    first, rest = (expired(retention, known, late)["minute"] for _ in range(2))
    assert (len(first), len(rest), {*first, *rest}) == (MOST, 3, keys)


@pytest.mark.parametrize(
    ("record_time", "gone"), [(None, False), (KEEP_ENTITY_MS + 4, False), (KEEP_ENTITY_MS + 5, True)]
)
def test_an_entity_expires_eight_days_after_its_last_change(record_time: int | None, *, gone: bool) -> None:
    state = PostEntity(0, 0, 0, 5, 0, 0, 0, 0, [], [], [])
    assert entity_expired(state, record_time) is gone


def test_the_tombstone_of_an_entity_follows_within_a_day() -> None:
    changed = START * 1000 + 5 * HOUR_MS
    known = tables(entities={b"k": entity(changed)})
    retention = remembering(known)
    assert expired(retention, known, changed + KEEP_ENTITY_MS - 1) == {}
    assert expired(retention, known, changed + KEEP_ENTITY_MS + DAY_MS) == {ENTITIES: [b"k"]}
    assert expired(retention, known, changed + KEEP_ENTITY_MS + DAY_MS) == {}


def test_an_entity_that_this_flush_looked_at_stays_for_later() -> None:
    changed = START * 1000
    known = tables(entities={b"k": entity(changed)})
    retention, late = remembering(known), changed + 20 * DAY_MS
    assert expired(retention, known, late, entities={b"k"}) == {}
    assert expired(retention, known, late) == {}
    assert expired(retention, known, late + DAY_MS) == {ENTITIES: [b"k"]}


def test_an_entity_that_has_changed_moves_on() -> None:
    changed = START * 1000
    known = tables(entities={b"k": entity(changed)})
    retention = remembering(known)
    known[ENTITIES][b"k"] = entity(changed + 6 * DAY_MS)
    assert expired(retention, known, changed + KEEP_ENTITY_MS + 2 * DAY_MS) == {}
    assert expired(retention, known, changed + KEEP_ENTITY_MS + 7 * DAY_MS) == {ENTITIES: [b"k"]}


def test_what_is_gone_already_gets_no_second_tombstone() -> None:
    key = cells.window_key(NAME, START, 60)
    known = tables(minute={key: cells.pack_cell(1, [1])}, entities={b"k": entity(START * 1000)})
    retention = remembering(known)
    for table in known.values():
        table.clear()
    assert expired(retention, known, START * 1000 + 500 * DAY_MS) == {}


def test_keys_recovered_and_keys_written_are_remembered_alike() -> None:
    key, value = cells.window_key(NAME, START, 60), cells.pack_cell(1, [1])
    known = tables(minute={key: value})
    retention = Retention()
    retention.remember({"minute": [(key, value)]}, [])
    assert expired(retention, known, START * 1000 + 5 * DAY_MS) == {"minute": [key]}


def test_what_was_recovered_is_looked_at_a_piece_at_a_time() -> None:
    count = 2 * PIECE + 5
    minutes = {cells.window_key(f"c{number}|t|0|twitter", START, 60): cells.pack_cell(1, [1]) for number in range(5)}
    known = tables(minute=minutes, entities={b"%d" % number: entity(START * 1000) for number in range(count)})
    retention = Retention()
    retention.recovered(known)
    assert not retention.complete
    assert retention.waits(START * 1000), "nobody knows yet"
    known[ENTITIES].pop(b"0")
    retention.look(known)
    retention.look(known)
    assert retention.complete
    assert not retention.waits(START * 1000)
    found: set[bytes] = set()
    later = START * 1000 + KEEP_ENTITY_MS + DAY_MS
    while gone := expired(retention, known, later):
        found.update(*gone.values())
    assert found == {*known["minute"], *known[ENTITIES]}


def test_flushes_look_at_what_was_recovered_too() -> None:
    known = tables(entities={b"%d" % number: entity(START * 1000) for number in range(2 * PIECE + 5)})
    retention = Retention()
    retention.recovered(known)
    for _ in range(2):
        assert expired(retention, known, START * 1000) == {}
    assert retention.complete


def test_few_keys_are_known_at_once() -> None:
    known = tables(minute={cells.window_key(NAME, START, 60): cells.pack_cell(1, [1])})
    retention = Retention()
    retention.recovered(known)
    assert retention.complete
