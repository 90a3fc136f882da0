"""Posts against all campaigns at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final, TypeVar

from models.attribution import Attribution
from models.campaign import Campaign, CampaignSet
from processors.match.accounts import account_key
from processors.match.canonical import canonical
from processors.match.folding import fold_irregular_text, fold_regular
from processors.match.patterns import PatternIndex
from processors.match.plan import Circumstances, Plan
from processors.match.prefilter import Prefilter
from processors.match.registry import Registry
from processors.match.results import CampaignMatch
from processors.query.facts import Facts

K = TypeVar("K")

_NOBODY: Final[frozenset[str]] = frozenset()
_NOWHERE: Final[frozenset[int]] = frozenset()
_NOTHING_KNOWN: Final = Facts()


class Matcher:
    """A campaign set, compiled. Immutable after construction and safe to share between threads.

    Raises ValueError for a keyword, account or query that cannot be searched for (campaign files are checked at load).
    """

    def __init__(self, campaign_set: CampaignSet) -> None:
        registry = Registry()
        listening = (one for one in campaign_set.campaigns if _searches(one) or not _attributes(one))
        self._plans = tuple(map(registry.plan, listening))
        self._index = PatternIndex(registry.patterns)
        targets = [registry.targets(plan) for plan in self._plans]
        self._by_pattern = _numbered(target.patterns for target in targets)
        self._by_account = _numbered(map(_accounts, self._plans))
        self._by_author = _numbered(target.authors for target in targets)
        self._by_site = _numbered(target.sites for target in targets)
        self._asks_for_facts = any(plan.query for plan in self._plans)
        self.prefilter = Prefilter(
            {anchor for target in targets for anchor in target.anchors},
            {literal for target in targets for literal in target.literals},
            {anchor for target in targets for anchor in target.names},
        )

    def text(self, text: str, facts: Facts = _NOTHING_KNOWN) -> tuple[CampaignMatch, ...]:
        """The campaigns that a text matches, by id, whatever the platform and time.

        ``facts`` serve what queries ask for; their authors are also watched for as accounts.
        """
        called, accounts = self._called_for(facts), self._watched(facts.authors)
        if not called and not accounts and not self.prefilter.candidate_text(text):
            return ()
        return self._matches(text, None, accounts, facts, called)

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
        author_name: str | None = None,
        lang: str | None = None,
        url: str | None = None,
        site: str | None = None,
        links: Collection[str] = (),
        has_media: bool = False,
        screened: bool = False,
    ) -> tuple[CampaignMatch, ...]:
        """The campaigns that a post or article matches, by id. ``created_ms``: epoch milliseconds of its creation.

        What queries ask for besides: ``url`` is the post's own address, ``site`` its publisher's domain, ``links``
        where it points to; ``has_media`` is for sources that know (links that look like media are seen anyway).
        ``screened``: the record has passed the prefilter, which need not look at its text again.
        """
        accounts = self._watched((author_handle, author_id, *mentions))
        facts, called = _NOTHING_KNOWN, _NOWHERE
        if self._asks_for_facts:
            facts = Facts.of(
                authors=(author_handle, author_id, author_name),
                addresses=(url, site),
                lang=lang,
                platform=platform,
                links=links,
                has_media=has_media,
            )
            called = self._called_for(facts)
        if not screened and not accounts and not called and not self.prefilter.candidate_text(text):
            return ()
        return self._matches(text, Circumstances(platform, is_repost, created_ms), accounts, facts, called)

    def _watched(self, names: Iterable[str | None]) -> frozenset[str]:
        if not self._by_account:
            return _NOBODY
        return frozenset(key for name in names if name and (key := account_key(name)) in self._by_account)

    def _called_for(self, facts: Facts) -> frozenset[int]:
        """The campaigns whose query these facts may make true, whatever the text says."""
        if not self._by_author and not self._by_site:
            return _NOWHERE
        authors = (number for key in facts.authors for number in self._by_author.get(key, ()))
        hosts = (host for site in facts.sites for host in site.above())
        return frozenset((*authors, *(number for host in hosts for number in self._by_site.get(host, ()))))

    def _matches(
        self,
        text: str,
        post: Circumstances | None,
        accounts: frozenset[str],
        facts: Facts,
        called: frozenset[int],
    ) -> tuple[CampaignMatch, ...]:
        folded = fold_regular(text)
        candidates = self._index.candidates(folded.text if folded else fold_irregular_text(text))
        touched = {number for pattern in candidates for number in self._by_pattern.get(pattern, ())}
        if called or accounts:
            touched.update(called, *(self._by_account[key] for key in accounts))
        if not touched:
            return ()
        plans = [plan for plan in map(self._plans.__getitem__, sorted(touched)) if post is None or plan.concerns(post)]
        if not plans:
            return ()
        reading = self._index.read(canonical(text, folded), candidates)
        verdicts = [plan.verdict(reading, accounts, facts) for plan in plans]
        return tuple(verdict for verdict in verdicts if verdict)


def _searches(campaign: Campaign) -> bool:
    return bool(campaign.keywords or campaign.all_of or campaign.none_of or campaign.accounts or campaign.query)


def _attributes(campaign: Campaign) -> bool:
    """A campaign of business events alone listens to no posts: it has nothing to match, and that is right."""
    return campaign.attribution != Attribution()


def _accounts(plan: Plan) -> Iterator[str]:
    return (account_key(term.written) for term in plan.accounts)


def _numbered(things: Iterable[Iterable[K]]) -> dict[K, tuple[int, ...]]:
    """Thing → the numbers of the campaigns that have it."""
    owners: dict[K, list[int]] = defaultdict(list)
    for number, owned in enumerate(things):
        for thing in dict.fromkeys(owned):
            owners[thing].append(number)
    return {thing: tuple(numbers) for thing, numbers in owners.items()}
