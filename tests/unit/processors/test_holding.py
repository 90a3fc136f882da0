"""What a progress cell states of the tables, and that tables which lost records come to less."""

from collections.abc import Callable, Mapping

import pytest

from models.cells import CELL_TABLES, ENTITIES, METRICS, PROGRESS, TABLES, pack_cell
from models.entity import PostEntity, pack_entity
from models.progress import Holding, unpack_progress
from processors.holding import grown, held, missing, stamps_of, without
from processors.overlay import FlushPlan
from processors.resume import Refused, Source, resume
from tests.unit.processors.plane_rig import MINUTE, Tables, chunk, empty_tables, plane, record

CELL = [0] * len(METRICS)
NOTHING: Mapping[str, Holding] = dict.fromkeys((*CELL_TABLES, ENTITIES), (0, 0))


def entity(stamp: int) -> bytes:
    return pack_entity(PostEntity(stamp, 0, 0, 0, 0, 0, 0, 0, [], [], []))


def filled() -> Tables:
    tables = empty_tables()
    tables["minute"] = {b"a": pack_cell(3, CELL), b"b": pack_cell(5, CELL)}
    tables[ENTITIES] = {b"p": entity(4)}
    return tables


def test_keys_and_the_sum_of_their_stamps() -> None:
    assert held(stamps_of(filled())) == {**NOTHING, "minute": (2, 8), ENTITIES: (1, 4)}


def test_what_is_retired_is_stated_no_more() -> None:
    tables = filled()
    before = held(stamps_of(tables))
    assert without(before, tables, {"minute": [b"a"]}) == {**NOTHING, "minute": (1, 5), ENTITIES: (1, 4)}


@pytest.mark.parametrize(
    ("found", "lacks"),
    [((2, 8), False), ((3, 9), False), ((2, 9), False), ((1, 9), True), ((2, 7), True)],
)
def test_fewer_keys_or_lower_stamps_are_missing(found: Holding, lacks: bool) -> None:  # noqa: FBT001
    gone = missing({**NOTHING, "minute": (2, 8)}, {**NOTHING, "minute": found})
    assert (gone is not None) is lacks
    if gone is not None:
        assert gone == ("minute", (2, 8), found)


def test_nothing_is_missing_where_nothing_is_stated() -> None:
    assert missing({}, NOTHING) is None


def test_a_plane_knows_what_its_tables_hold_after_every_flush() -> None:
    """Two posts, one of them liked, then a week and a half without either: what grows and what is retired."""
    tables = empty_tables()
    one = plane(tables)
    flushes = [
        [record(post_id="p"), record(post_id="q")],
        [record("engagement", after=2 * MINUTE, post_id="p", counts={"likes": 3})],
        [record(post_id="r", after=MINUTE * 60 * 24 * 10, created_at="2026-03-31T12:00:00+00:00")],
    ]
    offset = 0
    for values in flushes:
        one.count(chunk(values, offset))
        offset += len(values)
        plan = one.take_flush()
        stated, before = plan.progress.held, held(stamps_of(tables))
        assert grown(before, tables, plan) == held(stamps_of(applied(tables, plan)))
        assert stated == without(before, tables, plan.tombstones), "what this flush itself writes may be cut short"
        one.flushed(plan)
    assert plan.tombstones["minute"], "the minutes of the first posts are past their age"
    assert one.heartbeat(caught_up=True).held == held(stamps_of(tables))


def applied(tables: Tables, plan: FlushPlan) -> Tables:
    after = {table: dict(part) for table, part in tables.items()}
    for table, records in {**plan.cells, ENTITIES: plan.entities}.items():
        after[table].update(records)
    for table, keys in plan.tombstones.items():
        for key in keys:
            del after[table][key]
    return after


def counted() -> Tables:
    """Three posts of three minutes, at rest."""
    tables = empty_tables()
    one = plane(tables)
    for number in range(3):
        created = f"2026-03-21T12:0{number}:00+00:00"
        one.count(chunk([record(post_id=f"p{number}", after=MINUTE * (number + 1), created_at=created)], number))
        one.flushed(one.take_flush())
    key, value = one.progress_record(one.heartbeat(caught_up=True))
    tables[PROGRESS][key] = value
    assert unpack_progress(value).held == {
        "minute": (3, 0 + 1 + 2),
        "hour": (1, 2),
        "day": (1, 2),
        "lifetime": (1, 2),
        ENTITIES: (3, 0 + 1 + 2),
    }
    return tables


def beginning(part: dict[bytes, bytes]) -> None:
    del part[next(iter(part))]


def everything(part: dict[bytes, bytes]) -> None:
    part.clear()


@pytest.mark.parametrize("table", [*CELL_TABLES, ENTITIES])
@pytest.mark.parametrize("harm", [beginning, everything])
def test_a_changelog_that_lost_its_beginning_is_refused(table: str, harm: Callable[[dict[bytes, bytes]], None]) -> None:
    tables = counted()
    harm(tables[table])
    with pytest.raises(
        Refused, match=rf"partition 0: the changelog of the table {table} .*listener rebase --rebuild.*--accept-loss"
    ):
        resume(tables, Source(0, "id", 0, 3, 3))


@pytest.mark.parametrize("table", ["hour", "day", "lifetime"])
def test_a_changelog_that_lost_its_end_is_refused(table: str) -> None:
    """All keys are there, but with what they were worth a flush ago."""
    tables = counted()
    for key in tables[table]:
        tables[table][key] = pack_cell(1, CELL)
    with pytest.raises(Refused, match=rf"the changelog of the table {table} has lost records"):
        resume(tables, Source(0, "id", 0, 3, 3))


def test_whole_tables_are_taken() -> None:
    found = resume(counted(), Source(0, "id", 0, 3, 3))
    assert (found.start, found.held) == (3, found.progress.held)
    assert set(TABLES) - {PROGRESS} == set(found.progress.held)
