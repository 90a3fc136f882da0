"""What a campaign file says about business events: whose they are, how KPIs are worked out, which targets hold."""

from typing import Literal

from msgspec import Struct

ConversionBase = Literal["impressions", "clicks", "sessions", "users", "views"]
EngagementBase = Literal["reach", "impressions", "views", "followers"]
KeywordBase = Literal["sessions", "clicks"]
LeadStage = Literal["mql", "sql", "lead"]
SpendBase = Literal["all", "media"]
OwnReplies = Literal["include", "exclude"]


class Attribution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which business events are a campaign's; an event that meets any of what applies to its kind is.

    ``utm_campaigns``  of sessions and people, whatever the case
    ``landing_pages``  prefixes of the first page's URL of a session, with or without scheme and ``www.``
    ``ad_campaigns``   campaign ids of spend rows
    ``sites``          domains with their subdomains: sessions on them, search rows, ranks and links of them
    ``search_keywords`` queries of search rows (of ``sites``, where both are given) and terms of sessions
    ``person_first_touch`` a person's first attributed event carries its campaigns on to the later ones
    """

    utm_campaigns: tuple[str, ...] = ()
    landing_pages: tuple[str, ...] = ()
    ad_campaigns: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    search_keywords: tuple[str, ...] = ()
    person_first_touch: bool = False


class KpiSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a campaign's KPIs are worked out.

    ``conversion_events``   names beside the usual ones; ``comment``, ``share``, ``click`` and the stages and activities
                            of people are taken from their own topics
    ``conversion_base``     denominator of the conversion rate; ``users`` are counted from when it is set
    ``engagement_base``     denominator of the engagement rate; None: the first of reach, impressions, views and
                            followers that the campaign has
    ``engagement_saves``    whether saves count as engagement
    ``keyword_base``        denominator of the conversion rate per keyword
    ``lead_stage``          the stage that cost per lead divides by
    ``own_replies``         whether the comments of the campaign's own ``accounts`` count among the comments
    ``spend``               what the costs per conversion and lead, and the return, take as spend
    ``rank_provider``       whose site rank is the campaign's; None: each provider's own
    ``referral_exclusions`` hosts that are no referrers; None: the known payment gateways
    ``deflator``            ((Jalali month such as ``1404-01``, price index), …) for real growth
    """

    conversion_events: tuple[str, ...] = ()
    conversion_base: ConversionBase = "impressions"
    engagement_base: EngagementBase | None = None
    engagement_saves: bool = False
    keyword_base: KeywordBase = "sessions"
    lead_stage: LeadStage = "mql"
    spend: SpendBase = "all"
    own_replies: OwnReplies = "include"
    rank_provider: str | None = None
    referral_exclusions: tuple[str, ...] | None = None
    deflator: tuple[tuple[str, float], ...] = ()


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A SMART target of one KPI (or one part of it).

    ``target``  the number to reach by ``deadline`` (epoch ms, exclusive), from ``baseline`` at ``start``
    ``owner``   who answers for it
    ``curve``   how it is expected to get there: ``linear``, or weights of Saturday to Friday
    ``attainable_max`` the most that is held possible; more gets a warning
    ``evaluate_every`` days between reviews
    """

    kpi: str
    target: float
    owner: str
    deadline_ms: int
    part: str | None = None
    start_ms: int | None = None
    baseline: float | None = None
    curve: tuple[float, ...] = ()
    attainable_max: float | None = None
    evaluate_every: int | None = None

    @property
    def subject(self) -> str:
        """``kpi`` or ``kpi.part``."""
        return self.kpi if self.part is None else f"{self.kpi}.{self.part}"
