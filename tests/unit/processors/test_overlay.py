"""A chunk in parts."""

from hypothesis import given
from hypothesis import strategies as st

from processors.overlay import Chunk, slices

#: Offsets 3 and 6 to 8 are transaction markers, as is 10 behind the last record.
CHUNK = Chunk(
    2, 11, [2, 4, 5, 9], [20, 40, 50, 90], [b"a", None, b"c", b"d"], {1: {"x": b"1"}, 3: {}}, [b"k", None, b"m", b"n"]
)


def test_parts_follow_one_another_without_a_gap() -> None:
    assert list(slices(CHUNK, 3)) == [
        Chunk(2, 6, [2, 4, 5], [20, 40, 50], [b"a", None, b"c"], {1: {"x": b"1"}}, [b"k", None, b"m"]),
        Chunk(6, 11, [9], [90], [b"d"], {0: {}}, [b"n"]),
    ]


def test_a_small_chunk_and_one_of_markers_alone_stay_whole() -> None:
    assert list(slices(CHUNK, 4)) == [CHUNK]
    markers = Chunk(5, 8, [], [], [])
    assert list(slices(markers, 4)) == [markers]


@given(st.integers(1, 6))
def test_no_record_is_left_out(most: int) -> None:
    parts = list(slices(CHUNK, most))
    assert [offset for part in parts for offset in part.offsets] == CHUNK.offsets
    assert [part.begin for part in parts] == [CHUNK.begin, *(part.end for part in parts[:-1])]
    assert parts[-1].end == CHUNK.end
    without_keys = list(slices(CHUNK._replace(keys=()), most))
    assert all(not part.keys for part in without_keys)
