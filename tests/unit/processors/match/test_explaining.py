"""Explanations: which rule decided for what counts, and which rule is broken by what only looks like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import Campaign, CampaignSet
from processors.match import Matcher
from processors.match.explaining import Explainer, Explanation
from processors.match.reasons import FOUND, MISSED


def explained(text: str, **fields: object) -> Explanation | None:
    found = Explainer(CampaignSet((Campaign(id="c", **fields),))).explain(text)  # type: ignore[arg-type]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("keyword", "text", "reason", "piece", "detail"),
    [
        ("اسنپ", "واسنپ", "prefix", "اسنپ", "«و»"),
        ("اسنپ", "به‌اسنپ", "prefix", "اسنپ", "«به»"),
        ("اسنپ", "اسنپان", "suffix", "اسنپ", "«ان»"),
        ("اسنپ", "اسنپ‌تر", "suffix", "اسنپ", "«تر»"),
        ("اسنپ", "اسنپ‌فود", "half_space_after", "اسنپ", "«فود»"),
        ("فود", "اسنپ‌فود", "half_space_before", "فود", "«اسنپ»"),
        ("ملت", "ملتهب", "word_after", "ملت", "«هب»"),
        ("هما", "شهما", "word_before", "هما", "«ش»"),
        ("gap", "igap", "word_before", "gap", "«i»"),
        ("شبکه ۳", "شبکه ۳۰", "number", "شبکه ۳", ""),
        ("شبکه ۳", "شبکه 3.5", "number", "شبکه 3", ""),
        ("دیجی‌کالا", "ديجي.كالا", "separator", "ديجي.كالا", "«.»"),
        ("دیجی‌کالا", "دیجی، کالا", "separator", "دیجی، کالا", "«،»"),
        ("دیجی‌کالا", "دیجی.کالاها", "separator", "دیجی.کالا", "«.»"),
        ("دیجی‌کالا", "دیجی\n\nکالا", "line_breaks", "دیجی\n\nکالا", ""),
        ("باسلام", "با سلام", "one_word", "با سلام", "«با سلام»"),
        ("سلام", "سلاام", "repeat", "سلاام", ""),
        ("snapp", "snnapp", "repeat", "snnapp", ""),
        ("آپ", "اپ", "letters", "اپ", "«ا»"),
        ("snapp", "https://snapp.ir/x", "url", "snapp", ""),
    ],
)
def test_why_not(keyword: str, text: str, reason: str, piece: str, detail: str) -> None:
    found = explained(text, keywords=(keyword,))
    assert found
    assert not found.matched
    (missed,) = found.missed
    assert (missed.reason, missed.text, missed.keyword) == (reason, piece, keyword)
    assert text[missed.start : missed.end] == piece
    assert detail in missed.en
    assert detail in missed.fa


def test_why_token_by_token() -> None:
    found = explained("از ديجي كالائی‌ها", keywords=("دیجی‌کالا",))
    assert found
    (occurrence,) = found.found
    assert [(token.text, token.reads, token.role) for token in occurrence.tokens] == [
        ("ديجي", "دیجی", "word"),
        (" ", " ", "separator"),
        ("كالا", "کالا", "word"),
        ("ئی‌ها", "ییها", "suffix"),
    ]
    assert (occurrence.rule, occurrence.start, occurrence.end) == ("suffix", 3, 12)
    assert "«ییها»" in occurrence.fa


@pytest.mark.parametrize(
    ("fields", "text", "reason", "keyword"),
    [
        ({"keywords": ("اسنپ",), "none_of": ("قرعه‌کشی",)}, "اسنپ قرعه کشی", "none_of", "قرعه‌کشی"),
        ({"keywords": ("اسنپ",), "all_of": ("کد",)}, "اسنپ", "all_of", "کد"),
        ({"keywords": ("سامان",), "except_": ("سامانه",)}, "سامانه", "except", "سامان"),
        ({"query": "a AND b"}, "a", "query_lacks", "b"),
        ({"query": "a NOT b"}, "a b", "query_not", "b"),
        ({"query": "a NEAR/0 b"}, "a x b", "query", ""),
        ({"query": "a AND lang:fa"}, "a", "query", ""),
    ],
)
def test_why_the_campaign_does_not_match_although_a_keyword_is_there(
    fields: dict[str, object], text: str, reason: str, keyword: str
) -> None:
    found = explained(text, **fields)
    assert found
    assert not found.matched
    assert found.found
    assert [(one.reason, one.keyword) for one in found.because] == [(reason, keyword)]


def test_quotes() -> None:
    found = explained("اسنپی", query='"اسنپ"')
    assert found
    assert [one.reason for one in found.missed] == ["quoted"]


def test_what_has_nothing_to_do_with_a_campaign_is_left_out() -> None:
    assert explained("سلام دنیا", keywords=("اسنپ",)) is None


def test_every_reason_is_there_in_both_languages() -> None:
    for words in (*FOUND.values(), *MISSED.values()):
        assert any("آ" <= letter <= "ی" for letter in words.fa)
        assert words.en.isascii() or "«" in words.en
        assert ("{detail}" in words.en) == ("{detail}" in words.fa)


CAMPAIGNS = CampaignSet(
    (
        Campaign(id="a", keywords=("اسنپ", "دیجی‌کالا", "شبکه ۳", "c++", "snapp.ir", "الله"), except_=("اسنپی",)),
        Campaign(id="b", query='("بانک ملت" OR اسن*) AND NOT (تپسی NEAR/2 lg)'),
    )
)
EXPLAINER, MATCHER = Explainer(CAMPAIGNS), Matcher(CAMPAIGNS)
PIECES = (
    *("اسنپ", "‌", "فود", " ", "دیجی", "کالا", ".", "\n", "شبکه", "۳", "c++", "https://snapp.ir/", "ان"),
    *("بانک ملت", "lg", "الللله", "#", "تپسی", "ی", "ِ", "A"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_explanations_agree_with_the_matcher(text: str) -> None:
    matches = {one.campaign_id: one.matches for one in MATCHER.text(text)}
    explained = {one.id: one for one in EXPLAINER.explain(text)}
    assert {name for name, one in explained.items() if one.matched} == matches.keys()
    for name, found in matches.items():
        places = [(one.keyword, one.start, one.end, one.rule) for one in explained[name].found]
        assert places == [(one.keyword, one.start, one.end, one.rule) for one in found]
    for one in explained.values():
        assert all(text[part.start : part.end] == part.text for part in (*one.found, *one.missed, *one.because))
