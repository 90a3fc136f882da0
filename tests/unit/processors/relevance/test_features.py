"""What relevance reads off a text: the mask, neighbours, shapes, sectors, other readings."""

import pytest

from models.campaign import Campaign
from processors.relevance.features import features, keyword_of, profile, profile_of

GAP = profile("gap", ("گپ", "Gap messenger"))


def found(text: str, name: str) -> set[str]:
    start = text.index(name)
    return features(text, ((start, start + len(name)),), GAP)


def test_the_sector_comes_from_names_and_signs() -> None:
    assert GAP.sectors == {"messenger"}
    assert profile_of(Campaign(id="x", group="banks", keywords=("ناشناس",))).sectors == {"bank"}
    assert profile("y", ("ناشناس",)).sectors == frozenset()


def test_neighbours_and_glue() -> None:
    made = found("کانال ما در #گپ، نصب کنید", "گپ")
    assert {"*-1 در", "*+1 ،", "*± در ،", "*glue #", "*tail ،", "names 1"} <= made


def test_the_name_itself_is_masked() -> None:
    assert not any("گپ" in one for one in found("در گپ بنویس", "گپ"))


def test_words_of_the_sector_count_in_steps() -> None:
    made = found("تلگرام فیلتر شد، در گپ کانال زدیم", "گپ")
    assert {"own ≥1", "own ≥2", "own ≥3", "beside ≥2", "lead 2"} <= made
    assert "own ≥4" not in made


def test_other_readings_and_longer_names() -> None:
    assert "other ≥1" in found("با رفقا گپ زدیم", "گپ")
    assert {"longer", "only longer"} <= found("من در آی گپ هستم", "گپ")


def test_without_a_name_the_words_alone_speak() -> None:
    made = features("متن بی‌نام درباره تلگرام", (), GAP)
    assert "w متن" in made
    assert not any(one.startswith(("*-1", "*+1")) for one in made)


@pytest.mark.parametrize("text", ["", "\udcff", "گپ" * 3_000, "\ue000 گپ \ue000"])
def test_any_text_is_taken(text: str) -> None:
    spans = ((text.index("گپ"), text.index("گپ") + 2),) if "گپ" in text else ()
    assert features(text, spans, GAP)


def test_the_keyword_is_canonical() -> None:
    assert keyword_of("از ديجي\u200cكالا خریدم", ((3, 12),)) == "دیجیکالا"
    assert keyword_of("متن", ()) == ""
