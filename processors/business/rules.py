"""Campaign files compiled for business events: which campaigns an event belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

from models.campaign import Campaign, CampaignSet
from models.channels import PAYMENT_GATEWAYS
from models.post import Author
from models.web import CONVERSIONS
from processors.business.channels import host_of, under
from processors.match.accounts import account_key
from processors.match.folding import fold

_SEARCH_CONSOLE: Final = "sc-domain:"
#: Dimension of queries that no campaign file names.
OTHER: Final = "keyword:other"


@lru_cache(maxsize=65_536)
def keyword_key(text: str) -> str:
    """A search keyword whatever its spelling: one canonical form, spaces as one."""
    return " ".join(fold(text).text.replace("‌", " ").split())


def keyword_dimension(text: str) -> str:
    """Dimension of a configured keyword: bounded, and safe in a cell's name."""
    return f"keyword:{sha256(keyword_key(text).encode()).hexdigest()[:12]}"


def site_key(text: str) -> str:
    """A site as a bare domain: no scheme, path, ``www.`` or Search Console prefix."""
    return host_of(text.strip().removeprefix(_SEARCH_CONSOLE))


def url_key(url: str) -> str:
    """A URL for the comparison of prefixes: without scheme and ``www.``, the host in lower case."""
    rest = url.strip().partition("//")[2] or url.strip()
    host, slash, path = rest.partition("/")
    return host.lower().removeprefix("www.") + slash + path


class Rule:
    """One campaign's attribution, ready for comparison."""

    def __init__(self, campaign: Campaign) -> None:
        own, settings = campaign.attribution, campaign.kpis
        self.id = campaign.id
        self.zone = campaign.timezone
        self.utm = frozenset(name.strip().lower() for name in own.utm_campaigns)
        self.landing = tuple(url_key(page) for page in own.landing_pages)
        self.ads = frozenset(own.ad_campaigns)
        self.sites = frozenset(map(site_key, own.sites))
        self.keywords = frozenset(map(keyword_key, own.search_keywords))
        self.first_touch = own.person_first_touch
        self.accounts = frozenset(map(account_key, campaign.accounts))
        self.conversions = frozenset((*CONVERSIONS, *settings.conversion_events))
        self.users = settings.conversion_base == "users"
        listed = settings.referral_exclusions
        self.excluded = frozenset(PAYMENT_GATEWAYS if listed is None else map(site_key, listed))

    def session(self, page: str | None, utm_campaign: str | None, term: str | None) -> bool:
        """Whether a session that began so is this campaign's."""
        if utm_campaign and utm_campaign.strip().lower() in self.utm:
            return True
        if page and (under(host_of(page), self.sites) or url_key(page).startswith(self.landing)):
            return True
        alone = not (self.utm or self.sites or self.landing)
        return alone and bool(term) and keyword_key(term or "") in self.keywords

    def search(self, site: str, query: str | None) -> bool:
        """Whether a search row is this campaign's: its sites and its keywords, where it names both."""
        if not (self.sites or self.keywords):
            return False
        if self.sites and not under(site_key(site), self.sites):
            return False
        return not self.keywords or (query is not None and keyword_key(query) in self.keywords)

    def keyword(self, text: str | None) -> str:
        """The dimension of a query or term."""
        return keyword_dimension(text) if text and keyword_key(text) in self.keywords else OTHER


class Rules(Mapping[str, Rule]):
    """All campaigns of a set."""

    def __init__(self, campaigns: CampaignSet) -> None:
        self._rules = {campaign.id: Rule(campaign) for campaign in campaigns.campaigns}

    def __getitem__(self, name: str) -> Rule:
        return self._rules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def wrote(self, campaign: str, author: Author) -> bool:
        """Whether a post is by one of a campaign's own accounts."""
        rule = self._rules.get(campaign)
        names = (author.id, author.handle)
        return rule is not None and any(name and account_key(name) in rule.accounts for name in names)

    def of_utm(self, utm_campaign: str | None) -> list[str]:
        """Campaigns that a UTM campaign belongs to."""
        name = (utm_campaign or "").strip().lower()
        return [rule.id for rule in self._rules.values() if name in rule.utm] if name else []

    def of_ad(self, campaign_id: str) -> list[str]:
        """Campaigns that an ad campaign's spend belongs to."""
        return [rule.id for rule in self._rules.values() if campaign_id in rule.ads]

    def of_session(self, page: str | None, utm_campaign: str | None, term: str | None) -> list[str]:
        """Campaigns that a session belongs to."""
        return [rule.id for rule in self._rules.values() if rule.session(page, utm_campaign, term)]

    def of_search(self, site: str, query: str | None) -> list[str]:
        """Campaigns that a search row belongs to."""
        return [rule.id for rule in self._rules.values() if rule.search(site, query)]

    def of_site(self, domain: str) -> list[str]:
        """Campaigns that a domain belongs to."""
        name = site_key(domain)
        return [rule.id for rule in self._rules.values() if under(name, rule.sites)]

    def of_account(self, account_id: str) -> list[str]:
        """Campaigns that an own account belongs to; the id may carry its platform before a colon."""
        names: Sequence[str] = (account_id, account_id.partition(":")[2])
        keys = {account_key(name) for name in names if name}
        return [rule.id for rule in self._rules.values() if keys & rule.accounts]
