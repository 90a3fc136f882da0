"""What the matcher reports."""

from typing import Literal

import msgspec

#: Which matching rule it took, the furthest-reaching one: ``exact`` as written in the campaign file; ``letters``
#: other letters, case, marks or digits; ``separator`` other spaces or half-spaces; ``repeat`` stretched letters;
#: ``ezafe`` a written ezafe; ``suffix`` a clitic or plural; ``hashtag``, ``handle`` and ``url`` found inside one;
#: ``account`` by or to a watched account; ``wildcard`` a longer word that a query's ``*`` allows; ``field`` the author
#: or site that a query asks for.
Rule = Literal[
    "exact",
    "letters",
    "separator",
    "repeat",
    "ezafe",
    "suffix",
    "hashtag",
    "handle",
    "url",
    "account",
    "wildcard",
    "field",
]


class Hit(msgspec.Struct, frozen=True, order=True):
    """One occurrence: code points ``start:end`` of the original text, suffix not included."""

    start: int
    end: int
    rule: Rule


class Match(msgspec.Struct, frozen=True):
    """One occurrence of a keyword (or account) of a campaign, ``keyword`` as the campaign file writes it.

    ``start:end`` are code points of the original text, without suffix. An account that is the author or is only in
    the post's list of mentions stands nowhere in the text: 0:0; so do the author and site that a query asks for.
    """

    keyword: str
    start: int
    end: int
    rule: Rule


class CampaignMatch(msgspec.Struct, frozen=True):
    """A campaign that matches, with every occurrence of its keywords, ``all_of`` words and accounts, by position."""

    campaign_id: str
    matches: tuple[Match, ...]
