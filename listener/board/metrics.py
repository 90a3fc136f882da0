"""The board's metrics: campaigns from lifetime cells, the pipeline from progress cells."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import Metric

from listener.metrics import Described, Sample, family
from models.cells import METRIC_INDEX
from models.outcome import OUTCOMES
from models.post import COUNTERS
from models.progress import Progress

if TYPE_CHECKING:
    from listener.board.service import Board


class BoardCollector(Described):
    """Collects in the thread that renders the page, from copies of what the reading task writes."""

    def __init__(self, board: "Board") -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        """All families; those of campaigns only once the board has caught up."""
        board = self._board
        state = board.state
        yield family("listener_board_caught_up", [((), int(board.caught_up))])
        yield family("listener_board_lag_records", [((), board.lag)])
        yield family("listener_board_cells", [((table,), len(cells)) for table, cells in state.cells.items()])
        yield family("listener_board_stale_records", [((), state.stale)])
        if board.caught_up:
            yield from _campaigns({name: dict(platforms) for name, platforms in list(state.platforms.items())})
            yield from _pipeline(dict(state.progress))


def _campaigns(totals: dict[str, dict[str, list[int]]]) -> Iterator[Metric]:
    for metric in ("mentions", *COUNTERS):
        for suffix in ("", "_net"):
            index = METRIC_INDEX[metric + suffix]
            samples: list[Sample] = [
                ((campaign, platform), counters[index])
                for campaign, platforms in totals.items()
                for platform, counters in platforms.items()
            ]
            yield family(f"listener_campaign_{metric}{suffix}", samples)


def _pipeline(progress: dict[tuple[str, int], Progress]) -> Iterator[Metric]:
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
