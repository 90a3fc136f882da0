"""Matching: whether a campaign's keyword is there, as a word, in any Persian spelling."""

from processors.match.accounts import AccountPattern
from processors.match.matcher import Matcher
from processors.match.patterns import KeywordPattern
from processors.match.prefilter import Prefilter
from processors.match.results import CampaignMatch, Match, Rule

__all__ = ["CampaignMatch", "Match", "Matcher", "Prefilter", "Rule", "check_account", "check_keyword"]


def check_keyword(keyword: str) -> None:
    """Raise ValueError, saying why, for a keyword that cannot be searched for."""
    KeywordPattern(keyword)


def check_account(account: str) -> None:
    """Raise ValueError, saying why, for what cannot be a handle or author id."""
    AccountPattern(account)
