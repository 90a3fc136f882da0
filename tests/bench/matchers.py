"""Whose matcher a comparison runs with: text → ids of the campaigns that it matches.

``ours``   the worker's own matcher, given to every engine
``users``  what the engines' users would write with the standard library: Persian letters unified, lower case, and one
           compiled alternation of all keywords between word boundaries. It costs what a loop of ``keyword in text``
           over the keywords costs (which finds them inside other words, too), and less than the same by campaigns.
``hazm``   what tutorials of Persian text begin with: ``hazm.Normalizer().normalize``, and the alternation after it

They do not agree on every text: an alternation finds one keyword of those that overlap, knows no diacritics and no
digits of other scripts. On invented keywords that do not overlap totals may be the same; nothing depends on it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from models.campaign import CampaignSet
from processors.match import Matcher
from tests.bench.posts import campaign_set

Match = Callable[[str], Sequence[str]]
MATCHERS: Final = ("ours", "users", "hazm")
#: Arabic letters that Persian keyboards produce, and the half-space.
LETTERS: Final = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": " "})


def matcher(whose: str, keywords: int) -> Match:
    """The matcher of the benchmark's campaigns; ``whose``: one of ``MATCHERS``."""
    campaigns = campaign_set(keywords)
    if whose == "ours":
        match = Matcher(campaigns).text
        return lambda text: [one.campaign_id for one in match(text)]
    users = users_matcher(campaigns)
    if whose == "users":
        return users
    from hazm import Normalizer  # type: ignore[import-untyped]

    normalize = Normalizer().normalize
    return lambda text: users(normalize(text))


def users_matcher(campaigns: CampaignSet) -> Match:
    """One regular expression for all keywords, each campaign once per text."""
    owner = {_unified(keyword): one.id for one in campaigns.campaigns for keyword in one.keywords}
    longest_first = sorted(owner, key=len, reverse=True)
    find = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b").findall

    def match(text: str) -> list[str]:
        return list({owner[keyword]: None for keyword in find(_unified(text))})

    return match


def _unified(text: str) -> str:
    return text.translate(LETTERS).lower()
