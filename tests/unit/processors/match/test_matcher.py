"""Campaigns: any of, all of, none of, except, accounts, platforms, reposts, time."""

import re
from typing import Any

import pytest

from models.campaign import Campaign, CampaignSet
from processors.match import CampaignMatch, Match, Matcher


def matcher_of(**fields: Any) -> Matcher:
    return Matcher(CampaignSet((Campaign(id="c", **fields),)))


def matches(text: str, **fields: Any) -> list[tuple[str, str]]:
    """Keyword and what it matched, in order."""
    return [
        (match.keyword, text[match.start : match.end])
        for campaign in matcher_of(**fields).text(text)
        for match in campaign.matches
    ]


def post(matcher: Matcher, text: str = "سلام", **fields: Any) -> tuple[CampaignMatch, ...]:
    facts: dict[str, Any] = {
        "platform": "twitter",
        "author_handle": "someone",
        "author_id": "1",
        "mentions": (),
        "is_repost": False,
        "created_ms": 1_000,
    }
    return matcher.post(text, **(facts | fields))


def test_every_occurrence_of_every_keyword_is_reported_in_order() -> None:
    text = "بانک ملت، ملت و دیجی کالا"
    assert matches(text, keywords=("ملت", "بانک ملت", "دیجی‌کالا")) == [
        ("بانک ملت", "بانک ملت"),
        ("ملت", "ملت"),
        ("ملت", "ملت"),
        ("دیجی‌کالا", "دیجی کالا"),
    ]


def test_campaigns_come_sorted_by_id_and_only_those_that_match() -> None:
    campaigns = [Campaign(id=name, keywords=(word,)) for name, word in (("z", "اسنپ"), ("a", "اسنپ"), ("m", "تپسی"))]
    assert [found.campaign_id for found in Matcher(CampaignSet(tuple(campaigns))).text("اسنپ")] == ["a", "z"]


def test_all_of_needs_every_word_and_reports_them() -> None:
    fields = {"keywords": ("اسنپ",), "all_of": ("تخفیف", "کد")}
    assert matches("اسنپ کد داد", **fields) == []
    assert matches("کد تخفیف", **fields) == []
    assert matches("کد تخفیفِ اسنپ", **fields) == [("کد", "کد"), ("تخفیف", "تخفیفِ"), ("اسنپ", "اسنپ")]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("اسنپ", ["exact"]),
        ("«اسنپ»، اسنپ!", ["exact", "exact"]),
        ("اسنپ‌ها و اسنپ", ["suffix", "exact"]),
        ("اسنــپ", ["letters"]),
        ("اسنپِ تو", ["ezafe"]),
        ("#اسنپ", ["hashtag"]),
        ("https://x.example/اسنپ اسنپ", ["exact"]),
        ("مناسنپ اسنپ", ["exact"]),
    ],
)
def test_a_keyword_that_stands_alone_needs_no_expression(text: str, rules: list[str]) -> None:
    (campaign,) = matcher_of(keywords=("اسنپ",)).text(text)
    assert [match.rule for match in campaign.matches] == rules


def test_the_expression_is_compiled_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = re.compile

    def remember(pattern: str) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_(pattern)

    matcher = matcher_of(keywords=("اسنپ",))
    monkeypatch.setattr("processors.match.words.re.compile", remember)
    assert len(matcher.text("با اسنپ، اسنپ.")[0].matches) == 2
    assert not compiled
    assert len(matcher.text("با اسنپ‌ها")[0].matches) == 1
    assert len(compiled) == 1


def test_a_screened_record_is_looked_at_whatever_the_prefilter_says(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = matcher_of(keywords=("اسنپ",))
    monkeypatch.setattr(matcher, "prefilter", None)
    assert [found.campaign_id for found in post(matcher, "با اسنپ", screened=True)] == ["c"]
    assert post(matcher, "سلام", screened=True) == ()


@pytest.mark.parametrize("text", ["کد و تخفیف", "تخفیف‌ها و کدها"])
def test_all_of_alone_decides(text: str) -> None:
    assert len(matches(text, all_of=("تخفیف", "کد"))) == 2
    assert matches("تخفیف", all_of=("تخفیف", "کد")) == []


def test_none_of_anywhere_rules_the_campaign_out() -> None:
    assert matches("اسنپ قرعه کشی دارد", keywords=("اسنپ",), none_of=("قرعه‌کشی",)) == []
    assert matches("اسنپ", keywords=("اسنپ",), none_of=("قرعه‌کشی",)) != []


@pytest.mark.parametrize("text", ["سامانه", "سامانه‌ی ثبت", "#سامانه", "سامانة", "سامااانه"])
def test_except_rules_a_whole_word_out(text: str) -> None:
    assert matches(text, keywords=("سامان",), except_=("سامانه",)) == []


def test_except_leaves_other_occurrences() -> None:
    text = "سامانه‌ی سامان، سامانی‌ها"
    assert matches(text, keywords=("سامان",), except_=("سامانه",)) == [("سامان", "سامان"), ("سامان", "سامان")]
    assert matches("ماهی‌ها در ماه", keywords=("ماه",), except_=("ماهی",)) == [("ماه", "ماه")]
    assert matches("سیب زمینی و سیب", keywords=("سیب",), except_=("سیب‌زمینی",)) == [("سیب", "سیب")]
    assert matches("بانک سامان", keywords=("سامان", "بانک سامان"), except_=("سامان",)) == [("بانک سامان", "بانک سامان")]


def test_excepted_occurrences_do_not_satisfy_all_of() -> None:
    assert matches("سامانه اسنپ", all_of=("سامان", "اسنپ"), except_=("سامانه",)) == []


def test_the_same_text_twice_gives_the_same_answer_from_a_set_with_every_kind_of_campaign() -> None:
    everything = CampaignSet(
        (
            Campaign(id="a", keywords=("اسنپ", "snapp.ir"), all_of=("کد",), none_of=("آگهی",), except_=("اسنپی",)),
            Campaign(id="b", accounts=("@Snapp",)),
            Campaign(id="c", all_of=("اسنپ", "کد")),
        )
    )
    matcher = Matcher(everything)
    text = "کد اسنپ @snapp https://snapp.ir"
    assert [found.campaign_id for found in matcher.text(text)] == ["a", "b", "c"]
    assert matcher.text(text) == Matcher(CampaignSet.from_json(everything.to_json())).text(text)


def test_an_empty_set_matches_nothing() -> None:
    matcher = Matcher(CampaignSet())
    assert matcher.text("اسنپ") == ()
    assert post(matcher, "اسنپ", mentions=("snapp",)) == ()
    assert not matcher.prefilter.candidate("اسنپ \\u0627".encode())


def test_a_campaign_that_searches_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="searches for nothing"):
        matcher_of(none_of=("آگهی",))


