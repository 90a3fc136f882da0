"""Records of ``marketing.search.v1``: how a site stood for a query on a day, as in Search Console. An upsert."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta

from models.keyed import Keyed
from models.post import Count, Id, Time

SEARCH_TOPIC: Final = "marketing.search.v1"

#: A position's unit in the cells: millionths, so that average positions stay integers.
MICRO: Final = 1_000_000

#: Additive counters of the search cells in wire order. The dimension is ``keyword:…``. ``impressions`` are all,
#: ``ranked`` those with a position; ``position`` is the sum of position times impressions, in millionths.
SEARCH_METRICS: Final = ("impressions", "clicks", "ranked", "position", "top3", "top10", "rows", "unranked_rows")


class SearchRow(Keyed, frozen=True):
    """One record of the search topic, in full.

    ``position`` null or 0: not among the results that were looked at, which is a state and no number. ``impressions``
    null (a rank tracker counts none): the row weighs 1.
    """

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    site: Id
    date: date
    engine: Id
    source: str | None = None
    query: str | None = None
    country: str | None = None
    device: str | None = None
    clicks: Count = None
    impressions: Count = None
    position: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    final: bool | None = None

    @property
    def entity_key(self) -> str:
        """What a later record replaces."""
        parts = (self.site, self.date.isoformat(), self.query or "", self.country or "", self.device or "")
        return "|".join((*parts, self.engine))
