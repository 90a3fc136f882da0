"""A campaign that was backfilled has what it would have had, had it been there from the first record on."""

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models import cells
from models.cells import CELL_TABLES, LIFETIME
from processors.backfill import backfill, has_counts
from processors.overlay import CompiledSet, Tables
from processors.plane import PartitionPlane
from processors.resume import Source, resume
from tests.finding import one_by_one
from tests.property.protocol_world import NOON, Hit
from tests.property.test_recount import histories
from tests.unit.processors.plane_rig import chunk, empty_tables

ZONES = {"a": "Asia/Tehran", "b": "America/New_York"}


def campaign_set(version: str, names: str) -> CompiledSet:
    """A set whose campaigns match the words that are their names."""
    return CompiledSet(
        version,
        one_by_one(lambda _raw: True),
        lambda post: [Hit(name) for name in names if name in (post.text or "").split()],
        {name: ZONES[name] for name in names},
    )


OLD = campaign_set("old", "a")
NEW = campaign_set("new", "ab")


def run(tables: Tables, values: list[bytes], begin: int, compiled: CompiledSet) -> None:
    """Count records from an offset on, in good order: everything is durable in the end."""
    found = resume(tables, Source(0, "id", 0, 10**6, begin or None))
    known = {"old": OLD, "new": NEW}
    sets = [(one.since, known[one.version]) for one in found.progress.sets]
    plane = PartitionPlane(0, tables, found, sets, clock=lambda: NOON, retention=False)  # type: ignore[arg-type]
    plane.adopt(compiled)
    plane.count(chunk(values, begin=begin))
    plane.flushed(plane.take_flush())
    progress = plane.heartbeat(caught_up=True)
    key, value = plane.progress_record(progress)
    tables[cells.PROGRESS][key] = value


def of(tables: Tables, campaign: str) -> dict[tuple[str, bytes], Counter[int]]:
    """The counters of a campaign that are not 0, by table and key."""
    found = {}
    for table in CELL_TABLES:
        for key, value in tables[table].items():
            name = cells.parse_lifetime_key(key) if table == LIFETIME else cells.parse_window_key(key)[0]
            counters = Counter({i: n for i, n in enumerate(cells.unpack_cell(value).counters) if n})
            if name.campaign == campaign and counters:
                found[table, key] = counters
    return found


def put(tables: Tables, simulated: Tables, stamp: int) -> None:
    plan = backfill(tables, simulated, "b", stamp)
    for table, records in (*plan.cells.items(), (cells.ENTITIES, plan.entities)):
        for key, value in records:
            if value is None:
                tables[table].pop(key, None)
            else:
                tables[table][key] = value


@settings(max_examples=250, deadline=None)
@given(histories(), st.integers(0, 12))
def test_a_backfilled_campaign_is_as_if_it_had_always_been_there(records: list[bytes], cut: int) -> None:
    before, after = records[:cut], records[cut:]
    tables, always = empty_tables(), empty_tables()
    run(always, records, 0, NEW)
    if before:
        run(tables, before, 0, OLD)
        simulated = empty_tables()
        run(simulated, before, 0, NEW)
        others = of(tables, "a")
        for _ in range(2):
            put(tables, simulated, len(before) - 1)
        assert of(tables, "a") == others, "other campaigns keep what they have"
        assert of(tables, "b") == of(simulated, "b")
    run(tables, after, len(before), NEW)
    assert of(tables, "b") == of(always, "b")


def test_what_is_counted_no_more_is_retired() -> None:
    tables = empty_tables()
    record = {"event_id": "1", "schema_version": 1, "observed_at": NOON, "op": "create", "post_id": "p"}
    raw = msgspec.json.encode(record | {"platform": "twitter", "created_at": NOON, "text": "b"})
    run(tables, [raw], 0, NEW)
    assert has_counts(tables, "b")
    put(tables, empty_tables(), 0)
    assert not has_counts(tables, "b")
    assert of(tables, "b") == {}
