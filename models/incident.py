"""Records of ``listener.incidents.v1``: incidents and detector snapshots, written by the leading board.

One partition, compacted, two keys per campaign: ``campaign|<incident id>`` and ``campaign|detector``. A reader takes
the last record of a key.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

INCIDENTS_TOPIC: Final = "listener.incidents.v1"

Severity = Literal["info", "warning", "critical"]
IncidentKind = Literal["spike", "negative", "engagement", "drift", "source_silent"]
Direction = Literal["rising", "steady", "falling"]

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")


class Signal(Struct, frozen=True):
    """One series that fired. ``series``: a measure, or ``measure:platform``; ``span``: the rule that saw it.

    ``observed`` and ``expected`` are amounts of the hour (of the six hours, the day) up to the signal.
    """

    series: str
    span: str
    score: float
    observed: int
    expected: float


class Share(Struct, frozen=True, omit_defaults=True):
    """A part of the excess: ``percent`` are whole and sum to 100 over a split; ``observed`` against ``expected``.

    ``url`` is where one can look at it, where there is such a place.
    """

    name: str
    percent: int
    observed: int = 0
    expected: float = 0.0
    url: str | None = None


class Split(Struct, frozen=True):
    """The excess by one dimension, largest first; what is too small to name is the last part, ``other``."""

    by: str
    parts: tuple[Share, ...]


class Without(Struct, frozen=True):
    """A counterfactual, found by running the rule again on counts without something.

    ``fires``: whether it still did.
    """

    what: str
    name: str
    mentions: int
    fires: bool


class Quote(Struct, frozen=True, omit_defaults=True):
    """A mention as an example."""

    entity: str
    platform: str
    at: datetime
    text: str
    author: str | None = None
    publisher: str | None = None
    url: str | None = None
    engagement: int = 0


class Suspicion(Struct, frozen=True):
    """One sign of coordination.

    It is shown and takes nothing away. ``sign``: few_accounts, same_text, unknown_accounts.
    """

    sign: str
    percent: int


class Explanation(Struct, frozen=True, omit_defaults=True):
    """What made up the excess.

    ``sampled``: mentions that were looked at; None where the mentions could not be asked.
    """

    splits: tuple[Split, ...] = ()
    without: tuple[Without, ...] = ()
    first: Quote | None = None
    earliest: tuple[Quote, ...] = ()
    examples: tuple[Quote, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    sampled: int | None = None


class Incident(Struct, frozen=True, tag="incident", omit_defaults=True):
    """Something that happened to a campaign, from opening to resolution.

    ``started_at`` the minute from which the counts were above the usual; ``opened_at`` and ``updated_at`` ends of
    minutes.
    ``observed`` and ``expected``: mentions since ``started_at``. ``platform``: the one with most of the excess, or
    ``all``.
    ``quiet`` says why nobody is notified (``ours``, ``silence``, ``planned``), empty when somebody is.
    ``false_per_week``: how often this rule was wrong in the back-test, alerts per week (docs/detection.md).
    """

    campaign: str
    id: str
    kind: IncidentKind
    severity: Severity
    started_at: datetime
    opened_at: datetime
    updated_at: datetime
    observed: int
    expected: float
    direction: Direction
    platform: str = "all"
    authors: int = 0
    stories: int = 0
    negative: int = 0
    engagement: int = 0
    signals: tuple[Signal, ...] = ()
    occasions: tuple[str, ...] = ()
    planned: str = ""
    quiet: str = ""
    answers: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    completeness: float = 1.0
    delay_s: float = 0.0
    rule: str = ""
    false_per_week: float = 0.0
    explanation: Explanation | None = None
    schema_version: int = 1

    @property
    def key(self) -> bytes:
        """Its key on the topic."""
        return f"{self.campaign}|{self.id}".encode()

    @property
    def factor(self) -> float | None:
        """How many times the expected was observed; None where nothing was expected."""
        return self.observed / self.expected if self.expected > 0 else None


class Snapshot(Struct, frozen=True, tag="detector"):
    """All that the watch over a campaign remembers, as packed by ``processors.incidents``.

    ``through``: the last minute in it; ``position``: the offset on ``listener.series.v1`` behind that minute.
    """

    campaign: str
    through: int
    position: int
    state: bytes
    rule: str
    schema_version: int = 1

    @property
    def key(self) -> bytes:
        """Its key on the topic."""
        return f"{self.campaign}|detector".encode()


IncidentRecord = Incident | Snapshot

_decode: Callable[[bytes], IncidentRecord] = msgspec.json.Decoder(IncidentRecord).decode


def pack_incident(record: IncidentRecord) -> bytes:
    """The value on the wire: JSON with a ``type``."""
    return msgspec.json.encode(record)


def unpack_incident(value: bytes) -> IncidentRecord:
    """The inverse of ``pack_incident``; ``msgspec.ValidationError`` for anything else."""
    return _decode(value)
