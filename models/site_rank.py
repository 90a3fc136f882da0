"""Records of ``marketing.site_rank.v1``: a domain's rank at a provider on a day. An upsert."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta

from models.keyed import Keyed
from models.post import Time

RANK_TOPIC: Final = "marketing.site_rank.v1"

#: Counters of the rank cells in wire order: within a day and dimension (``provider:domain``) there is one row, so its
#: rank is the sum. Series of providers are never put together.
RANK_METRICS: Final = ("rank", "rows")


class RankRow(Keyed, frozen=True):
    """One record of the rank topic, in full. ``bucket``: the rank is at most so much, where no exact one is told."""

    event_id: Annotated[str, Meta(min_length=1, max_length=512)]
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    provider: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$")]
    domain: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"""^[^\s"\\|]+$""")]
    date: date
    source: str | None = None
    rank: Annotated[int, Meta(ge=1, le=10**10)] | None = None
    bucket: Annotated[int, Meta(ge=1, le=10**10)] | None = None

    @property
    def entity_key(self) -> str:
        """What a later record replaces."""
        return f"{self.provider}|{self.domain}|{self.date.isoformat()}"
