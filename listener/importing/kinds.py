"""What can be imported: the topic of each kind, its fields, and what stands in for what a sheet lacks."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from models.audience import AudienceRow
from models.backlinks import Backlink
from models.keyed import Keyed
from models.people import PersonEvent
from models.search import SearchRow
from models.site_rank import RankRow
from models.spend import SpendRow
from models.streams import AUDIENCE, BACKLINKS, PEOPLE, SEARCH, SITE_RANK, SPEND, Stream

#: Fields that no sheet has: they are made.
_MADE: Final = frozenset(("event_id", "schema_version", "observed_at", "source"))


@dataclass(frozen=True)
class ImportKind:
    """One kind of sheet. ``money`` are amounts, to which ``--toman`` applies; ``defaults`` are fields of every row."""

    name: str
    stream: Stream
    record: type[Keyed]
    dates: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    defaults: dict[str, Any] = field(default_factory=dict)
    #: Fields that hold a person's own identity, which ``--hash-key`` hashes.
    identity: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that a sheet may have."""
        own = [one.name for one in msgspec.structs.fields(self.record) if one.name not in _MADE]
        return (*own, *(("utm_campaign", "utm_source", "utm_medium") if "utm" in own else ()))

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that it must have."""
        needed = [one.name for one in msgspec.structs.fields(self.record) if one.required]
        return tuple(name for name in needed if name not in _MADE and name not in self.defaults)


_PEOPLE: Final = {
    "times": frozenset(("occurred_at",)),
    "money": frozenset(("value",)),
    "flags": frozenset(("is_new_customer",)),
    "identity": frozenset(("person_id",)),
}
KINDS: Final[dict[str, ImportKind]] = {
    kind.name: kind
    for kind in (
        ImportKind(
            "spend",
            SPEND,
            SpendRow,
            dates=frozenset(("date",)),
            money=frozenset(("cost",)),
            numbers=frozenset(("impressions", "clicks")),
            defaults={"account_id": "import"},
        ),
        ImportKind("orders", PEOPLE, PersonEvent, defaults={"kind": "purchase"}, **_PEOPLE),
        ImportKind("people", PEOPLE, PersonEvent, defaults={"kind": "stage"}, **_PEOPLE),
        ImportKind(
            "search",
            SEARCH,
            SearchRow,
            dates=frozenset(("date",)),
            numbers=frozenset(("clicks", "impressions", "position")),
            flags=frozenset(("final",)),
            defaults={"engine": "google"},
        ),
        ImportKind(
            "site_rank",
            SITE_RANK,
            RankRow,
            dates=frozenset(("date",)),
            numbers=frozenset(("rank", "bucket")),
        ),
        ImportKind(
            "backlinks",
            BACKLINKS,
            Backlink,
            dates=frozenset(("first_seen", "last_seen")),
            flags=frozenset(("lost",)),
            defaults={"provider": "import"},
        ),
        ImportKind(
            "audience",
            AUDIENCE,
            AudienceRow,
            dates=frozenset(("date",)),
            numbers=frozenset(("followers", "reach", "impressions")),
        ),
    )
}
