"""The alerting as a part of the board."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client.core import Metric

from listener.alerting.delivery import BUCKETS
from listener.alerting.http import AlertRoutes, Say, add_alert_routes
from listener.alerting.service import AlertingService
from listener.alerting.sources import MentionSource
from listener.board.board import Board
from listener.board.parts import BoardPart
from listener.board.settings import BoardSettings
from listener.metrics import Sample, family, histogram
from models.campaign import Campaign


@dataclass(frozen=True)
class _Snapshot:
    """What one page of metrics is made of."""

    open: list[Sample]
    opened: list[Sample]
    answers: list[Sample]
    targets: list[tuple[str, int, int, float | None]]
    counts: list[int]
    total: float
    queue: int
    caught_up: bool
    leading: bool


class AlertingPart(BoardPart):
    """``leading``: whether this board is the one that writes and tells; ``say`` makes feedback durable."""

    def __init__(
        self,
        board: Board,
        settings: BoardSettings,
        *,
        mentions: MentionSource | None,
        say: Say,
        leading: Callable[[], bool],
    ) -> None:
        self._board, self._leading = board, leading
        self.service = AlertingService(
            settings.kafka,
            settings.namespace,
            settings.alerting,
            self._campaigns,
            mentions=mentions,
            leading=leading,
        )
        incidents = self.service.incidents
        self._routes = AlertRoutes(
            settings.alerting.signer, say, incidents.get, self.service.of, board.known.get, time.time
        )
        self._snapshot = self._take_snapshot()

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        add_alert_routes(app, self._routes)

    async def run(self) -> None:
        """Watch once the campaigns are known."""
        await self._board.wait_until_caught_up()
        await self.service.run()

    def missing(self) -> Mapping[str, object]:
        """Nothing: a board that still reads old minutes can serve."""
        return {}

    def prepare(self) -> None:
        """The snapshot of the metrics."""
        self._snapshot = self._take_snapshot()

    def collect(self) -> Iterable[Metric]:
        """The metrics of incidents and delivery."""
        now = self._snapshot
        yield family("listener_incident_open", now.open)
        yield family("listener_incidents", now.opened)
        yield family("listener_incident_answers", now.answers)
        yield family("listener_alerting_caught_up", [((), int(now.caught_up))])
        yield family("listener_alerting_leading", [((), int(now.leading))])
        yield family("listener_alert_queue", [((), now.queue)])
        yield family("listener_alert_deliveries", [((url,), taken) for url, taken, _, _ in now.targets])
        yield family("listener_alert_delivery_failures", [((url,), failed) for url, _, failed, _ in now.targets])
        last: list[Sample] = [((url,), at) for url, _, _, at in now.targets if at is not None]
        yield family("listener_alert_last_success_timestamp_seconds", last)
        yield histogram("listener_alert_latency_seconds", BUCKETS, now.counts, now.total)

    def _campaigns(self) -> Mapping[str, Campaign]:
        return {campaign.id: campaign for campaign in self._board.campaigns.campaigns}

    def _take_snapshot(self) -> _Snapshot:
        service, delivery = self.service, self.service.delivery
        return _Snapshot(
            open=[
                ((one.campaign, self._team(one.campaign), one.kind, one.severity), 1)
                for one in service.open
                if not one.quiet
            ],
            opened=list(service.outcomes.opened.items()),
            answers=list(service.outcomes.answers.items()),
            targets=[(one.url, one.accepted, one.failed, one.last_success) for one in delivery.targets],
            counts=list(delivery.latency.counts),
            total=delivery.latency.total,
            queue=delivery.queue,
            caught_up=service.caught_up,
            leading=self._leading(),
        )

    def _team(self, campaign: str) -> str:
        found = self._board.known.get(campaign)
        return "" if found is None else found.team
