"""Records of ``marketing.audience.v1``: how large an own account's audience was on a day. An upsert."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta

from models.keyed import Keyed
from models.post import Count, Id, Platform, Time

AUDIENCE_TOPIC: Final = "marketing.audience.v1"

#: Additive counters of the audience cells in wire order; ``followers`` is a level (net). The dimension: the platform.
AUDIENCE_METRICS: Final = ("followers", "reach", "impressions")


class AudienceRow(Keyed, frozen=True):
    """One record of the audience topic, in full."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    account_id: Id
    platform: Platform
    date: date
    source: str | None = None
    followers: Count = None
    reach: Count = None
    impressions: Count = None

    @property
    def entity_key(self) -> str:
        """All days of one account are one entity, so that the level of followers can be followed."""
        return f"{self.platform}|{self.account_id}"
