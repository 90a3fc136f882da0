"""The public read format of cells."""

from collections.abc import Callable
from itertools import zip_longest

import faust
import msgspec
import pytest
from faust.windows import TumblingWindow

from models import cells
from models.cells import METRICS, WINDOWS, CellName
from models.post import COUNTERS

WriteKey = Callable[[object], bytes]
NAME = CellName("coca-cola", "social.posts.v1", 11, "instagram")


@pytest.fixture(scope="module")
def faust_key() -> WriteKey:
    """How Faust itself writes the key of a table."""
    serializers = faust.App("keys", broker="memory://").serializers
    return lambda key: serializers.dumps_key(None, key, serializer="json")


def test_metrics_begin_with_every_counter_gross_and_net() -> None:
    gross_and_net = tuple(name for metric in ("mentions", *COUNTERS) for name in (metric, f"{metric}_net"))
    assert METRICS[: len(gross_and_net)] == gross_and_net
    assert len(set(METRICS)) == len(METRICS)


def test_name_survives_its_text() -> None:
    assert NAME.text() == "coca-cola|social.posts.v1|11|instagram"
    assert CellName.parse(NAME.text()) == NAME


@pytest.mark.parametrize("table", WINDOWS)
@pytest.mark.parametrize("moment", [0, 1_525_545_960, 1_774_038_059, 253_402_300_799, -1, -61, -62_135_596_800])
def test_window_key_is_what_faust_writes(table: str, moment: int, faust_key: WriteKey) -> None:
    size = WINDOWS[table]
    start = moment // size * size
    expected = faust_key((NAME.text(), (float(start), start + size - 0.1)))
    assert cells.window_key(NAME.text(), start, size) == expected
    assert cells.parse_window_key(expected) == (NAME, start)
    assert cells.window_start(expected) == start


@pytest.mark.parametrize("known", [2, len(METRICS), len(METRICS) + 2])
def test_adding_to_a_cell_is_adding_to_its_counters(known: int) -> None:
    before, amounts = list(range(1, known + 1)), [10] * len(METRICS)
    after = cells.add_to_cell(9, cells.pack_cell(4, before), amounts)
    both = zip_longest(before, amounts, fillvalue=0)
    assert cells.unpack_cell(after) == (9, list(map(sum, both)))
    assert cells.cell_stamp(after) == 9


def test_adding_to_a_cell_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        cells.add_to_cell(9, msgspec.msgpack.encode([2, 4, 1]), [1])


def test_window_is_the_one_that_faust_puts_a_moment_in(faust_key: WriteKey) -> None:
    name, moment, size = NAME.text(), 1_774_038_059, WINDOWS["minute"]
    (window,) = TumblingWindow(size).ranges(float(moment))
    assert cells.window_key(name, moment // size * size, size) == faust_key((name, window))


def test_lifetime_key_is_what_faust_writes(faust_key: WriteKey) -> None:
    assert cells.lifetime_key(NAME.text()) == faust_key(NAME.text())
    assert cells.parse_lifetime_key(cells.lifetime_key(NAME.text())) == NAME


def test_cell_survives_its_bytes() -> None:
    counters = [*range(-3, len(METRICS) - 4), 2**53]
    packed = cells.pack_cell(987_654_321_012, counters)
    assert cells.unpack_cell(packed) == (987_654_321_012, counters)
    assert cells.cell_stamp(packed) == 987_654_321_012


def test_wire_form_is_version_stamp_counters() -> None:
    assert msgspec.msgpack.decode(cells.pack_cell(7, [1, -2])) == [1, 7, 1, -2]


def test_counters_that_an_older_program_did_not_know_are_zero() -> None:
    assert cells.unpack_cell(cells.pack_cell(7, [1, 2])).counters == [1, 2, *[0] * (len(METRICS) - 2)]


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2; this program reads version 1"):
        cells.unpack_cell(msgspec.msgpack.encode([2, 7, 1, 1]))
