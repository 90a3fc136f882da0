"""Where the names of a campaign stand in a text, and what is known of the campaign."""

from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from listener.errors import UsageProblem
from models.campaign import Campaign, CampaignSet
from processors.match import Matcher
from processors.relevance.features import Spans, profile_of

_ANY: Final = "any"


class Names:
    """The names of the campaigns of a set."""

    def __init__(self, campaigns: CampaignSet) -> None:
        self._matcher: Final = Matcher(CampaignSet(tuple(map(_only_names, campaigns.campaigns))))
        self.profiles: Final = {one.id: profile_of(one) for one in campaigns.campaigns}

    def spans(self, text: str, campaign: str) -> Spans:
        """Where its keywords stand; empty when the text does not match it."""
        found = next((one for one in self._matcher.text(text) if one.campaign_id == campaign), None)
        return tuple((one.start, one.end) for one in found.matches if one.end) if found else ()


def _only_names(campaign: Campaign) -> Campaign:
    """The campaign without what may keep a text out: here only the places of its keywords matter."""
    if not campaign.keywords:
        return campaign
    return replace(campaign, all_of=(), none_of=(), query="", accounts=(), platforms=(), reposts="mention")


@lru_cache(maxsize=1_024)
def keyword_names(keyword: str) -> Names:
    """A keyword without a campaign; UsageProblem for one that cannot be searched for."""
    try:
        return Names(CampaignSet((Campaign(id=_ANY, keywords=(keyword,)),)))
    except ValueError as error:
        raise UsageProblem(f"keyword {keyword!r}: {error}.") from error


def keyword_spans(text: str, keyword: str) -> Spans:
    """Where the keyword stands in a text."""
    return keyword_names(keyword).spans(text, _ANY)
