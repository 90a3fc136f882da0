"""The channel of a session: the default channel group of GA4, first rule that applies.

Source: Google Analytics help, "Default channel group" (manual traffic). The lists of sites are in models/channels.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from models import channels as known
from models.web import Touch, Utm

_PAID: Final = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING: Final = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
_VIDEO: Final = re.compile(r".*video.*")
_DISPLAY: Final = frozenset(("display", "banner", "expandable", "interstitial", "cpm"))
_SOCIAL: Final = frozenset(("social", "social-network", "social-media", "sm", "social network", "social media"))
_REFERRAL: Final = frozenset(("referral", "app", "link"))
_EMAIL: Final = frozenset(("email", "e-mail", "e_mail", "e mail"))
_AFFILIATE: Final = frozenset(("affiliate", "affiliates"))
_NO_MEDIUM: Final = frozenset(("(not set)", "(none)", ""))
_DIRECT: Final = frozenset(("(direct)", "direct", ""))
_GOOGLE: Final = re.compile(known.GOOGLE)
#: Parameters that search ads add to the landing page (Google, Microsoft, Yandex): a paid click even without UTM tags.
_AD_CLICKS: Final = {"gclid": "google", "gbraid": "google", "wbraid": "google", "msclkid": "bing", "yclid": "yandex"}


class Origin(NamedTuple):
    """Where a session came from: GA4's source, medium and campaign, all in lower case."""

    source: str = ""
    medium: str = ""
    campaign: str = ""

    @property
    def direct(self) -> bool:
        """Nothing is known of where it came from."""
        return self.source in _DIRECT and self.medium in _NO_MEDIUM


def origin(touch: Touch, own_sites: Collection[str], excluded: Collection[str]) -> Origin:
    """Where a touch came from: its UTM tags, else a search ad's click, else the referrer unless it is no referrer."""
    query = _query(touch.page)
    utm = utm_of(touch.utm, query)
    if utm.source or utm.medium or utm.campaign:
        return Origin(_low(utm.source), _low(utm.medium), _low(utm.campaign))
    clicked = next((source for name, source in _AD_CLICKS.items() if name in query), None)
    if clicked:
        return Origin(clicked, "cpc")
    host = host_of(touch.referrer)
    if not host or host == host_of(touch.page) or under(host, own_sites) or under(host, excluded):
        return Origin()
    if is_search(host):
        return Origin(host, "cpc" if touch.click_id else "organic")
    return Origin(host, "referral")


def channel(where: Origin) -> str:
    """The first channel of ``models.channels.CHANNELS`` whose rule applies."""
    source, medium, campaign = where
    paid = _PAID.fullmatch(medium) is not None
    shopping = _known(source, known.SHOPPING_HOSTS, known.SHOPPING_NAMES) or bool(_SHOPPING.fullmatch(campaign))
    search, social = is_search(source), _known(source, known.SOCIAL_HOSTS, known.SOCIAL_NAMES)
    video = _known(source, known.VIDEO_HOSTS, known.VIDEO_NAMES)
    rules = (
        ("direct", where.direct and not campaign),
        ("cross_network", "cross-network" in campaign),
        ("paid_shopping", shopping and paid),
        ("paid_search", search and paid),
        ("paid_social", social and paid),
        ("paid_video", video and paid),
        ("display", medium in _DISPLAY),
        ("paid_other", paid),
        ("organic_shopping", shopping),
        ("organic_social", social or medium in _SOCIAL),
        ("organic_video", video or bool(_VIDEO.fullmatch(medium))),
        ("organic_search", search or medium == "organic"),
        ("referral", medium in _REFERRAL),
        ("email", source in _EMAIL or medium in _EMAIL),
        ("affiliates", medium in _AFFILIATE),
        ("audio", medium == "audio"),
        ("sms", "sms" in (source, medium)),
        ("mobile_push", medium.endswith("push") or "mobile" in medium or "notification" in medium),
    )
    return next((name for name, applies in rules if applies), "unassigned")


def is_search(source: str) -> bool:
    """Whether a source is a search engine: by host or by the name that links are tagged with."""
    if source in known.NOT_SEARCH:
        return False
    return bool(_GOOGLE.search(source)) or _known(source, known.SEARCH_HOSTS, known.SEARCH_NAMES)


def utm_of(utm: Utm, query: dict[str, list[str]]) -> Utm:
    """The UTM tags as reported; where there are none, those of the page's own address."""
    if any((utm.source, utm.medium, utm.campaign, utm.term)):
        return utm
    names = ("source", "medium", "campaign", "term", "content")
    return Utm(**{name: query[f"utm_{name}"][0] for name in names if f"utm_{name}" in query})


def tags(touch: Touch) -> Utm:
    """The UTM tags of a touch."""
    return utm_of(touch.utm, _query(touch.page))


def host_of(url: str | None) -> str:
    """Host without ``www.`` in lower case; of ``android-app://org.telegram.messenger`` the package; empty without."""
    if not url:
        return ""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    return host.lower().rstrip(".").removeprefix("www.")


def under(host: str, domains: Collection[str]) -> bool:
    """Whether a host is one of the domains or below one."""
    if not domains:
        return False
    parts = host.split(".")
    return any(".".join(parts[start:]) in domains for start in range(len(parts)))


def _known(source: str, hosts: Collection[str], names: Collection[str]) -> bool:
    return bool(source) and (source in names or under(source.removeprefix("www."), hosts))


def _query(page: str | None) -> dict[str, list[str]]:
    if not page or "?" not in page:
        return {}
    try:
        return parse_qs(urlsplit(page).query)
    except ValueError:
        return {}


def _low(text: str | None) -> str:
    return (text or "").strip().lower()
