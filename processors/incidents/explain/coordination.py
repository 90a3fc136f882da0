"""Signs that a spike was arranged. They are shown beside the numbers and change none of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from models.incident import Suspicion
from models.mention import Mention

#: Below so many mentions any pattern is chance.
_FEWEST: Final = 10
_FEW_ACCOUNTS: Final = 5
_SMALL: Final = 50
#: A text of so many accounts is no repost chain of one or two friends.
_SAME_TEXT_ACCOUNTS: Final = 3
#: Percent from which a sign is worth showing.
_SHOWN: Final = 50


def suspicions(now: Sequence[Mention], known_authors: frozenset[str]) -> tuple[Suspicion, ...]:
    """The signs that at least half of the mentions bear, in percent.

    ``few_accounts``: by the five busiest accounts. ``same_text``: near-copies by at least three accounts, reposts left
    out. ``new_accounts``: by accounts with under 50 followers that had not named the brand in the usual periods.
    """
    named = [mention for mention in now if mention.author is not None]
    if len(named) < _FEWEST:
        return ()
    own = [mention for mention in named if not mention.repost]
    busiest = sum(count for _, count in Counter(mention.author for mention in named).most_common(_FEW_ACCOUNTS))
    accounts = defaultdict(set)
    for mention in own:
        accounts[mention.story].add(mention.author)
    copies = sum(mention.story is not None and len(accounts[mention.story]) >= _SAME_TEXT_ACCOUNTS for mention in own)
    new = sum(
        mention.author not in known_authors and mention.followers is not None and mention.followers < _SMALL
        for mention in named
    )
    signs = (("few_accounts", busiest, named), ("same_text", copies, own), ("new_accounts", new, named))
    shown = [Suspicion(sign, 100 * count // len(of)) for sign, count, of in signs if of]
    return tuple(one for one in shown if one.percent >= _SHOWN)
