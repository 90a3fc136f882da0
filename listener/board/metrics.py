"""The board's metrics: campaigns from lifetime cells, the pipeline from progress cells."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import Metric

from listener.board.blocks import Counters
from listener.board.board import Board
from listener.metrics import Described, Sample, family
from models.cells import METRIC_INDEX
from models.outcome import OUTCOMES
from models.post import COUNTERS
from models.progress import Progress


@dataclass(frozen=True)
class Snapshot:
    """What one page of metrics is made of; nothing in it changes any more."""

    caught_up: bool
    connected: bool
    unread: int
    cells: Mapping[str, int]
    regressions: int
    campaigns: Mapping[str, Mapping[str, Counters]]
    progress: Mapping[tuple[str, int], Progress]

    @classmethod
    def of(cls, board: Board) -> "Snapshot":
        """The present state: shallow copies, as counters and progress cells are immutable."""
        state = board.state
        return cls(
            caught_up=board.caught_up,
            connected=board.reading is not None and not board.reading.silent,
            unread=sum(board.unread.values()),
            cells={name: len(table) for name, table in state.tables.items()},
            regressions=state.regressions,
            campaigns={name: state.platforms(name) for name in state.campaigns()},
            progress=dict(state.progress),
        )


class BoardCollector(Described):
    """Collects in the thread that renders the page, from a snapshot that ``prepare`` takes on the event loop."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._snapshot = Snapshot.of(board)

    def prepare(self) -> None:
        """Take the snapshot of the next page."""
        self._snapshot = Snapshot.of(self._board)

    def collect(self) -> Iterable[Metric]:
        """All families; what comes from the changelogs only once they are read to the end."""
        snapshot = self._snapshot
        yield family("listener_board_caught_up", [((), int(snapshot.caught_up))])
        yield family("listener_board_connected", [((), int(snapshot.connected))])
        yield family("listener_board_lag_records", [((), snapshot.unread)])
        yield family("listener_board_cells", [((table,), count) for table, count in snapshot.cells.items()])
        yield family("listener_board_stale_records", [((), snapshot.regressions)])
        if snapshot.caught_up:
            yield from _campaigns(snapshot.campaigns)
            yield from _pipeline(snapshot.progress)


def _campaigns(totals: Mapping[str, Mapping[str, Counters]]) -> Iterator[Metric]:
    for metric in ("mentions", *COUNTERS):
        for suffix in ("", "_net"):
            index = METRIC_INDEX[metric + suffix]
            samples: list[Sample] = [
                ((campaign, platform), counters[index])
                for campaign, platforms in totals.items()
                for platform, counters in platforms.items()
            ]
            yield family(f"listener_campaign_{metric}{suffix}", samples)


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
