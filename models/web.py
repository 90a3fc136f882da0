"""Records of ``marketing.web.v1``: one event of a session on a site, named as in GA4, keyed by ``session_id``."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from models.keyed import Keyed
from models.money import Amount, Currency, checked_money
from models.post import Id, Time

WEB_TOPIC: Final = "marketing.web.v1"

#: Event names that are conversions unless a campaign says otherwise.
CONVERSIONS: Final = ("generate_lead", "form_submit", "sign_up", "purchase", "contact")

#: Additive counters of the web cells in wire order. The dimension is ``channel:…``, ``conversion:…`` or ``keyword:…``.
WEB_METRICS: Final = (
    "sessions",
    "engaged_sessions",
    "engaged_ms",
    "views",
    "conversions",
    "converting_sessions",
)

Text = Annotated[str, Meta(max_length=8192)]


class Utm(Struct, frozen=True):
    """How a link was tagged."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


class WebEvent(Keyed, frozen=True):
    """One record of the web topic, in full. ``engaged_time_ms`` is what this event adds, as in GA4."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    event_name: Annotated[str, Meta(min_length=1, max_length=128)]
    event_time: Time
    session_id: Id
    anonymous_id: Id
    source: str | None = None
    page_url: Text | None = None
    page_referrer: Text | None = None
    utm: Utm | None = None
    click_id: str | None = None
    engaged_time_ms: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    conversion_name: str | None = None
    value: Amount | None = None
    currency: Currency | None = None

    def __post_init__(self) -> None:
        checked_money(self.value, self.currency, "value")

    @property
    def entity_key(self) -> str:
        """The session."""
        return self.session_id

    @property
    def moment(self) -> tuple[str, datetime]:
        """Field and value of the event's time."""
        return "event_time", self.event_time


class Touch(NamedTuple):
    """Where a visitor came from, as one event says; None where it does not say."""

    page: str | None
    referrer: str | None
    utm: Utm
    click_id: str | None
