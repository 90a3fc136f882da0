"""What Alertmanager is told about an incident: labels, annotations, times. The same on every board."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from listener.alerting.message import annotations
from listener.alerting.tokens import LIFE_S, Grant, Signer
from models.campaign import Campaign
from models.incident import Incident

SPIKE: Final = "ListenerIncident"
SILENT: Final = "ListenerSourceSilent"
#: Alertmanager takes an alert for resolved when it is not refreshed for so long: above the time a board needs to take
#: over.
OPEN_S: Final = 900
ANSWERS: Final = ("acknowledge", "false_alarm", "ours", "silence")


class Alert(msgspec.Struct, frozen=True):
    """An alert as it is wanted now. ``closed_at``: when the minute that made it had closed, epoch seconds."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    resolved_at: datetime | None
    page: str
    closed_at: float

    @property
    def fingerprint(self) -> tuple[tuple[str, str], ...]:
        """What Alertmanager tells alerts apart by."""
        return tuple(sorted(self.labels.items()))

    def payload(self, now: datetime) -> dict[str, Any]:
        """For ``POST /api/v2/alerts``."""
        ends = now + timedelta(seconds=OPEN_S) if self.resolved_at is None else min(self.resolved_at, now)
        return {
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": _text(min(self.starts_at, ends)),
            "endsAt": _text(ends),
            **({"generatorURL": self.page} if self.page else {}),
        }


def alert_of(incident: Incident, campaign: Campaign, base: str, signer: Signer | None) -> Alert:
    """The alert of an incident; ``base``: address of the pages, empty for an alert without links."""
    silent = incident.kind == "source_silent"
    labels = {
        "alertname": SILENT if silent else SPIKE,
        "campaign": incident.campaign,
        "team": campaign.team,
        "platform": incident.platform,
        "severity": incident.severity,
        "kind": incident.kind,
    }
    links = _links(incident, base, None if silent else signer)
    return Alert(
        # An empty label is none to Alertmanager: leaving it out keeps the fingerprints equal.
        labels={name: value for name, value in labels.items() if value},
        annotations=annotations(incident, campaign, links),
        starts_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        page=links.get("page", ""),
        closed_at=incident.updated_at.timestamp() + incident.delay_s,
    )


def _links(incident: Incident, base: str, signer: Signer | None) -> Mapping[str, str]:
    if not base:
        return {}
    base = base.rstrip("/")
    links = {"page": f"{base}/?campaign={quote(incident.campaign)}"}
    if signer is not None:
        # From the opening, not from now: every board, and every refresh, gives the same link.
        grant = Grant(incident.campaign, incident.id, int(incident.opened_at.timestamp()) + LIFE_S)
        token = signer.sign(grant)
        links |= {answer: f"{base}/alerts/answer?t={token}&a={answer}" for answer in ANSWERS}
    return links


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
