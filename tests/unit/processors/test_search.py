import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.search import MAX_WORDS, search_form, search_query

ZWNJ = "\u200c"


def finds(written: str, text: str, normalized: str = "") -> bool:
    """Whether the real index finds a text."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE texts USING fts5(words, normal, joins, tokenize = 'ascii')")
    db.execute("INSERT INTO texts VALUES (?, ?, ?)", search_form(text, normalized))
    query = search_query(written)
    return query is not None and db.execute("SELECT 1 FROM texts WHERE texts MATCH ?", (query,)).fetchone() is not None


@pytest.mark.parametrize("text", [f"می{ZWNJ}خواهم", "می خواهم", "میخواهم", "مي‌خواهم", "می-خواهم"])
@pytest.mark.parametrize("written", [f"می{ZWNJ}خواهم", "می خواهم", "میخواهم", "ميخواهم"])
def test_space_half_space_and_nothing_find_one_another(written: str, text: str) -> None:
    assert finds(written, f"سلام {text} بروم")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("علی", "علي آمد"),
        ("کتاب", "كتاب"),
        ("۱۴۰۵", "سال 1405"),
        ("1405", "سال ٱ١٤٠٥".replace("ٱ", "")),
        ("مسئله", "مسیله"),
        ("SNAPP", "snapp خراب است"),
        ("بانک ملت", "#بانک_ملت"),
        ("بانک", "#بانک_ملت"),
        ("digi kala", "#DigiKala"),
        ("خواسته اند", f"می{ZWNJ}خواسته{ZWNJ}اند"),
        ("میخواستهاند", f"می{ZWNJ}خواسته{ZWNJ}اند"),
        ("example", "https://shop.example/p/12"),
        ("کتا*", "کتاب تازه"),
        ('"کتاب تازه"', "یک کتاب تازه خریدم"),
        ("تازه کتاب", "یک کتاب تازه خریدم"),
        ("🙂", "خوب بود 🙂"),
        ("کتاب", "کِتاب"),
    ],
)
def test_found(written: str, text: str) -> None:
    assert finds(written, text)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("کتا", "کتاب تازه"),
        ('"تازه کتاب"', "یک کتاب تازه خریدم"),
        ("کتاب قدیم", "یک کتاب تازه خریدم"),
        ("تازهخریدم", "تازه. خریدم"),
        ("!!", "!!"),
        ("", "کتاب"),
        ("OR", "کتاب تازه"),
    ],
)
def test_not_found(written: str, text: str) -> None:
    assert not finds(written, text)


def test_the_normalised_form_is_searched_too_and_kept_only_where_it_differs() -> None:
    assert search_form("کتاب", "کتاب").normal == ""
    assert finds("میخواستم برم", "میخاستم", "میخواستم برم")


def test_long_queries_are_cut() -> None:
    query = search_query(" ".join(f"w{n}" for n in range(40)))
    assert query is not None
    assert query.count(" AND ") == MAX_WORDS - 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_typed_is_no_syntax_error(written: str, text: str) -> None:
    finds(written, text)


@given(st.lists(st.text("ابپتکیي0۱ " + ZWNJ, min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_text_is_found_by_itself(words: list[str]) -> None:
    text = " ".join(words)
    assert finds(text, text) == (search_query(text) is not None)
