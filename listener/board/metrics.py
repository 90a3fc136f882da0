"""The board's metrics: campaigns from lifetime cells and closed minutes, the pipeline from progress cells."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from listener.board.blocks import Counters
from listener.board.board import Board
from listener.board.closed import Amounts
from listener.metrics import CLOSED_WINDOWS, GROSS, Described, Sample, family
from models.cells import METRIC_INDEX, METRICS
from models.outcome import OUTCOMES
from models.progress import Progress
from models.series import ClosedMinute

#: Series of a campaign that are not of a platform.
_PER_CAMPAIGN = 3
#: Series of one counter of a campaign on a platform: the lifetime value and the windows of closed minutes.
_PER_GROSS = 1 + len(CLOSED_WINDOWS)


@dataclass(frozen=True)
class CampaignNow:
    """One campaign on a page: lifetime counters by platform, sums of closed minutes by window, the last of them."""

    platforms: Mapping[str, Counters]
    last: ClosedMinute | None = None
    closed: Mapping[str, Amounts] = field(default_factory=dict)

    @property
    def series(self) -> int:
        """How many series it has on the page."""
        pairs = [pair for counters in self.platforms.values() for pair in zip(METRICS, counters, strict=True)]
        used = [name for name, value in pairs if value]
        return _PER_CAMPAIGN + sum(1 if name.endswith("_net") else _PER_GROSS for name in used)


def choose(campaigns: Mapping[str, CampaignNow], most: int) -> dict[str, CampaignNow]:
    """The most active campaigns that have at most ``most`` series together: by their last day, then by their life."""

    def activity(name: str) -> tuple[int, int, str]:
        one = campaigns[name]
        mentions = [METRIC_INDEX["mentions"], METRIC_INDEX["press_mentions"]]
        life = sum(counters[index] for counters in one.platforms.values() for index in mentions)
        day = one.closed.get("24h", {})
        return -sum(day.get((platform, METRICS[i]), 0) for platform in one.platforms for i in mentions), -life, name

    chosen: dict[str, CampaignNow] = {}
    for name in sorted(campaigns, key=activity):
        most -= campaigns[name].series
        if most < 0:
            break
        chosen[name] = campaigns[name]
    return chosen


@dataclass(frozen=True)
class Snapshot:
    """What one page of metrics is made of; nothing in it changes any more."""

    caught_up: bool
    connected: bool
    unread: int
    cells: Mapping[str, int]
    regressions: int
    campaigns: Mapping[str, CampaignNow]
    dropped: int
    progress: Mapping[tuple[str, int], Progress]

    @classmethod
    def of(cls, board: Board, max_series: int) -> "Snapshot":
        """The present state: shallow copies, as counters and progress cells are immutable."""
        state = board.state
        configured = {campaign.id for campaign in board.campaigns.campaigns}
        everyone = {name: _campaign(board, name) for name in state.campaigns() | configured} if board.caught_up else {}
        campaigns = choose(everyone, max_series)
        return cls(
            caught_up=board.caught_up,
            connected=board.reading is not None and not board.reading.silent,
            unread=sum(board.unread.values()),
            cells={name: len(table) for name, table in state.tables.items()},
            regressions=state.regressions,
            campaigns=campaigns,
            dropped=len(everyone) - len(campaigns),
            progress=dict(state.progress),
        )


def _campaign(board: Board, name: str) -> CampaignNow:
    last = board.closed.latest(name)
    closed = (
        {label: dict(board.closed.sums(name, seconds)) for label, seconds in CLOSED_WINDOWS.items()} if last else {}
    )
    return CampaignNow(board.state.platforms(name), last, closed)


class BoardCollector(Described):
    """Collects in the thread that renders the page, from a snapshot that ``prepare`` takes on the event loop."""

    def __init__(self, board: Board, max_series: int = 50_000) -> None:
        self._board = board
        self._max_series = max_series
        self._snapshot = Snapshot.of(board, max_series)

    def prepare(self) -> None:
        """Take the snapshot of the next page."""
        self._snapshot = Snapshot.of(self._board, self._max_series)

    def collect(self) -> Iterable[Metric]:
        """All families; what comes from the changelogs only once they are read to the end."""
        snapshot = self._snapshot
        yield family("listener_board_caught_up", [((), int(snapshot.caught_up))])
        yield family("listener_board_connected", [((), int(snapshot.connected))])
        yield family("listener_board_lag_records", [((), snapshot.unread)])
        yield family("listener_board_cells", [((table,), count) for table, count in snapshot.cells.items()])
        yield family("listener_board_stale_records", [((), snapshot.regressions)])
        if snapshot.caught_up:
            yield family("listener_board_series_dropped_campaigns", [((), snapshot.dropped)])
            yield from _campaigns(snapshot.campaigns)
            yield from _closed(snapshot.campaigns)
            yield from _pipeline(snapshot.progress)


def _campaigns(campaigns: Mapping[str, CampaignNow]) -> Iterator[Metric]:
    """Lifetime counters; a series begins with the first thing that is counted."""
    for index, metric in enumerate(METRICS):
        samples: list[Sample] = [
            ((campaign, platform), counters[index])
            for campaign, one in campaigns.items()
            for platform, counters in one.platforms.items()
            if counters[index]
        ]
        yield family(f"listener_campaign_{metric}", samples)


def _closed(campaigns: Mapping[str, CampaignNow]) -> Iterator[Metric]:
    """Closed minutes; from the first thing that is counted on, a window without any is 0: silence is a measurement."""
    for metric in GROSS:
        index = METRIC_INDEX[metric]
        samples: list[Sample] = [
            ((campaign, platform, label), amounts.get((platform, metric), 0))
            for campaign, one in campaigns.items()
            for platform, counters in one.platforms.items()
            if counters[index]
            for label, amounts in one.closed.items()
        ]
        yield family(f"listener_campaign_closed_{metric}", samples)
    lasts = [((campaign,), one.last) for campaign, one in campaigns.items() if one.last is not None]
    yield family("listener_campaign_closed_timestamp_seconds", [(labels, last.minute + 60) for labels, last in lasts])
    yield family("listener_campaign_completeness", [(labels, last.completeness) for labels, last in lasts])
    yield family("listener_campaign_closing_delay_seconds", [(labels, last.delay_s) for labels, last in lasts])


def _pipeline(progress: Mapping[tuple[str, int], Progress]) -> Iterator[Metric]:
    rows = [((topic, str(partition)), cell) for (topic, partition), cell in progress.items()]
    yield family(
        "listener_records",
        [((*where, name), count) for where, cell in rows for name, count in zip(OUTCOMES, cell.outcomes, strict=True)],
    )
    yield family(
        "listener_records_invalid",
        [((*where, reason), count) for where, cell in rows for reason, count in cell.reasons.items()],
    )
    yield family(
        "listener_record_time_timestamp_seconds",
        [(where, cell.record_time / 1000) for where, cell in rows if cell.record_time is not None],
    )
    yield family(
        "listener_progress_written_timestamp_seconds", [(where, cell.written_at / 1000) for where, cell in rows]
    )
