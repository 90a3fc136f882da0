"""Matching over generated spellings: nothing is missed on raw bytes, and spans point at the keyword."""

import json
import re
from itertools import pairwise
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import Campaign, CampaignSet
from models.persian import DIGITS, LETTERS
from processors.match import Matcher
from processors.match.canonical import canonical
from processors.match.folding import fold, fold_text
from processors.match.patterns import KeywordPattern, PatternIndex

KEYWORDS: Final = (
    *("دیجی‌کالا", "اسنپ", "اسنپ‌فود", "آی‌گپ", "ال‌جی", "بیمه ایران", "شبکه ۳", "تپ۳۰", "هایپراستار", "کیش ایر"),
    *("شیائومی", "هما", "گپ", "ا", "آسیاتک", "خانه ملت", "حسن نوری", "مؤسسه", "الله", "س‌س‌س", "ب ب", "ننن"),
    *("digikala", "snapp", "LG", "x", "coca-cola", "c++", "at&t", "café", "Яндекс", "tap30", "iran air", "strasse"),
    *("🍎", "❤️", "digikala.com", "t.me/snapp", "https://divar.ir", "/mag", "node.js", "#ایران", "@bbc_persian"),
)
#: What may stand between any two characters, invisible or a gap.
NOISE: Final = (
    "\u0640",
    "\u064e",
    "\u0651\u0650",
    "\u0670",
    "\u200b",
    "\u200d",
    "\u200f",
    "\ufe0f",
    "\u00ad",
    "\u2066",
)
GAPS: Final = ("\u200c", "\u200c\u200c", "_", "¬", " ", "\u00a0", "-", "‑", "\n", "\r\n", "\t", "\u2003", "＿", " - ")
AFTER: Final = ("", "ها", "‌های", "م", "ه", "‌ی", "ِ", "s", "تر", "۲", "،", "/")
VARIANTS: Final = {
    canonical: [variant for variant, letter in (*LETTERS.items(), *DIGITS.items()) if letter == canonical]
    for canonical in (*LETTERS.values(), *DIGITS.values())
}
COMPATIBLE: Final = {
    "ا": "ﺍﺎ",
    "ی": "ﯼﻳ",
    "ک": "ﮐﻛ",
    "ل": "ﻟ",
    "s": "ſｓ𝐬",
    "k": "\u212aｋ",
    "a": "ａª",
    "i": "İⅰ",
    "3": "３³",
}


@st.composite
def spelled(draw: st.DrawFn, keyword: str) -> str:
    """The keyword in some spelling, right or wrong, with something after it."""
    changes = draw(st.lists(st.integers(0, 9), min_size=len(keyword), max_size=len(keyword)))
    return "".join(
        draw(written(char)) if change < 3 else char for char, change in zip(keyword, changes, strict=True)
    ) + (draw(st.sampled_from(AFTER)))


def written(char: str) -> st.SearchStrategy[str]:
    """One character of a keyword as a post may have it."""
    canonical = fold(char).text or char
    others = [*VARIANTS.get(canonical, ()), *COMPATIBLE.get(canonical, ()), char.upper(), char.lower()]
    gaps = st.sampled_from(GAPS)
    noise = st.sampled_from(NOISE)
    return st.one_of(
        st.sampled_from(others),
        st.builds(lambda times: char * times, st.integers(2, 5)),
        st.builds(lambda one, two: one + two + char, noise, noise),
        st.builds(lambda gap: gap + char, gaps),
        st.builds(lambda gap, other: gap + char + other, gaps, st.sampled_from(others)),
        st.builds(lambda gap, other: char + gap + char + other, st.one_of(gaps, noise), st.sampled_from(others)),
        gaps if char in " \u200c-" else st.just(char),
    )


CONTEXT: Final = st.text(st.sampled_from("ابیم ک،.#@‌\u200f aZ3۳😀\n/_"), max_size=6)
POST: Final = st.sampled_from(KEYWORDS).flatmap(spelled)
URLS: Final = st.sampled_from(("", "https://", "https://www.", "سلامhttps://shop."))
TEXT: Final = st.builds(lambda before, url, post, after: before + url + post + after, CONTEXT, URLS, POST, CONTEXT)

