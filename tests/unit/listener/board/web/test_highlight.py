from hypothesis import given
from hypothesis import strategies as st

from listener.board.mentions_json import Reason
from listener.board.web.highlight import SHOWN, pieces


def reason(start: int, end: int) -> Reason:
    return Reason("k", "exact", start, end, "")


def marked(text: str, *spans: tuple[int, int]) -> str:
    """With brackets where it matches."""
    found = pieces(text, [reason(*span) for span in spans])
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in found)


def test_matches_are_set_apart() -> None:
    assert marked("سفارش بریمو نرسید", (6, 11)) == "سفارش [بریمو] نرسید"
    assert marked("abcdef", (4, 6), (0, 2)) == "[ab]cd[ef]"


def test_what_overlaps_or_touches_is_one() -> None:
    assert marked("abcdef", (0, 3), (2, 4), (4, 5)) == "[abcde]f"


def test_places_that_are_none_are_left_out() -> None:
    assert marked("abc", (0, 0), (2, 9), (3, 1)) == "abc"
    assert marked("") == ""


def test_a_long_text_begins_shortly_before_its_match_and_says_that_it_is_cut() -> None:
    text = "کلمه " * 200 + "بریمو" + " کلمه" * 200
    shown = marked(text, (1000, 1005))
    assert shown.startswith("…کلمه")
    assert shown.endswith("…")
    assert "[بریمو]" in shown
    assert len(shown) <= SHOWN + 4


@given(st.text(max_size=900), st.lists(st.tuples(st.integers(-2, 900), st.integers(-2, 900)), max_size=6))
def test_nothing_is_invented(text: str, spans: list[tuple[int, int]]) -> None:
    found = pieces(text, [reason(*span) for span in spans])
    shown = "".join(piece.text for piece in found)
    if len(text) <= SHOWN:
        assert shown == text
    else:
        assert shown.strip("…") in text or text.strip("…").find(shown.strip("…")) >= 0
    assert all(piece.text for piece in found)
