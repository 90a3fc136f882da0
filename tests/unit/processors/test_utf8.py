"""UTF-8 in passes over an array: what ``bytes.decode`` says is the oracle."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import utf8
from processors.utf8 import FEW, is_utf8


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.fixture
def all_by_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utf8, "FEW", 0)


@pytest.mark.usefixtures("all_by_passes")
def test_every_lead_with_every_second_byte() -> None:
    """Whatever follows: nothing, enough, too little, too much."""
    tails = [b"", b"a", b"\x80", b"\xbf\x80", b"\x80\xbf\xbf", b"\x80a", "ک".encode()]
    for lead, second, tail in product(range(0x80, 0x100), range(0x40, 0x100), tails):
        data = b'"' + bytes((lead, second)) + tail
        assert is_utf8(data) == decodes(data), data


@pytest.mark.usefixtures("all_by_passes")
@pytest.mark.parametrize(
    "char", ["é", "ک", "\u0800", "\u200c", "\ud7ff", "\ue000", "\uffff", "\U00010000", "😀", "\U0010ffff"]
)
def test_a_character_cut_off_at_any_place(char: str) -> None:
    whole = f"a{char}".encode()
    assert is_utf8(whole)
    for at in range(2, len(whole)):
        assert not is_utf8(whole[:at])
        assert not is_utf8(whole[:at] + b"\n" + whole)
    assert not is_utf8(whole[:1] + whole[2:])


#: Bytes at the borders of what leads and what continues, and whole characters.
PIECES = st.sampled_from(
    [*(bytes((one,)) for one in (0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF))]
    + [*(bytes((one,)) for one in (0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF))]
    + [char.encode() for char in "aéکی\u200c😀\uffff\U0010ffff"]
)


@given(st.lists(PIECES, max_size=12).map(b"".join) | st.text(max_size=12).map(str.encode) | st.binary(max_size=12))
def test_among_many_bytes(some: bytes) -> None:
    """Beginning, middle and end of more bytes than are decoded."""
    padding = "می‌گوید".encode() * (FEW // 10)
    assert len(padding) > FEW
    for data in (some + padding, padding + some + padding, padding + some):
        assert is_utf8(data) == decodes(data)


def test_few_bytes_are_decoded() -> None:
    assert is_utf8("سلام 😀".encode())
    assert not is_utf8(b"\xd8 ")
    assert is_utf8(b"")
