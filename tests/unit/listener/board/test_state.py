import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.board.blocks import unpack_cells
from listener.board.state import ZERO, BoardState, total
from models.cells import (
    CELL_TABLES,
    LIFETIME,
    METRIC_INDEX,
    METRICS,
    PROGRESS,
    WINDOWS,
    Cell,
    CellName,
    lifetime_key,
    pack_cell,
    parse_lifetime_key,
    parse_window_key,
    unpack_cell,
    window_key,
)
from models.progress import Progress, pack_progress, progress_key

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeProgress = Callable[..., Progress]
History = list[tuple[str, bytes, bytes | None]]


def mentions(state: BoardState, table: str, campaign: str) -> list[tuple[int, int]]:
    return [(start, counters[METRIC_INDEX["mentions"]]) for start, counters in state.series(table, campaign)]


def test_totals_add_up_over_partitions_and_platforms(cell: MakeRow) -> None:
    state = BoardState()
    state.apply(
        "minute",
        [
            cell("minute", "mellat", 5, start=60, partition=0, platform="twitter", mentions=1, likes=10),
            cell("minute", "mellat", 9, start=60, partition=1, platform="twitter", mentions=2),
            cell("minute", "mellat", 9, start=60, partition=1, platform="instagram", mentions=4),
            cell("minute", "mellat", 7, start=0, mentions=8),
            cell("minute", "snapp", 7, start=60, mentions=100),
        ],
    )
    assert mentions(state, "minute", "mellat") == [(0, 8), (60, 7)]
    assert [counters[METRIC_INDEX["likes"]] for _, counters in state.series("minute", "mellat")] == [0, 10]
    assert mentions(state, "hour", "mellat") == []


def test_the_highest_stamp_wins_and_a_lower_one_is_counted(cell: MakeRow) -> None:
    state = BoardState()
    state.apply(LIFETIME, [cell(LIFETIME, "mellat", 9, mentions=5), cell(LIFETIME, "mellat", 4, mentions=2)])
    assert state.lifetime("mellat")[METRIC_INDEX["mentions"]] == 5
    assert state.regressions == 1


def test_at_equal_stamps_the_later_record_counts(cell: MakeRow) -> None:
    state = BoardState()
    state.apply(LIFETIME, [cell(LIFETIME, "mellat", 9, mentions=5), cell(LIFETIME, "mellat", 9, mentions=6)])
    assert state.lifetime("mellat")[METRIC_INDEX["mentions"]] == 6
    assert state.regressions == 0


def test_a_tombstone_takes_the_cell_out_of_the_total_but_leaves_the_others(cell: MakeRow) -> None:
    state = BoardState()
    state.apply(
        "hour", [cell("hour", "mellat", 1, start=0, mentions=5), cell("hour", "mellat", 1, start=3600, likes=2)]
    )
    state.apply("hour", [cell("hour", "mellat", 1, start=0, partition=1, mentions=3), cell("hour", "mellat", None)])
    assert mentions(state, "hour", "mellat") == [(0, 3), (3600, 0)]
    state.apply("hour", [cell("hour", "mellat", None, start=0, partition=1), cell("hour", "mellat", None, start=3600)])
    assert mentions(state, "hour", "mellat") == []
    assert not state.tables["hour"].cells
    assert not state.tables["hour"].totals, "memory of what has expired is given back"


def test_a_tombstone_of_an_unknown_cell_does_nothing(cell: MakeRow) -> None:
    state = BoardState()
    state.apply("hour", [cell("hour", "mellat", None)])
    assert not state.tables["hour"].totals


def test_windows_in_which_everything_was_taken_back_are_left_out(cell: MakeRow) -> None:
    state = BoardState()
    state.apply("minute", [cell("minute", "mellat", 1, platform="twitter", likes_net=-3)])
    state.apply("minute", [cell("minute", "mellat", 1, platform="instagram", likes_net=3)])
    assert list(state.series("minute", "mellat")) == []


def test_a_counter_that_a_newer_program_added_is_left_out(cell: MakeRow) -> None:
    state = BoardState()
    key, _ = cell("minute", "mellat", 1)
    state.apply("minute", [(key, pack_cell(1, [1] * (len(METRICS) + 2)))])
    state.apply("minute", [(key, pack_cell(2, [2] * len(METRICS)))])
    assert list(state.series("minute", "mellat")) == [(0, (2,) * len(METRICS))]


def test_a_record_that_cannot_be_read_is_an_error_and_changes_nothing(cell: MakeRow) -> None:
    state = BoardState()
    key, value = cell("minute", "mellat", 1, mentions=1)
    for broken in ((key, b"\x00"), (b"{", value), (b'["no cell",[0.0,59.9]]', value), (key, b"\x92\x02\x01")):
        with pytest.raises(ValueError, match=r"."):
            state.apply("minute", [broken])
    assert not state.tables["minute"].cells


def test_progress_of_the_highest_rank_wins(progress: MakeProgress) -> None:
    state = BoardState()
    key = progress_key("social.posts.v1", 3)
    later, earlier = progress(9, counted=9), progress(4, counted=4)
    adopted, zombie = progress(9, counted=9, since=5), progress(9, counted=9, since=5, caught_up=True)
    where = ("social.posts.v1", 3)
    state.apply(PROGRESS, [(key, pack_progress(later)), (key, pack_progress(earlier))])
    assert state.progress == {where: later}
    assert state.regressions == 1
    state.apply(PROGRESS, [(key, pack_progress(adopted)), (key, pack_progress(later)), (key, pack_progress(zombie))])
    assert state.progress == {where: zombie}
    state.apply(PROGRESS, [(key, None), (key, pack_progress(earlier))])
    assert state.progress == {where: earlier}, "a rebuild starts again below"


