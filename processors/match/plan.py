"""One campaign's verdict on one post: any of, all of, none of, except, and whom and when it concerns."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from models.campaign import Campaign
from processors.match.accounts import account_key
from processors.match.patterns import Reading
from processors.match.results import CampaignMatch, Hit, Match
from processors.query.evaluate import Query
from processors.query.facts import Facts


class Circumstances(NamedTuple):
    """What a campaign may ask of a post besides its text."""

    platform: str
    is_repost: bool
    #: When the post was created, epoch milliseconds.
    created_ms: int


class Term(NamedTuple):
    """A keyword or account as the campaign file writes it, and the number of its pattern."""

    written: str
    pattern: int


class Plan(NamedTuple):
    """A compiled campaign; keywords by number, as few of a thousand may be in a post, each as it is written."""

    campaign: Campaign
    keywords: Mapping[int, str]
    all_of: tuple[Term, ...]
    none_of: tuple[Term, ...]
    excepted: tuple[Term, ...]
    accounts: tuple[Term, ...]
    query: Query | None

    @property
    def searches(self) -> bool:
        """Whether it has anything besides ``all_of`` that makes it match."""
        return bool(self.keywords or self.accounts or self.query)

    def concerns(self, post: Circumstances) -> bool:
        """Whether the platform, kind and creation time are ones that the campaign watches."""
        campaign = self.campaign
        return (
            (not campaign.platforms or post.platform in campaign.platforms)
            and not (post.is_repost and campaign.reposts == "ignore")
            and (campaign.start_ms is None or post.created_ms >= campaign.start_ms)
            and (campaign.end_ms is None or post.created_ms < campaign.end_ms)
        )

    def verdict(self, post: Reading, accounts: frozenset[str], facts: Facts) -> CampaignMatch | None:
        """The campaign's matches, None when it does not match. ``accounts``: keys of its author and addressees."""
        if not (self.query or self.accounts or self.all_of or self.none_of or self.excepted):
            found = self._plainly_found(post)
            return self._matches(found) if found else None
        asked = self.query.matches(post.post, lambda number: self._counted(number, post), facts) if self.query else None
        keywords = (Term(self.keywords[number], number) for number in post.candidates if number in self.keywords)
        any_of = [*self._found(keywords, post), *self._found_accounts(post, accounts)]
        if not any_of and asked is None and self.searches:
            return None
        all_of = [list(self._found((term,), post)) for term in self.all_of]
        if not all(all_of) or any(post.hits(term.pattern) for term in self.none_of):
            return None
        return self._matches([*any_of, *(asked or ()), *chain.from_iterable(all_of)])

    def _matches(self, found: Sequence[Match]) -> CampaignMatch:
        """Each occurrence once, by position."""
        in_order = tuple(found) if len(found) == 1 else tuple(sorted(dict.fromkeys(found), key=_position))
        return CampaignMatch(self.campaign.id, in_order)

    def _found(self, terms: Iterable[Term], post: Reading) -> Iterator[Match]:
        for term in terms:
            if term.pattern not in post.candidates:
                continue
            for hit in self._counted(term.pattern, post):
                yield Match(term.written, hit.start, hit.end, hit.rule)

    def _plainly_found(self, post: Reading) -> list[Match]:
        """``_found`` of a campaign that has keywords and nothing else."""
        keywords = self.keywords
        return [
            Match(keywords[number], hit.start, hit.end, hit.rule)
            for number in post.candidates
            if number in keywords
            for hit in post.hits(number)
        ]

    def _counted(self, pattern: int, post: Reading) -> Sequence[Hit]:
        """The occurrences that lie in no excepted word."""
        hits = post.hits(pattern)
        if not hits or not self.excepted:
            return hits
        return [hit for hit in hits if not any(_is_within(hit, post.hits(stop.pattern)) for stop in self.excepted)]

    def _found_accounts(self, post: Reading, present: frozenset[str]) -> Iterator[Match]:
        for term in self.accounts:
            hits = post.hits(term.pattern)
            yield from (Match(term.written, hit.start, hit.end, hit.rule) for hit in hits)
            if not hits and account_key(term.written) in present:
                yield Match(term.written, 0, 0, "account")


def _is_within(hit: Hit, words: tuple[Hit, ...]) -> bool:
    """Whether one of the words, which are in order and do not overlap, holds the whole hit."""
    before = bisect_right(words, hit.start, key=lambda word: word.start)
    return before > 0 and hit.end <= words[before - 1].end


def _position(match: Match) -> tuple[int, int, str]:
    return match.start, match.end, match.keyword
