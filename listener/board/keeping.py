"""Keeps snapshots of a board: now and then, and when it stops."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client.core import Metric

from listener.board.board import Board
from listener.board.closing import wall_clock_ms
from listener.board.parts import BoardPart
from listener.board.snapshot import Snapshot
from listener.board.topics import Cluster
from listener.metrics import family

_log = logging.getLogger("listener.board.keeping")


class SnapshotPart(BoardPart):
    """Writes a snapshot into ``directory`` every so many seconds; without one it does nothing.

    ``cluster`` is set before ``run``.
    """

    def __init__(
        self, board: Board, directory: Path | None, every_s: float, clock: Callable[[], int] = wall_clock_ms
    ) -> None:
        self.cluster: Cluster | None = None
        self._board = board
        self._directory = directory
        self._every_s = every_s
        self._clock = clock
        self._last: tuple[int, int, float] | None = None

    async def run(self) -> None:
        """Write now and then; a disk that is full costs a snapshot, not the board."""
        await self._board.wait_until_caught_up()
        while True:
            await asyncio.sleep(self._every_s)
            await self.write()

    async def write(self) -> None:
        """Write one now, if the board has caught up."""
        if self._directory is None or self.cluster is None or not self._board.caught_up:
            return
        began, now = time.monotonic(), self._clock()
        snapshot = Snapshot(self._board, self.cluster, now)
        try:
            size = await asyncio.to_thread(snapshot.write, self._directory)
        except OSError as error:
            _log.warning("no snapshot in %s (%s): a restart would read everything anew", self._directory, error)
            return
        self._last = now, size, time.monotonic() - began
        _log.info("snapshot of %d bytes written in %.1f s", size, self._last[2])

    def collect(self) -> Iterable[Metric]:
        """The last snapshot; no samples before the first."""
        names = ("timestamp_seconds", "bytes", "duration_seconds")
        values = (self._last[0] / 1000, *self._last[1:]) if self._last else ()
        for number, name in enumerate(names):
            yield family(f"listener_board_snapshot_{name}", [((), values[number])] if values else [])
