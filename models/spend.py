"""Records of ``marketing.spend.v1``: what an ad campaign cost on a day. An upsert: a restatement replaces."""

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta

from models.keyed import Keyed
from models.money import Amount, Currency, checked_money
from models.post import Count, Id, Time

SPEND_TOPIC: Final = "marketing.spend.v1"

Category = Literal["media", "salary", "tool", "agency"]

#: Additive counters of the spend cells in wire order; ``cost`` in minor units. The dimension is ``category:CUR``.
SPEND_METRICS: Final = ("cost", "impressions", "clicks")


class SpendRow(Keyed, frozen=True):
    """One record of the spend topic, in full; without ``category`` the cost is media."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    platform: Id
    account_id: Id
    campaign_id: Id
    date: date
    cost: Amount
    currency: Currency
    source: str | None = None
    impressions: Count = None
    clicks: Count = None
    category: Category | None = None

    def __post_init__(self) -> None:
        checked_money(self.cost, self.currency, "cost")

    @property
    def entity_key(self) -> str:
        """What a later record replaces."""
        return f"{self.platform}|{self.account_id}|{self.campaign_id}|{self.date.isoformat()}"
