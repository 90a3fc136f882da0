"""Story ids: equal for copies, different for other texts, the same in every process."""

import subprocess
import sys

import pytest

from processors.stories import (
    _ONE,
    SHORTEST,
    _hashes,
    _smallest,
    same_story,
    signature,
    similarity,
    story_id,
    story_letters,
)

STORY = (
    "مدیرکل روابط عمومی سازمان هلال احمر کشور در گفت‌وگو با خبرنگاران اعلام کرد سی منطقه در سطح شهر تهران آماده‌ی "
    "دریافت کمک‌های مردمی برای زلزله‌زدگان است و سیصد شعبه در سراسر کشور نیز همین کار را انجام می‌دهند."
)
OTHER = (
    "قیمت دلار در بازار آزاد تهران امروز با افزایشی دو درصدی روبه‌رو شد و فعالان بازار می‌گویند این روند تا پایان "
    "هفته ادامه خواهد داشت مگر آن که بانک مرکزی ارز بیشتری عرضه کند."
)


@pytest.mark.parametrize(
    "copy",
    [
        STORY.replace("ی", "ي").replace("ک", "ك"),
        STORY.replace("\u200c", " "),
        STORY.replace(" ", "\n\n  "),
        STORY.replace("ک", "کّ").replace("ا", "اـ"),
        STORY + " #زلزله #هلال_احمر",
        STORY + "\nhttps://t.co/abc #خبر @isna",
        "RT @someone: " + STORY,
        "@a @b " + STORY,
        STORY.replace(".", "!!"),
        "«" + STORY + "»",
    ],
    ids=range(10),
)
def test_what_copies_differ_in_is_set_aside(copy: str) -> None:
    assert story_id(copy) == story_id(STORY)
    assert signature(copy) == signature(STORY)


def test_other_texts_are_other_stories() -> None:
    assert story_id(STORY) != story_id(OTHER)
    assert similarity(signature(STORY), signature(OTHER)) < 0.1


@pytest.mark.parametrize("change", [("سی منطقه", "چهل منطقه"), ("مدیرکل", "رئیس"), ("تهران", "")])
def test_a_changed_word_is_one_story_for_whoever_has_both_texts(change: tuple[str, str]) -> None:
    assert same_story(signature(STORY), signature(STORY.replace(*change)))
    assert not same_story(signature(STORY), signature(OTHER))


def test_a_changed_word_mostly_keeps_the_id_of_a_long_text() -> None:
    """A word that changes at ten places of ten texts; which ids survive is chance, that most do is not."""
    kept = []
    for first in range(0, 100, 10):
        text = " ".join(f"{STORY} {number} {OTHER}" for number in range(first, first + 10))
        words, one = text.split(), story_id(text)
        kept += [story_id(" ".join([*words[:at], "دگرگون", *words[at + 1 :]])) == one for at in range(0, 700, 70)]
    assert sum(kept) >= 75


@pytest.mark.parametrize(("one", "other"), [("سلام دنیا", "سلام، دنیا! #روز"), ("خوبه", "خوبه https://t.co/x")])
def test_short_texts_are_compared_letter_by_letter(one: str, other: str) -> None:
    assert len(story_letters(one)) < SHORTEST
    assert story_id(one) == story_id(other)
    assert story_id(one) != story_id(one + " نه")


@pytest.mark.parametrize("text", ["", " ", "😀", "#a", "#a #b", "https://x.ir", "@x", "\ud83d", "RT"])
def test_every_text_has_an_id(text: str) -> None:
    assert len(story_id(text)) == 16
    assert int(story_id(text), 16) >= 0
    assert len(signature(text)) == 512


def test_texts_of_hashtags_alone_are_told_apart() -> None:
    assert story_id("#یک #دو") != story_id("#سه")
    assert story_id("😀") != story_id("😡")


def test_the_id_is_the_same_in_another_process() -> None:
    code = "import sys; from processors.stories import story_id; print(story_id(sys.argv[1]))"
    said = subprocess.run([sys.executable, "-c", code, STORY], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == story_id(STORY)


@pytest.mark.parametrize("letters", ["آ" * 40, STORY, OTHER, STORY + OTHER, "😀 a\udc80b" * 20, "0123456789" * 300])
def test_the_smallest_hash_is_that_of_datasketch(letters: str) -> None:
    assert _smallest(letters) == _hashes(_ONE, letters)
