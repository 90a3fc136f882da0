"""Matching: whether a campaign's keyword is there, as a word, in any Persian spelling."""

from processors.match.matcher import Matcher
from processors.match.prefilter import Prefilter
from processors.match.results import CampaignMatch, Match, Rule

__all__ = ["CampaignMatch", "Match", "Matcher", "Prefilter", "Rule"]
