"""Records of ``marketing.people.v1``: stages, activities and orders of people, keyed by an already hashed person id."""

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta

from models.keyed import Keyed
from models.money import Amount, Currency, checked_money
from models.post import Id, Time
from models.web import Utm

PEOPLE_TOPIC: Final = "marketing.people.v1"

Kind = Literal["stage", "activity", "purchase", "refund", "renewal"]
Stage = Literal["lead", "mql", "sql", "opportunity", "customer"]
Activity = Literal["demo_booked", "demo_held", "meeting", "disqualified"]

STAGES: Final[tuple[Stage, ...]] = ("lead", "mql", "sql", "opportunity", "customer")
ACTIVITIES: Final[tuple[Activity, ...]] = ("demo_booked", "demo_held", "meeting", "disqualified")

#: Additive counters of the people cells in wire order. The dimension is ``all``; of money it is ``currency:XXX``.
#: ``revenue`` and ``refunded`` are in minor units.
PEOPLE_METRICS: Final = (*STAGES, *ACTIVITIES, "new_customers", "orders", "revenue", "refunded")

#: What a name or address of a person looks like; a hash never does.
_PLAIN: Final = re.compile(r".*@.*|\+?[0-9][0-9 ()-]{8,14}[0-9]")


class PersonEvent(Keyed, frozen=True):
    """One record of the people topic, in full."""

    event_id: Id
    schema_version: Annotated[int, Meta(ge=1)]
    observed_at: Time
    person_id: Id
    kind: Kind
    occurred_at: Time
    source: str | None = None
    stage: Stage | None = None
    activity: Activity | None = None
    order_id: Id | None = None
    value: Amount | None = None
    currency: Currency | None = None
    is_new_customer: bool | None = None
    utm: Utm | None = None

    def __post_init__(self) -> None:
        if _PLAIN.fullmatch(self.person_id):
            raise ValueError("`person_id` looks like an e-mail address or phone number; hash it before it is sent")
        if self.kind in ("stage", "activity") and getattr(self, self.kind) is None:
            raise ValueError(f"`{self.kind}` is required for kind {self.kind!r}")
        if self.kind in ("purchase", "refund", "renewal") and self.order_id is None:
            raise ValueError(f"`order_id` is required for kind {self.kind!r}")
        if self.value is not None and self.value.startswith("-"):
            raise ValueError("`value` is negative; money that goes back is a record of kind 'refund'")
        checked_money(self.value, self.currency, "value")

    @property
    def entity_key(self) -> str:
        """The person."""
        return self.person_id

    @property
    def moment(self) -> tuple[str, datetime]:
        """Field and value of the event's time."""
        return "occurred_at", self.occurred_at
