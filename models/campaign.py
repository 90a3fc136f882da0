"""Campaigns: what is watched for, as immutable, versioned data."""

import hashlib
from functools import cached_property
from typing import Annotated, Final, Literal, Self

import msgspec

from models.attribution import Attribution, KpiSettings, Target

#: What a campaign id looks like; it is a Prometheus label, a table key and part of a URL.
CAMPAIGN_ID: Final = r"^[a-z0-9][a-z0-9_-]{0,63}$"

DEFAULT_TIMEZONE: Final = "Asia/Tehran"

CampaignId = Annotated[str, msgspec.Meta(pattern=CAMPAIGN_ID)]


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something of our own that will make people talk: while it lasts, alerts are kept but bother nobody.

    Epoch milliseconds, the end exclusive.
    """

    name: str
    start_ms: int
    end_ms: int


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How easily a campaign alerts.

    ``false_per_week``: the budget, false alerts a week over all that is watched; an alert also needs ``least_mentions``
    above the usual and, where authors are known, ``least_authors`` of them.
    """

    false_per_week: float = 1.0
    least_mentions: int = 5
    least_authors: int = 3


class Campaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One campaign: any keyword, account or true ``query``, with every ``all_of`` and no ``none_of`` word.

    Keywords are kept as written; the matcher folds them. Without ``keywords``, ``accounts`` and ``query`` the
    ``all_of`` words alone decide. ``except_`` (``except`` in files) lists whole words in which a keyword does not
    count. Defaults are not written, so a field that is new leaves the versions of older sets as they are.
    """

    id: CampaignId
    name: str = ""
    team: str = ""
    group: str = ""
    keywords: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")
    #: Boolean search (docs/reference/query-language.md); empty: none.
    query: str = ""
    #: Packs of phrases that were added to ``none_of`` when the file was read, with their versions: ``job-ads@1``.
    exclude_packs: tuple[str, ...] = ()
    #: Handles or native author ids, with or without ``@``.
    accounts: tuple[str, ...] = ()
    #: Empty means every platform.
    platforms: tuple[str, ...] = ()
    reposts: Literal["mention", "ignore"] = "mention"
    #: IANA zone of the campaign's hours and days; it never changes over the life of a campaign.
    timezone: str = DEFAULT_TIMEZONE
    #: First creation time that counts, epoch milliseconds, inclusive; None: from the beginning.
    start_ms: int | None = None
    #: Epoch milliseconds, exclusive; None: without end.
    end_ms: int | None = None
    #: Which business events are this campaign's.
    attribution: Attribution = Attribution()
    #: How its KPIs are worked out.
    kpis: KpiSettings = KpiSettings()
    targets: tuple[Target, ...] = ()
    #: How easily it alerts, and what we do ourselves.
    alerts: Alerts = Alerts()
    planned: tuple[Planned, ...] = ()


class CampaignSet(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """All campaigns of one immutable version, sorted by id. Raises ValueError when an id is there twice."""

    campaigns: tuple[Campaign, ...] = ()
    #: What judges the mentions beside the campaigns (models, rules) → its version.
    models: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Sort, so that equal content has one version whatever the order of the files."""
        ordered = tuple(sorted(self.campaigns, key=lambda campaign: campaign.id))
        ids = [campaign.id for campaign in ordered]
        if len(set(ids)) < len(ids):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            raise ValueError(f"campaign ids are there more than once: {', '.join(twice)}")
        msgspec.structs.force_setattr(self, "campaigns", ordered)

    @cached_property
    def version(self) -> str:
        """The content's identity: the first 16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json()).hexdigest()[:16]

    def to_json(self) -> bytes:
        """Canonical JSON: equal sets give equal bytes."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The set that ``to_json`` wrote; raises ``msgspec.ValidationError`` for anything else."""
        return msgspec.json.decode(data, type=cls)
