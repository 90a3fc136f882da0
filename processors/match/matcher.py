"""Posts against all campaigns at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from models.campaign import Campaign, CampaignSet
from processors.match.accounts import AccountPattern, account_key
from processors.match.canonical import canonical
from processors.match.folding import fold
from processors.match.patterns import KeywordPattern, PatternIndex
from processors.match.plan import Circumstances, Plan, Term
from processors.match.prefilter import Prefilter
from processors.match.results import CampaignMatch

_NOBODY: Final[frozenset[str]] = frozenset()


class _Registry:
    """Gives each distinct keyword and account one pattern."""

    def __init__(self) -> None:
        self.patterns: list[KeywordPattern | AccountPattern] = []
        self._numbers: dict[tuple[type, str], int] = {}

    def plan(self, campaign: Campaign) -> Plan:
        """Number everything that a campaign searches for."""
        return Plan(
            campaign=campaign,
            keywords=self._terms(KeywordPattern, campaign.keywords),
            all_of=self._terms(KeywordPattern, campaign.all_of),
            none_of=self._terms(KeywordPattern, campaign.none_of),
            excepted=self._terms(KeywordPattern, campaign.except_),
            accounts=self._terms(AccountPattern, campaign.accounts),
        )

    def _terms(self, kind: type[KeywordPattern | AccountPattern], written: Iterable[str]) -> tuple[Term, ...]:
        return tuple(Term(text, self._number(kind, text)) for text in dict.fromkeys(written))

    def _number(self, kind: type[KeywordPattern | AccountPattern], text: str) -> int:
        key = (kind, text)
        if key not in self._numbers:
            self._numbers[key] = len(self.patterns)
            self.patterns.append(kind(text))
        return self._numbers[key]


class Matcher:
    """A campaign set, compiled. Immutable after construction and safe to share between threads.

    Raises ValueError for a keyword or account that cannot be searched for (campaign files are checked at load).
    """

    def __init__(self, campaign_set: CampaignSet) -> None:
        registry = _Registry()
        self._plans = tuple(map(registry.plan, campaign_set.campaigns))
        self._index = PatternIndex(registry.patterns)
        self._by_pattern = _by_pattern(self._plans)
        self._by_account = _by_account(self._plans)
        self.prefilter = _prefilter(self._plans, registry.patterns)

    def text(self, text: str) -> tuple[CampaignMatch, ...]:
        """The campaigns that a text matches, by id, whatever the platform and time."""
        return self._matches(text, None, _NOBODY) if self.prefilter.candidate_text(text) else ()

    def post(
        self,
        text: str,
        *,
        platform: str,
        author_handle: str | None,
        author_id: str | None,
        mentions: Collection[str],
        is_repost: bool,
        created_ms: int,
    ) -> tuple[CampaignMatch, ...]:
        """The campaigns that a post matches, by id. ``created_ms``: epoch milliseconds of its creation."""
        accounts = self._watched((author_handle, author_id, *mentions))
        if not accounts and not self.prefilter.candidate_text(text):
            return ()
        post = Circumstances(platform, is_repost, created_ms)
        return self._matches(text, post, accounts)

    def _watched(self, names: Iterable[str | None]) -> frozenset[str]:
        if not self._by_account:
            return _NOBODY
        return frozenset(key for name in names if name and (key := account_key(name)) in self._by_account)

    def _matches(self, text: str, post: Circumstances | None, accounts: frozenset[str]) -> tuple[CampaignMatch, ...]:
        folded = fold(text)
        candidates = self._index.candidates(folded.text)
        plans = [plan for plan in self._touched(candidates, accounts) if post is None or plan.concerns(post)]
        if not plans:
            return ()
        reading = self._index.read(canonical(text, folded), candidates)
        verdicts = (plan.verdict(reading, accounts) for plan in plans)
        return tuple(verdict for verdict in verdicts if verdict)

    def _touched(self, candidates: frozenset[int], accounts: frozenset[str]) -> list[Plan]:
        """The campaigns that these patterns or accounts can make match, by id."""
        touched = {number for pattern in candidates for number in self._by_pattern.get(pattern, ())}
        return [self._plans[number] for number in sorted(touched.union(*(self._by_account[key] for key in accounts)))]


def _by_pattern(plans: tuple[Plan, ...]) -> dict[int, tuple[int, ...]]:
    """Pattern → the campaigns that it can make match."""
    touched: dict[int, list[int]] = defaultdict(list)
    for number, plan in enumerate(plans):
        for term in {*plan.keywords, *plan.accounts} or plan.all_of:
            touched[term.pattern].append(number)
    return {pattern: tuple(numbers) for pattern, numbers in touched.items()}


def _by_account(plans: tuple[Plan, ...]) -> dict[str, tuple[int, ...]]:
    touched: dict[str, list[int]] = defaultdict(list)
    for number, plan in enumerate(plans):
        for key in dict.fromkeys(account_key(term.written) for term in plan.accounts):
            touched[key].append(number)
    return {key: tuple(numbers) for key, numbers in touched.items()}


def _prefilter(plans: tuple[Plan, ...], patterns: Sequence[KeywordPattern | AccountPattern]) -> Prefilter:
    needed = [patterns[term.pattern] for plan in plans for term in (*plan.keywords, *plan.accounts)]
    anchors = {pattern.anchor for pattern in needed if isinstance(pattern, KeywordPattern)}
    literals = {pattern.literal for pattern in needed if isinstance(pattern, AccountPattern)}
    for plan in plans:
        if not (plan.keywords or plan.accounts or plan.all_of):
            raise ValueError(f"campaign {plan.campaign.id} searches for nothing")
        if not plan.keywords and not plan.accounts:
            words = [pattern for term in plan.all_of if isinstance(pattern := patterns[term.pattern], KeywordPattern)]
            # Every all_of word must be there, so the rarest decides alone.
            anchors.add(max((word.anchor for word in words), key=lambda anchor: anchor.rarity))
    return Prefilter(anchors, literals)
