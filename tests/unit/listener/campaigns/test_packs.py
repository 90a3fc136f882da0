"""Exclusion packs: whole, versioned, and right about typical posts."""

import pytest

from listener.campaigns.packs import pack_of, packs
from models.campaign import Campaign, CampaignSet
from processors.match import Matcher, check_keyword


def test_every_phrase_can_be_searched_for_and_stands_once() -> None:
    assert list(packs()) == ["job-ads", "lotteries", "spam"]
    for versions in packs().values():
        for pack in versions:
            assert len(set(pack.none_of)) == len(pack.none_of)
            for phrase in pack.none_of:
                check_keyword(phrase)


@pytest.mark.parametrize(
    ("name", "text", "out"),
    [
        ("job-ads", "اسنپ برای تکمیل تیم خود کارشناس فروش استخدام می کند، ارسال رزومه به ایمیل", True),
        ("job-ads", "#استخدام راننده در اسنپ", True),
        ("job-ads", "داداشم رفته تو اسنپ استخدام شده", False),
        ("lotteries", "در قرعه کشی اسنپ شرکت کنید", True),
        ("lotteries", "اسنپ برنده‌ی این رقابت شد", False),
        ("spam", "خرید فالوور واقعی اسنپ", True),
        ("spam", "اسنپ دیر رسید ولی راننده خوب بود", False),
    ],
)
def test_what_a_pack_keeps_out(name: str, text: str, *, out: bool) -> None:
    campaign = Campaign(id="c", keywords=("اسنپ",), none_of=pack_of(name).none_of)
    assert bool(Matcher(CampaignSet((campaign,))).text(text)) is not out
