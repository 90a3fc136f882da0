"""The campaign files that come with the sample."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from models.campaign import CampaignSet
from processors.match import Matcher


def test_posts_of_each_kind_match_as_the_comments_in_the_files_say(matches: Callable[[str], set[str]]) -> None:
    assert matches("از هزار‌سبد خریدم") == matches("#هزار_سبد") == matches("هزارسبدددد") == {"hezarsabad"}
    assert matches("بریمو قطعه؟") == {"berimo", "berimo-outage"}
    assert matches("برق قطعه") == set()
    assert matches("تسبیح آبنوس اصل") == set()
    assert matches("پلیس فتا درباره‌ی بانک آبنوس هشدار داد") == set()
    assert matches("کولاک و توفان البرز را سفیدپوش کرد") == set()
    assert matches("توفان البرز مرکزی جاده‌ها را بست") == set()
    assert matches("طوفان البرز برد") == {"toofan-alborz"}
    assert matches("پرستو رفت") == set()


def test_teams_groups_and_accounts_are_given(campaigns: CampaignSet) -> None:
    assert len(campaigns.campaigns) == 7
    assert all(campaign.team and campaign.group and campaign.name for campaign in campaigns.campaigns)
    assert sum(bool(campaign.accounts) for campaign in campaigns.campaigns) == 6


@pytest.mark.data
def test_no_real_brand_is_watched(campaigns: CampaignSet, data_dir: Path) -> None:
    lines = (data_dir / "lexicons" / "brands_handmade.jsonl").read_bytes().splitlines()
    brands = [msgspec.json.decode(line) for line in lines]
    names = [name for brand in brands for name in (brand["brand"], *brand["latin"])]
    matcher = Matcher(campaigns)
    assert names
    assert [name for name in names if matcher.text(name)] == []
    keywords = {keyword.lower() for campaign in campaigns.campaigns for keyword in campaign.keywords}
    assert keywords.isdisjoint(name.lower() for name in names)
