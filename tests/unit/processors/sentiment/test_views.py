"""What the sentiment model reads in a text."""

import re

import pytest

from models.sentiment.concepts import CONCEPTS
from processors.sentiment.distant import guess
from processors.sentiment.lexicon import stem
from processors.sentiment.signs import negated
from processors.sentiment.tokens import LONGEST, plain, tokens
from processors.sentiment.views import runs_of, views


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("كيفيت", "کیفیت"),
        ("می‌کنم", "میکنم"),
        ("می کنم", "میکنم"),
        ("نمی خرم", "نمیخرم"),
        ("گوشی ها", "گوشیها"),
        ("بی کیفیت", "بیکیفیت"),
        ("عاااالی", "عالی"),
        ("۱۲۳ و 4.5", "0 و 0"),
        ("#دیجی_کالا", " دیجی کالا"),
    ],
)
def test_one_spelling(written: str, read: str) -> None:
    assert plain(written) == read


def test_addresses_and_accounts_are_not_read() -> None:
    assert tokens("بد https://a.ir/خوب @خوب") == ["بد"]


def denied(text: str) -> list[str]:
    found = tokens(text)
    return [token for token, one in zip(found, negated(found), strict=True) if one]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("اصلا خوب نیست", ["اصلا", "خوب"]),
        ("خوبه، ولی ارزان نیست", ["ارزان"]),
        ("بدون هیچ مشکلی", ["هیچ"]),
        ("پیشنهاد نمی‌کنم", ["پیشنهاد"]),
        ("خوب بود. راضی نبودم", ["راضی"]),
        ("خیلی خوب بود", []),
    ],
)
def test_the_scope_of_negation(text: str, expected: list[str]) -> None:
    assert denied(text) == expected


def test_opinion_words_are_marked_with_negation_and_strength() -> None:
    assert {"+1!", "pleased >0", "pleased >1", "last+"} <= set(views("خیلی خوب").marks)
    assert {"-1¬", "displeased >0", "last-"} <= set(views("خوب نیست").marks)
    assert "-1" in views("😡").marks
    assert {"first+ last-", "mixedTrue"} <= set(views("خوب ولی گران").marks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قیمت پایین", ["price", "little price", "little"]),
        ("کم‌ترین هزینه", ["little", "little price", "price"]),
        ("قیمت یک و کم", ["price", "little price", "little"]),
        ("قیمت یک و دو کم", ["price", "little"]),
        ("گران بود", ["dear"]),
        ("گران نیست", ["¬dear"]),
        ("باتری خوب نیست", ["¬battery", "¬battery ¬good", "¬good"]),
        ("خوب و خوب", ["good", "good good"]),
        ("امروز رفتم", ["time"]),
    ],
)
def test_concepts_stand_alone_and_with_those_near_them_in_either_order(text: str, expected: list[str]) -> None:
    assert views(text).concepts == expected


@pytest.mark.parametrize("concept", CONCEPTS)
def test_words_of_a_concept_are_in_the_analysis_form_and_have_no_other(concept: str) -> None:
    assert re.fullmatch(r"\w+", concept), "pairs are joined by a blank"
    assert [word for word in sorted(CONCEPTS[concept]) if tokens(word) != [word]] == []
    others = frozenset[str]().union(*(words for name, words in CONCEPTS.items() if name != concept))
    assert CONCEPTS[concept] & others == frozenset()


def test_register_and_size() -> None:
    assert {"formal", "numbers >0", "latin >0", "length >3"} <= set(views("این گوشی Nokia دارای ۲ دوربین است").marks)
    assert {"informal", "asks"} <= set(views("واسه چی؟").marks)


def test_runs_of_characters_know_the_ends_of_words() -> None:
    assert runs_of("بد") == (" ب", "بد", "د ", " بد", "بد ", " بد ")


def test_stems() -> None:
    assert stem("کتابهاشون") == stem("کتابها") == stem("کتاب")
    assert stem("بد") == "بد"


def test_long_texts_are_read_up_to_a_limit() -> None:
    assert views("ب " * LONGEST) == views("ب " * (LONGEST // 2))


@pytest.mark.parametrize("text", ["", " ", "\n", "‌", "😀", "\ud800"])
def test_texts_without_words(text: str) -> None:
    assert "last0" in views(text).marks or text == "😀"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("عالی و قشنگ", "positive"),
        ("افتضاح 😡", "negative"),
        ("نه خوب نه قشنگ", "negative"),
        ("خوب ولی گران", None),
        ("خوب", None),
        ("امروز رفتم", "neutral"),
    ],
)
def test_guesses(text: str, label: str | None) -> None:
    assert guess(text) == label
