"""Queries on texts: what is true, what is reported and where."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.campaign import Campaign, CampaignSet
from models.post import Author, Post
from processors.match import Matcher
from processors.matching import match_post
from processors.query.facts import Facts

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def found(query: str, text: str, *, facts: Facts = Facts(), **fields: Any) -> list[tuple[str, str]] | None:  # noqa: B008
    """Term and what it stands for, None when the campaign does not match."""
    result = Matcher(CampaignSet((Campaign(id="c", query=query, **fields),))).text(text, facts)
    return [(match.keyword, text[match.start : match.end]) for match in result[0].matches] if result else None


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("اسنپ", "اسنپ‌هایشان", [("اسنپ", "اسنپ")]),
        ("بانک ملت", "بانكِ ملتی", [("بانک ملت", "بانكِ ملت")]),
        ('"اسنپ"', "اِسنپ", [("اسنپ", "اِسنپ")]),
        ('"اسنپ"', "اسنپی", None),
        ('"اسنپ"', "اسنپپپ", None),
        ('"سامان"', "سامانه‌ی سامان", [("سامان", "سامان")]),
        ('"خانه ملت"', "خانه‌ی ملت", None),
        ('"خانه ملت"', "خانۀ‌ملت", [("خانه ملت", "خانۀ‌ملت")]),
        ('"علی بابا"', "علیبابا", [("علی بابا", "علیبابا")]),
        ("اسن*", "اسنپ‌فود و اسناد", [("اسن*", "اسنپ‌فود"), ("اسن*", "اسناد")]),
        ("اسنپ*", "خاسنپ", None),
        ("digi*", "DigiKala https://digi.com/x", [("digi*", "DigiKala")]),
        ('"بانک مل*"', "بانک ملی", [("بانک مل*", "بانک ملی")]),
        ("a OR b", "b a", [("b", "b"), ("a", "a")]),
        ("a AND b", "a", None),
        ("a AND b", "b a", [("b", "b"), ("a", "a")]),
        ("a NOT b", "a c", [("a", "a")]),
        ("a NOT b", "a b", None),
        ("(a AND b) OR c", "a c", [("c", "c")]),
        ("a AND NOT (b AND c)", "a b", [("a", "a")]),
        ("NOT (NOT a)", "a", []),
        ("a NEAR/1 b", "a x b", [("a", "a"), ("b", "b")]),
        ("a NEAR/1 b", "b x a", [("b", "b"), ("a", "a")]),
        ("a NEAR/1 b", "a x x b", None),
        ("a NEAR/0 b", "a b", [("a", "a"), ("b", "b")]),
        ("a ONEAR/1 b", "b x a", None),
        ("a ONEAR/1 b", "b x a b", [("a", "a"), ("b", "b")]),
        ("اسنپ NEAR/0 تخفیف", "اسنپ‌های تخفیف", [("اسنپ", "اسنپ"), ("تخفیف", "تخفیف")]),
        ("اسنپ NEAR/1 گران", "اسنپ خیلی‌خیلی، گران", [("اسنپ", "اسنپ"), ("گران", "گران")]),
        ("a NEAR/1 b", "a https://x.ir/y/z b", [("a", "a"), ("b", "b")]),
        ("a NEAR/0 b", "#a_b", [("a", "a"), ("b", "b")]),
        ("a NEAR/2 a", "a", None),
        ("a NEAR/2 a", "a x a", [("a", "a"), ("a", "a")]),
        ("(a OR c) NEAR/0 b", "c x a b", [("a", "a"), ("b", "b")]),
        ("a NEAR/0 b NEAR/0 c", "a b c", [("a", "a"), ("b", "b"), ("c", "c")]),
        ("a NEAR/0 b NEAR/0 c", "a b x c", None),
        ("a NEAR/5 b", "a x x b " + "x " * 9 + "a", [("a", "a"), ("b", "b")]),
        ("t.me/snapp OR x", "https://t.me/snapp", [("t.me/snapp", "t.me/snapp")]),
        ("a AND has:link", "a https://x.ir", [("a", "a")]),
        ("a AND has:link", "a", None),
        ("a AND has:media", "a pic.twitter.com/abc", [("a", "a")]),
        ("a AND has:media", "a https://youtu.be/abc", [("a", "a")]),
        ("a AND has:media", "a https://x.ir/abc.html", None),
        ("author:x OR a", "a", [("a", "a")]),
        ("a AND lang:fa", "a", None),
        ("a AND NOT lang:en", "a", [("a", "a")]),
    ],
)
def test_found(query: str, text: str, expected: list[tuple[str, str]] | None) -> None:
    assert found(query, text) == expected


@pytest.mark.parametrize(
    ("query", "facts", "true"),
    [
        ("author:digikala", {"authors": ["@DigiKala"]}, True),
        ("author:@DIGIKALA", {"authors": [None, "digikala"]}, True),
        ("author:digikala", {"authors": ["digikala2"]}, False),
        ("author:digi_kala", {"authors": ["digikala"]}, False),
        ('author:"علی‌رضا رضایی"', {"authors": ["عليرضا رضايي"]}, True),
        ("author:علی", {"authors": ["علی رضایی"]}, False),
        ("site:isna.ir", {"addresses": ["https://www.isna.ir/news/1"]}, True),
        ("site:isna.ir", {"addresses": ["en.isna.ir"]}, True),
        ("site:isna.ir", {"addresses": ["https://notisna.ir", "http://isna.ir.evil.com"]}, False),
        ("site:t.me/isna", {"addresses": ["https://t.me/isna/12?x"]}, True),
        ("site:t.me/isna", {"addresses": ["https://t.me/isnax"]}, False),
        ("site:https://www.isna.ir/", {"addresses": ["http://user@isna.ir:80"]}, True),
        ("author:x AND lang:fa", {"authors": ["x"], "lang": "fa-IR"}, True),
        ("author:x AND lang:fa-ir", {"authors": ["x"], "lang": "fa"}, False),
        ("author:x AND lang:fa", {"authors": ["x"], "lang": "fas"}, False),
        ("author:x AND platform:telegram", {"authors": ["x"], "platform": "telegram"}, True),
        ("author:x AND platform:telegram", {"authors": ["x"], "platform": "twitter"}, False),
        ("author:x AND has:media", {"authors": ["x"], "links": ["https://a.ir/b.JPG?w=1"]}, True),
        ("author:x AND has:media", {"authors": ["x"], "has_media": True}, True),
        ("author:x AND has:link", {"authors": ["x"], "links": ["a.ir"]}, True),
    ],
)
def test_facts(query: str, facts: dict[str, Any], *, true: bool) -> None:
    assert (found(query, "هیچ", facts=Facts.of(**facts)) is not None) is true


def test_a_field_alone_stands_nowhere_in_the_text() -> None:
    (match,) = (
        Matcher(CampaignSet((Campaign(id="c", query="author:x"),))).text("هیچ", Facts.of(authors=["x"]))[0].matches
    )
    assert (match.keyword, match.start, match.end, match.rule) == ("author:x", 0, 0, "field")
    assert found("author:x AND هیچ", "هیچ", facts=Facts.of(authors=["x"])) == [("هیچ", "هیچ")]


def test_a_query_goes_with_the_other_fields() -> None:
    assert found("a", "k", keywords=("k",)) == [("k", "k")]
    assert found("a", "a k", keywords=("k",)) == [("a", "a"), ("k", "k")]
    assert found("a", "a", all_of=("b",)) is None
    assert found("a", "a b", none_of=("b",)) is None
    assert found("سامان", "سامانه", except_=("سامانه",)) is None
    assert found("a NOT سامان", "a سامانه", except_=("سامانه",)) == [("a", "a")]


def test_a_record_is_matched_with_all_that_it_says() -> None:
    matcher = Matcher(CampaignSet((Campaign(id="c", query="lang:fa AND (author:«علی» OR site:t.me) AND has:link"),)))
    post = Post(
        event_id="e", schema_version=1, observed_at=NOW, op="create", post_id="p", platform="telegram",
        created_at=NOW, text="هیچ", lang="fa", url="https://t.me/x/1", links=["x.ir"],
        author=Author(id="1", display_name="علي"),
    )  # fmt: skip
    assert [match.keyword for match in match_post(matcher, post)[0].matches] == ["author:علی", "site:t.me"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["a b " * 50_000, "اب" * 100_000, "a" * 200_000, "a x " * 50_000 + "b"], ids=range(4))
def test_the_cost_of_a_hostile_post_is_bounded(text: str) -> None:
    found('(a NEAR/5 b NEAR/5 c) OR (اب* ONEAR/3 "ب ب") OR (a NEAR/100 (a OR b))', text)
