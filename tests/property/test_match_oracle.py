"""The matcher against an independent, slow reading of the rules, over spellings, words around them and endings."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import Campaign, CampaignSet
from processors.match import Matcher
from tests.property.match_oracle import LETTERS, Oracle

KEYWORDS: Final = (
    *("شیائومی", "تپسی"),
    *("دیجی‌کالا", "اسنپ", "اسنپ‌فود", "آپارات", "علی‌بابا", "کافه بازار", "بله", "گپ", "هما", "ماه", "رسانه"),
    *(
        "بانک ملت",
        "بانک ملی ایران",
        "بانک قرض الحسنه مهر",
        "خانه ملت",
        "حسن نوری",
        "مؤسسه رأی",
        "الله",
        "اسلام",
        "تپسی",
    ),
    *("شبکه ۳", "پژو ۲۰۶", "تپ۳۰", "digikala", "snapp", "iran air", "google", "tap30", "lg", "xiaomi"),
)
SEPARATORS: Final = (
    "\u200c",
    " ",
    "",
    "_",
    "-",
    "\n",
    "\u00a0",
    "¬",
    " - ",
    "\n\n",
    "‌ ",
    ".",
    "،",
    "\t",
    "/",
    "#",
    "\r\n",
)
ENDINGS: Final = (
    *("", "", "ها", "‌ها", "های", "هایی", "ی", "یی", "م", "مون", "شان", "و", "ه", "ان", "تر", "ات", "ا", "‌ی", "یم"),
    *("یا", "یاش", "هامو", "رو", "ین", " ها", "‌فود", "زمینی", "ِ", "ٔ", "s", "2", "۲", "مممان", "هههها", "هاااا"),
)
BEGINNINGS: Final = ("", "", "", "و", "به", "ال", "‌", "#", "@", "«", "x", "۲", "می‌", "سیب‌", "\u200f", ".", "(", "_")
AROUND: Final = ("", " ", " سلام", "!", "،", "\n", "؟ بله", "😀", " https://x.ir/a ", "‌")
NOISE: Final = ("\u0640", "\u064e", "\u0651", "\u200b", "\u200d", "\u200f", "\u00ad", "\u2066", "\u200c", "_", " ", "¬")
VARIANTS: Final = {letter: [one for one, other in LETTERS.items() if other == letter] for letter in LETTERS.values()}


@st.composite
def written(draw: st.DrawFn, keyword: str) -> str:
    """The keyword in some spelling, right or wrong."""
    if draw(st.integers(0, 9)) == 0:
        half = len(keyword) // 2
        return draw(st.sampled_from("#@")) + keyword[:half].title() + keyword[half:].title()
    changes = draw(st.lists(st.integers(0, 30), min_size=len(keyword), max_size=len(keyword)))
    return "".join(draw(_letter(char, change)) for char, change in zip(keyword, changes, strict=True))


def _letter(char: str, change: int) -> st.SearchStrategy[str]:
    if char in " \u200c":
        return st.sampled_from(SEPARATORS) if change < 25 else st.just(char)
    if change < 2:
        return st.sampled_from(VARIANTS.get(char, [char.upper()]))
    if change == 2 and char.isdecimal():
        return st.sampled_from("0٠۰3٣۳6۶")
    if change == 3:
        return st.integers(0, 5).map(lambda times: char * times)
    if change == 4:
        return st.sampled_from(NOISE).map(lambda noise: char + noise)
    return st.just(char)


TEXT_OF: Final = {
    keyword: st.tuples(
        st.sampled_from(AROUND), st.sampled_from(BEGINNINGS), written(keyword), st.sampled_from(ENDINGS),
        st.sampled_from(AROUND),
    ).map("".join)
    for keyword in KEYWORDS
}  # fmt: skip
MATCHERS: Final = {
    keyword: Matcher(CampaignSet((Campaign(id="c", keywords=(keyword,)), Campaign(id="q", query=keyword))))
    for keyword in KEYWORDS
}
ORACLES: Final = {keyword: Oracle(keyword) for keyword in KEYWORDS}


@settings(max_examples=1_500, deadline=None)
@given(st.sampled_from(KEYWORDS).flatmap(lambda keyword: TEXT_OF[keyword].map(lambda text: (keyword, text))))
def test_the_matcher_finds_what_a_slow_reader_finds(case: tuple[str, str]) -> None:
    keyword, text = case
    found = {one.campaign_id: {match.start for match in one.matches} for one in MATCHERS[keyword].text(text)}
    expected = ORACLES[keyword].starts(text)
    assert bool(found) == bool(expected)
    assert found.get("c", set()) <= expected
    assert found.get("q") == found.get("c"), "the rules hold in queries too"
