"""Many strings searched for at once: the same as each searched for alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.match.literals import FEW, search_for

#: Few enough for Hyperscan, and too many for it.
_BY = pytest.mark.parametrize("few", [FEW, 0])

#: Few different bytes, so that finds overlap; with both halves of Persian letters and capitals.
_BYTES = st.lists(st.sampled_from([b"a", b"A", b"b", b'"', b"\\", b"\xd8", b"\xa7", b"\xc3", b"\xe3", b" ", b"\xff"]))


def ends_one_by_one(literals: set[bytes], data: bytes) -> set[int]:
    lowered = data.lower()
    return {
        end
        for literal in literals
        for end in range(len(literal), len(data) + 1)
        if lowered[:end].endswith(literal.lower())
    }


@_BY
@given(
    literals=st.sets(_BYTES.map(b"".join).filter(bool), max_size=6),
    data=_BYTES.map(b"".join),
)
def test_what_each_alone_finds_is_found(few: int, literals: set[bytes], data: bytes) -> None:
    assert set(search_for(literals, few)(data)) == ends_one_by_one(literals, data)


@_BY
@given(literals=st.sets(st.binary(min_size=1, max_size=3).filter(lambda one: b"\0" not in one), max_size=40))
def test_any_bytes_may_be_searched_for(few: int, literals: set[bytes]) -> None:
    data = bytes(range(256)) + b"".join(sorted(literals)) + bytes(range(255, -1, -1))
    assert set(search_for(literals, few)(data)) == ends_one_by_one(literals, data)


@_BY
def test_thousands_are_found_each_where_it_stands(few: int) -> None:
    literals = {f"k{number}x".encode() for number in range(5_000)}
    data = b"".join(sorted(literals))
    assert set(search_for(literals, few)(data)) == ends_one_by_one({b"x"}, data)


@_BY
def test_threads_search_at_the_same_time(few: int) -> None:
    ends_in = search_for({b"one", b"two"}, few)
    data = b"one two " * 2_000
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ends_in, [data] * 40))
    assert all(sorted(ends) == sorted(found[0]) for ends in found)
    assert len(found[0]) == 4_000


@pytest.mark.parametrize("bad", [b"", b"a\0b"])
def test_what_would_be_cut_off_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="zero byte"):
        search_for({b"good", bad})
