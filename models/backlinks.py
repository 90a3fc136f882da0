"""Records of ``marketing.backlinks.v1``: a link from elsewhere to a site. An upsert per target and source URL."""

from datetime import date, datetime
from typing import Annotated, Final

from msgspec import Meta

from models.keyed import Keyed
from models.post import Id, Time

BACKLINKS_TOPIC: Final = "marketing.backlinks.v1"

#: Additive counters of the link cells in wire order. ``links`` and ``domains`` are levels (net), the others gross.
BACKLINK_METRICS: Final = ("links", "domains", "new", "lost")

#: A date, or an RFC 3339 time.
Moment = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$")]
Url = Annotated[str, Meta(min_length=1, max_length=8192)]
Domain = Annotated[str, Meta(min_length=1, max_length=253)]


class Backlink(Keyed, frozen=True):
    """One record of the backlinks topic, in full. ``lost``: whether (or since which day) the link is gone."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    target_domain: Domain
    source_url: Url
    source_domain: Domain
    provider: Id
    source: str | None = None
    first_seen: Moment | None = None
    last_seen: Moment | None = None
    lost: bool | Moment | None = None
    rel: str | None = None

    def __post_init__(self) -> None:
        for name in ("first_seen", "last_seen", "lost"):
            text = getattr(self, name)
            if isinstance(text, str):
                _checked(text, name)

    @property
    def entity_key(self) -> str:
        """All links of one domain are one entity, so that referring domains can be counted."""
        return f"{self.target_domain}|{self.source_domain}"


def day_or_time(text: str) -> date | datetime:
    """A ``Moment``, read."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _checked(text: str, name: str) -> None:
    try:
        moment = day_or_time(text)
    except ValueError:
        raise ValueError(f"`{name}`: there is no day {text}") from None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError(f"`{name}`: {text} has no UTC offset")
