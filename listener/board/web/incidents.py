"""The incidents of a campaign as its page shows them: what is open, what was, why, and what was answered."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from listener.alerting.alerts import ANSWERS
from listener.alerting.message import (
    BY,
    KINDS,
    SIGNS,
    complete_percent,
    name_fa,
    persian,
    state_of,
    without,
    without_fa,
)
from listener.board.web.language import Language
from models.campaign import Campaign
from models.incident import Incident, Quote
from processors.windows import local_seconds, to_ms

#: Incidents that are over and still shown.
PAST: Final = 12
_PARTS: Final = 5


class Alerts(Protocol):
    """What the page asks the alerting: the part of ``AlertingService`` that it needs."""

    def of(self, campaign: str) -> list[Incident]:
        """The incidents of a campaign, the newest first."""

    def answers(self, incident: str) -> Collection[str]:
        """What was answered to an incident, in order."""


@dataclass(frozen=True)
class Shown:
    """An incident in one language.

    ``first_local``, ``end_local``: as the chart of hours and days has them, seconds on the campaign's clock;
    ``splits``: (heading, [(name, percent)]); ``choices``: answers that were not given yet.
    """

    incident: Incident
    kind: str
    state: str
    first: int
    end: int
    first_local: int
    end_local: int
    splits: list[tuple[str, list[tuple[str, int]]]]
    without: list[str]
    signs: list[str]
    occasions: list[str]
    examples: tuple[Quote, ...]
    complete: str
    answers: Collection[str]
    choices: tuple[str, ...]

    @property
    def over(self) -> bool:
        """Whether it was resolved."""
        return self.incident.resolved_at is not None


def shown(incident: Incident, campaign: Campaign, language: Language, answers: Collection[str]) -> Shown:
    """An incident as the page tells it; every number comes from the incident."""
    fa = language.code == "fa"
    at = int(fa)
    first, end = (to_ms(one) // 1000 for one in (incident.started_at, incident.resolved_at or incident.updated_at))
    found = incident.explanation
    named = name_fa if fa else str
    return Shown(
        incident=incident,
        kind=KINDS[incident.kind][at],
        state=state_of(incident)[at],
        first=first,
        end=end,
        first_local=local_seconds(first * 1000, campaign.timezone),
        end_local=local_seconds(end * 1000, campaign.timezone),
        splits=[
            (BY[split.by][at], [(named(part.name), part.percent) for part in split.parts[:_PARTS]])
            for split in (found.splits if found else ())
        ],
        without=[(without_fa if fa else without)(one) for one in (found.without if found else ())],
        signs=[
            persian(SIGNS[one.sign][1].format(one.percent)) if fa else SIGNS[one.sign][0].format(one.percent)
            for one in (found.suspicions if found else ())
        ],
        occasions=[named(one) for one in incident.occasions],
        examples=found.examples if found else (),
        complete=persian(complete_percent(incident)) if fa else complete_percent(incident),
        answers=answers,
        choices=tuple(one for one in ANSWERS if one not in answers),
    )


def shown_of(
    alerts: Alerts, campaign: Campaign, language: Language, past: int = PAST
) -> tuple[list[Shown], list[Shown]]:
    """(open, over), each the newest first; of those that are over, the last ``past``."""
    found = [
        shown(one, campaign, language, list(dict.fromkeys([*one.answers, *alerts.answers(one.id)])))
        for one in alerts.of(campaign.id)
    ]
    return [one for one in found if not one.over], [one for one in found if one.over][:past]