@pytest.mark.parametrize("keyword", ["", "  ", "‌", "َ", "_-", "!؟", "\u200f"])
def test_a_keyword_of_nothing_is_refused(keyword: str) -> None:
    with pytest.raises(ValueError, match="nothing is left"):
        matcher_of(keywords=(keyword,))


class TestAccounts:
    MATCHER = matcher_of(accounts=("@Digi_Kala", "42"))

    @pytest.mark.parametrize(
        "facts",
        [
            {"author_handle": "digi_kala"},
            {"author_handle": "@DIGI_KALA"},
            {"author_id": "42"},
            {"mentions": ("x", "@digi_kala")},
            {"mentions": ["42"]},
        ],
    )
    def test_by_or_to_the_account(self, facts: dict[str, Any]) -> None:
        (found,) = post(self.MATCHER, **facts)
        assert [(match.start, match.end, match.rule) for match in found.matches] == [(0, 0, "account")]

    @pytest.mark.parametrize("text", ["سلام @Digi_kala!", "سلام@digi_kala", "＠digi_kala", ".@digi_kala: ok"])
    def test_addressed_in_the_text(self, text: str) -> None:
        (found,) = post(self.MATCHER, text)
        assert found.matches[0].rule == "account"
        assert "digi_kala" in text[found.matches[0].start : found.matches[0].end].lower()

    @pytest.mark.parametrize(
        "text",
        [
            "@digi_kala2",
            "@digi",
            "@digi_kala.ir",
            "x@digi_kala",
            "@digi_kala@mastodon.social",
            "digi_kala",
            "@digikala",
        ],
    )
    def test_other_accounts(self, text: str) -> None:
        assert post(self.MATCHER, text) == ()

    def test_an_address_in_the_text_is_reported_there_only(self) -> None:
        (found,) = post(self.MATCHER, "به @digi_kala", mentions=("digi_kala",))
        assert found.matches == (Match("@Digi_Kala", 3, 13, "account"),)

    def test_an_account_counts_like_a_keyword(self) -> None:
        matcher = matcher_of(accounts=("digikala",), keywords=("دیجی‌کالا",), all_of=("کد",), none_of=("آگهی",))
        assert post(matcher, "کد بده", author_handle="digikala")
        assert not post(matcher, "سلام", author_handle="digikala")
        assert not post(matcher, "کد آگهی", author_handle="digikala")

    @pytest.mark.parametrize("account", ["", "@", "دیجی", "a b", "-x"])
    def test_what_cannot_be_an_account_is_refused(self, account: str) -> None:
        with pytest.raises(ValueError, match="not a handle or id"):
            matcher_of(accounts=(account,))


class TestCircumstances:
    def test_platforms(self) -> None:
        matcher = matcher_of(keywords=("اسنپ",), platforms=("instagram",))
        assert post(matcher, "اسنپ", platform="instagram")
        assert not post(matcher, "اسنپ", platform="twitter")

    def test_reposts(self) -> None:
        assert post(matcher_of(keywords=("اسنپ",)), "اسنپ", is_repost=True)
        assert not post(matcher_of(keywords=("اسنپ",), reposts="ignore"), "اسنپ", is_repost=True)
        assert post(matcher_of(keywords=("اسنپ",), reposts="ignore"), "اسنپ", is_repost=False)

    @pytest.mark.parametrize(("created", "counts"), [(999, False), (1_000, True), (1_999, True), (2_000, False)])
    def test_start_is_inclusive_and_end_exclusive(self, created: int, *, counts: bool) -> None:
        matcher = matcher_of(keywords=("اسنپ",), start_ms=1_000, end_ms=2_000)
        assert bool(post(matcher, "اسنپ", created_ms=created)) is counts


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "#" + "aA" * 300_000,
        "#" + "a_" * 300_000,
        "ا" * 500_000,
        "ب " * 300_000,
        "دیجی" + " " * 500_000,
        "دیجی \n" * 100_000,
        "سامانه " * 100_000,
        "https://" * 100_000,
        "w" * 500_000,
        "http" * 200_000,
        "@" * 500_000,
        "ا\u064e" * 300_000,
        "(" * 300_000 + "https://x.ir/" + ")" * 300_000,
    ],
    ids=range(13),
)
def test_the_cost_of_a_hostile_post_is_linear(text: str) -> None:
    matcher = matcher_of(
        keywords=("ax", "اب", "ب ب", "دیجی کالا", "سامان", "x.ir", "ا", "a"), except_=("سامانه",), accounts=("aab",)
    )
    matcher.text(text)


def test_lone_surrogates_are_text_like_any_other() -> None:
    assert matches("\ud83d اسنپ \udc00", keywords=("اسنپ",)) == [("اسنپ", "اسنپ")]
