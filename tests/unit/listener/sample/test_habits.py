from dataclasses import replace
from random import Random

from listener.sample.habits import NEWSROOM, Habits


def dice(seed: int = 1) -> Random:
    return Random(seed)  # noqa: S311


def typed(text: str, **habits: object) -> str:
    return replace(NEWSROOM, tanvin=False, **habits).apply(text, dice())


def test_a_newsroom_changes_nothing_but_the_tanvin() -> None:
    assert NEWSROOM.apply("لطفا می‌آیند ۵", dice()) == "لطفاً می‌آیند ۵"


def test_half_spaces_become_spaces_or_nothing() -> None:
    assert typed("می‌خوام گربه‌ها رو خاله‌م", half_space="space") == "می خوام گربه ها رو خاله‌م"
    assert typed("می‌خوام گربه‌ها رو خاله‌م", half_space="joined") == "میخوام گربه ها رو خاله‌م"


def test_keyboard_and_digits() -> None:
    assert typed("یکی ۱۲", arabic_keyboard=True, latin_digits=True) == "يكي 12"


def test_a_stretched_word_keeps_its_letters() -> None:
    assert typed("خیلی", stretches=1.0).rstrip("ی") == "خیل"
    assert typed("وای", stretches=1.0).replace("ا", "") == "وی"


def test_people_differ() -> None:
    rng = dice()
    assert len({Habits.draw(rng) for _ in range(100)}) > 10