MATCHER: Final = Matcher(CampaignSet((Campaign(id="all", keywords=KEYWORDS),)))
TOGETHER: Final = Matcher(
    CampaignSet(tuple(Campaign(id=f"c{number:02}", keywords=(keyword,)) for number, keyword in enumerate(KEYWORDS)))
)
ALONE: Final = tuple(Matcher(CampaignSet((Campaign(id="one", keywords=(keyword,)),))) for keyword in KEYWORDS)
PATTERNS: Final = tuple(map(KeywordPattern, KEYWORDS))


def there(text: str) -> list[int]:
    """The keywords that their patterns alone find, without prefilter and index."""
    post = canonical(text)
    return [number for number, pattern in enumerate(PATTERNS) if pattern.find(post)]


@settings(max_examples=1_500, deadline=None)
@given(TEXT, st.booleans(), st.booleans())
def test_the_prefilter_never_misses(text: str, ascii_only: bool, compact: bool) -> None:  # noqa: FBT001
    record = {"platform": "other", "text": text}
    raw = json.dumps(record, ensure_ascii=ascii_only, separators=(",", ":") if compact else None).encode()
    for number in there(text):
        assert ALONE[number].prefilter.candidate(raw)
        assert ALONE[number].prefilter.candidate(raw.replace(b"/", b"\\/"))
        assert ALONE[number].text(text), "the matcher's own short cuts"


#: Keywords as they are, with what stands beside them in most posts, in some posts, or should not.
WRITTEN: Final = st.lists(
    st.one_of(
        st.sampled_from((*KEYWORDS, "باب", "با با", "aab", "ab b")),
        st.sampled_from((*" \n.,:;!?()[]\"'«»،؛؟…", "  ", "ها", "#", "@", "_", "\u200c", "ا", "ب", "a", "3", "ِ")),
    ),
    max_size=8,
).map("".join)
INDEXED: Final = tuple(map(KeywordPattern, (*KEYWORDS, "باب", "با با", "aab", "ab b")))
INDEX: Final = PatternIndex(INDEXED)


@settings(max_examples=1_500, deadline=None)
@given(st.one_of(WRITTEN, TEXT))
def test_keywords_that_stand_alone_are_found_as_the_expression_finds_them(text: str) -> None:
    post = canonical(text)
    for number, places in INDEX.candidates(fold_text(text)).items():
        assert INDEXED[number].find(post, places) == INDEXED[number].find(post)


@settings(max_examples=1_000, deadline=None)
@given(TEXT)
def test_spans_point_at_the_keyword(text: str) -> None:
    for campaign in MATCHER.text(text):
        for match in campaign.matches:
            assert 0 <= match.start < match.end <= len(text)
            if match.rule != "url":
                assert letters(text[match.start : match.end]) == letters(match.keyword)


def letters(text: str) -> str:
    """Canonical letters with every run as one, separators and written ezafe gone."""
    canonical = re.sub("\u200cی(?=[ \u200c_\n\r-])", "", fold(text).text)
    return re.sub(r"(.)\1+", r"\1", re.sub("[ \u200c_\n\r-]+", "", canonical))


@settings(max_examples=500, deadline=None)
@given(TEXT, TEXT)
def test_occurrences_of_one_keyword_do_not_overlap_and_come_in_order(one: str, two: str) -> None:
    for campaign in MATCHER.text(one + " " + two):
        for keyword in KEYWORDS:
            spans = [(match.start, match.end) for match in campaign.matches if match.keyword == keyword]
            assert all(before[1] <= after[0] for before, after in pairwise(spans))


@settings(max_examples=500, deadline=None)
@given(TEXT, TEXT)
def test_each_campaign_matches_as_if_it_were_alone(one: str, two: str) -> None:
    found = [int(campaign.campaign_id[1:]) for campaign in TOGETHER.text(one + two)]
    assert found == there(one + two)