NAMES = st.builds(
    CellName,
    st.sampled_from(["mellat", "snapp"]),
    st.sampled_from(["social.posts.v1", "press.articles.v1"]),
    st.integers(0, 1),
    st.sampled_from(["twitter", "other"]),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Records as they may be in changelogs: few keys, so that they meet; stamps up and down; tombstones."""
    records: History = []
    for _ in range(draw(st.integers(1, 30))):
        table = draw(st.sampled_from(CELL_TABLES))
        name = draw(NAMES).text()
        start = draw(st.integers(0, 1)) * WINDOWS.get(table, 0)
        key = lifetime_key(name) if table == LIFETIME else window_key(name, start, WINDOWS[table])
        first, last = draw(st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
        counters = [first, *[0] * (len(METRICS) - 2), last]
        value = draw(st.none() | st.builds(pack_cell, st.integers(0, 5), st.just(counters)))
        records.append((table, key, value))
    return records


def state_of(records: History) -> BoardState:
    state = BoardState()
    for table, key, value in records:
        state.apply(table, [(key, value)])
    return state


def recounted(records: History) -> dict[str, dict[bytes, Cell]]:
    """The rule, written down as plainly as can be."""
    cells: dict[str, dict[bytes, Cell]] = {table: {} for table in CELL_TABLES}
    for table, key, value in records:
        if value is None:
            cells[table].pop(key, None)
        elif key not in cells[table] or unpack_cell(value).stamp >= cells[table][key].stamp:
            cells[table][key] = unpack_cell(value)
    return cells


def assert_totals(state: BoardState, cells: dict[str, dict[bytes, Cell]]) -> None:
    for table in CELL_TABLES:
        expected: Counter[tuple[str, int, str, int]] = Counter()
        for key, cell in cells[table].items():
            name, start = (parse_lifetime_key(key), 0) if table == LIFETIME else parse_window_key(key)
            for metric, value in enumerate(cell.counters):
                expected[name.campaign, start, name.platform, metric] += value
        held = state.tables[table]
        campaigns = {campaign for campaign, *_ in expected} | set(held.totals) | set(held.blocks)
        found = {
            (campaign, start, platform, metric): value
            for campaign in campaigns
            for start, platforms in held.windows(campaign).items()
            for platform, counters in platforms.items()
            for metric, value in enumerate(counters)
            if value
        }
        assert found == {where: value for where, value in expected.items() if value}
        packed = [
            pair for spans in held.blocks.values() for block in spans.values() for pair in unpack_cells(table, block)
        ]
        assert {key: unpack_cell(value) for key, value in (*held.cells.items(), *packed)} == cells[table]
        assert len(held) == len(cells[table])


@settings(deadline=None, max_examples=60)
@given(histories())
def test_totals_are_the_sums_of_the_cells(records: History) -> None:
    assert_totals(state_of(records), recounted(records))


@settings(deadline=None, max_examples=60)
@given(histories(), st.randoms(use_true_random=False))
def test_how_keys_interleave_does_not_matter(records: History, rng: random.Random) -> None:
    by_key: dict[bytes, History] = {}
    for record in records:
        by_key.setdefault(record[0].encode() + record[1], []).append(record)
    queues = list(by_key.values())
    order = [queue for queue in queues for _ in queue]
    rng.shuffle(order)
    iterators = {id(queue): iter(queue) for queue in queues}
    assert_totals(state_of([next(iterators[id(queue)]) for queue in order]), recounted(records))


@settings(deadline=None, max_examples=60)
@given(histories(), st.data())
def test_duplicates_and_stale_records_in_any_order_change_nothing(records: History, data: st.DataObject) -> None:
    """Without tombstones, and with one value per key and stamp, the order does not matter at all."""
    written = list(
        {(table, key, unpack_cell(value).stamp): (table, key, value) for table, key, value in records if value}.values()
    )
    again = data.draw(st.lists(st.sampled_from(written), max_size=10)) if written else []
    shuffled = data.draw(st.permutations(written + again))
    assert_totals(state_of(shuffled), recounted(written))


@settings(deadline=None, max_examples=60)
@given(histories(), st.data())
def test_packing_windows_at_any_moment_changes_nothing(records: History, data: st.DataObject) -> None:
    plain, packed = state_of([]), state_of([])
    for table, key, value in records:
        plain.apply(table, [(key, value)])
        if table != LIFETIME and data.draw(st.booleans(), "pack"):
            for held in (packed.tables[window] for window in WINDOWS):
                for where in {(one, 0) for one in held.totals}:
                    held.freeze(where)
        packed.apply(table, [(key, value)])
    assert_totals(packed, recounted(records))
    assert packed.regressions == plain.regressions
    for table in WINDOWS:
        for campaign in ("mellat", "snapp"):
            assert list(packed.series(table, campaign)) == list(plain.series(table, campaign))
            assert list(packed.series(table, campaign, 1, 100)) == list(plain.series(table, campaign, 1, 100))
            assert packed.window(table, campaign, 0) == plain.window(table, campaign, 0)


def test_totals_of_nothing() -> None:
    assert total([]) == ZERO
    assert BoardState().lifetime("nobody") == ZERO
    assert BoardState().campaigns() == set()
