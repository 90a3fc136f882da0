"""The KPIs as a part of the board: routes and metrics over the cells that it has read."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from prometheus_client.core import Metric

from listener.board.board import Board
from listener.board.measured import Measure
from listener.board.parts import BoardPart
from listener.kpis.history import TargetHistory
from listener.kpis.http import add_kpi_routes
from listener.kpis.metrics import KpiSamples
from models.campaign import Campaign
from models.feedback import TargetSet
from models.streams import STREAMS
from processors.kpis.cells import CellFigures, CountOf, Windows
from processors.kpis.periods import Span
from processors.windows import DAY_MS, to_ms

#: Records this far behind the wall clock are a replay, which is evaluated at its own time.
REPLAY_MS: Final = DAY_MS
#: Between two evaluations for the metrics: at least so many seconds, and so many times what one takes.
_REST_S: Final = 5.0
_SHARE: Final = 20
_STREAM = {stream.name: stream for stream in STREAMS}


def wall_clock() -> int:
    """Now, epoch milliseconds."""
    return to_ms(datetime.now(UTC))


class KpiPart(BoardPart):
    """Answers from the board's own cells. ``stories``, ``authors``, ``reach``: who counts what is in no cell."""

    def __init__(
        self,
        board: Board,
        stories: CountOf | None = None,
        authors: CountOf | None = None,
        clock: Callable[[], int] = wall_clock,
        ticks: Callable[[], float] = time.monotonic,
        history: TargetHistory | None = None,
        reach: CountOf | None = None,
    ) -> None:
        self._board = board
        self._stories, self._authors, self._reach = stories, authors, reach
        self._clock = clock
        self.history = TargetHistory() if history is None else history
        self._samples = KpiSamples()
        self._ticks = ticks
        self._due: float | None = None

    @property
    def campaigns(self) -> Mapping[str, Campaign]:
        """The campaigns that are configured now."""
        return {campaign.id: campaign for campaign in self._board.campaigns.campaigns}

    @property
    def ready(self) -> bool:
        """Whether the counts are whole."""
        return self._board.caught_up

    def figures(self) -> CellFigures:
        """The sums as they are now."""
        zones = {name: campaign.timezone for name, campaign in self.campaigns.items()}
        return CellFigures(self._windows, zones, self._stories, self._authors, self._reach)

    def now(self) -> int:
        """The wall clock; in a replay the newest record's time."""
        newest = max((cell.record_time or 0 for cell in self._board.state.progress.values()), default=0)
        wall = self._clock()
        return newest if newest and wall - newest > REPLAY_MS else wall

    def measured(self, campaign: str, span: Span) -> Measure | None:
        """How complete the closed minutes of a span were."""
        first, end = (None if moment is None else moment // 1000 for moment in span)
        return self._board.closed.measured.over(campaign, first, end)

    @property
    def target_changes(self) -> list[TargetSet]:
        """Every change of every target that was recorded, oldest first."""
        return self.history.changes

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        add_kpi_routes(app, self)

    def prepare(self) -> None:
        """Evaluate what the next page of metrics shows, unless that was done a moment ago.

        It takes about 5 ms of the event loop per campaign, so the pause grows with it: at most a twentieth of the time.
        """
        began = self._ticks()
        if self.ready and self._due is not None and began < self._due:
            return
        self._samples = (
            KpiSamples.of(self.figures(), self.campaigns.values(), self.now()) if self.ready else KpiSamples()
        )
        ended = self._ticks()
        self._due = ended + max(_REST_S, _SHARE * (ended - began)) if self.ready else None

    def collect(self) -> Iterable[Metric]:
        """The gauges; none before the counts are whole."""
        return self._samples.families() if self.ready else ()

    def _windows(self, stream: str, table: str, campaign: str, first: int | None, end: int | None) -> Windows:
        return self._board.state.tables[_STREAM[stream].table(table)].windows(campaign, first, end)
