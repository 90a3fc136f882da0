"""Normalisation of generated posts: it settles, and addresses and tags come through byte for byte."""

from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.normalize import Normalizer

TOKENS: Final = (
    *("https://t.co/aBc123", "http://x.ir/a_b-c?d=ي&e=1.5", "www.digikala.com/mag", "t.me/abc_def", "digikala.com"),
    *("@ali_Reza2", "@user.name", "@كاربر", "#دیجی_کالا", "#ايران", "#می‌روم", "#2018", "info@digikala.com"),
)
WORDS: Final = (
    *(
        "كتاب",
        "ها",
        "می",
        "روم",
        "نمي",
        "خانه",
        "ی",
        "ای",
        "سلامممم",
        "تر",
        "ترین",
        "12.5",
        "%",
        "...",
        "و...",
        '"نقل"',
    ),
    *(
        "(",
        ")",
        "«",
        "»",
        "،",
        ".",
        "!",
        "؟",
        ":",
        "َ",
        "‌",
        "\u200f",
        "ـ",
        "ﷺ",
        "﷼",
        "😀",
        "❤️",
        "abc",
        "ABC-d",
        "۳",
        "5تا",
    ),
)
#: What rules reach for over blanks.
REACHING: Final = (
    *("می", "نمی", "ی", "ها،", "می،", "ی.", "های!", "شده", "است", "بود", "شدن", "رفته", "خواهم", "رفت", "نشده", "باشد"),
    *("میروم", "میرومش", "نمیشه", "میشه", "سلاممم", "سلامممم", "ها(", "ام", "اند", "کار", "گر", "گری»", "زمین", "لرزه"),
    *(
        "میمیرید",
        "میرید",
        "ه",
        "سیاست",
        "مدار",
        "صاحب",
        "نظر",
        "خورده",
        "﴿61﴾",
        "«",
        '"',
        "(ها",
        "ی1",
        "+.+",
        ". .",
        "…",
    ),
    *("راه", "هها", "۱۲", "٫", "5", "(و", "و)", "…", "...", "!؟", "؟!!", "ه", "خانه", "و/ها", "😀‌", "‌😀", "‌", "۞", "ـ"),
)
LETTERS: Final = "اهیمینتر گخوب\u200c\u200c  ـ\n\t\r.:،؟!»«()\"'12۳٤%َّٔيكةﷲﻻﷺ…aB_/"
BLANKS: Final = ("", " ", "  ", "\n", "\n\n\n", "\t", "\u00a0", "‌", " ‌ ")
WORDS_ONLY: Final = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(BLANKS)), max_size=8)
MIXED: Final = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(WORDS), st.sampled_from(BLANKS)),
        st.tuples(st.sampled_from(TOKENS), st.sampled_from((" ", "\n", "  ", "، ", "! ", " ‌ "))),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    return Normalizer()


def joined(parts: list[tuple[str, str]]) -> str:
    return "".join(word + blank for word, blank in parts)


@settings(max_examples=300, deadline=None)
@given(st.one_of(WORDS_ONLY.map(lambda parts: "".join(word + blank for word, blank in parts)), st.text(LETTERS)))
def test_it_spells_as_hazm_does(normalizer: Normalizer, text: str) -> None:
    assert normalizer._hazm.normalize(text) == normalizer._hazm._hazm.normalize(text)


@settings(max_examples=400, deadline=None)
@example("سلام\nه ی1")
@example("میمیرید كتاب ها")
@example('سلام ""نقل" و "')
@given(
    st.one_of(
        WORDS_ONLY.map(lambda parts: "".join(word + blank for word, blank in parts)),
        st.lists(st.tuples(st.sampled_from((*WORDS, *REACHING)), st.sampled_from((" ", " ", "\n"))), max_size=12).map(
            lambda parts: "".join(word + blank for word, blank in parts)
        ),
        st.text(LETTERS),
    )
)
def test_pieces_give_what_the_rules_give(normalizer: Normalizer, text: str) -> None:
    known: dict[str, str] = {}
    assert normalizer._pieces.normalize(text, known) == normalizer._hazm.normalize(text)
    assert all(normalizer._hazm.normalize(before) == after for before, after in known.items())


@settings(max_examples=400, deadline=None)
@given(MIXED)
@example([("@ali_Reza2", " "), ("\u0640", " "), ("#ايران", " "), ("سلام", "")])
@example([("http://\u200c", " "), ("كتاب", "")])
@example([("digikala", " "), (".com", " "), ("كتاب", "")])
def test_a_round_that_is_left_out_would_change_nothing(normalizer: Normalizer, parts: list[tuple[str, str]]) -> None:
    text = joined(parts)
    rounds = [text]
    while len(rounds) < 9 and (len(rounds) < 2 or rounds[-1] != rounds[-2]):
        rounds.append(normalizer._once(rounds[-1], {})[0])
    assert normalizer.normalize(text) == rounds[-1]


@settings(max_examples=250, deadline=None)
@given(MIXED)
def test_normalising_twice_changes_nothing(normalizer: Normalizer, parts: list[tuple[str, str]]) -> None:
    once = normalizer.normalize(joined(parts))
    assert normalizer.normalize(once) == once


@settings(max_examples=250, deadline=None)
@given(WORDS_ONLY, st.sampled_from(TOKENS), st.sampled_from(("", " ", "\n")), WORDS_ONLY)
def test_tokens_come_through(
    normalizer: Normalizer, before: list[tuple[str, str]], token: str, blank: str, after: list[tuple[str, str]]
) -> None:
    text = f"{joined(before)} {token}{blank or ' '}{joined(after)}"
    assert token in normalizer.normalize(text)
