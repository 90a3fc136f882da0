"""What a cluster manager does: workers and boards that are started again when they die."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from listener.campaigns.files import load_campaigns
from listener.kafka.embedded import EmbeddedKafka
from models.campaign import CampaignSet
from tests.chaos.alerts import Receiver
from tests.chaos.boards import is_ready, start_board
from tests.chaos.oracle import Figures
from tests.chaos.stream import Load
from tests.chaos.trio import Trio
from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster, Worker

PATIENCE_S = 240.0
#: What the program does by itself. A machine that stands still for longer than this makes every worker end itself.
SESSION_TIMEOUT_S = float(os.environ.get("CHAOS_SESSION_TIMEOUT", "10"))
#: Exit codes after which a start would end the same way, unless it was the broker that was missing.
_FINAL = {2, 3, 4}
_NO_BROKER = "does not answer"


@dataclass
class Supervisor:
    """Workers and boards are started again when they die; ``wanted`` workers run, but for those that are frozen.

    ``receiver``: where boards tell of alerts. ``sets``: every campaign set that the files have held.
    """

    broker: EmbeddedKafka | Trio
    cluster: Cluster
    rng: Random
    figures: Figures
    load: Load
    wanted: int = 3
    members: list[Worker] = field(default_factory=list)
    frozen: list[Worker] = field(default_factory=list)
    sets: dict[str, CampaignSet] = field(default_factory=dict)
    boards: list[BoardProcess] = field(default_factory=list)
    receiver: Receiver | None = None
    options: tuple[str, ...] = ()
    static: bool = False
    _board_numbers: Iterator[int] = field(default_factory=itertools.count)

    def campaigns(self, text: str) -> str:
        """Change the campaign files; returns the new version."""
        (self.cluster.directory / "campaigns" / "brand.yaml").write_text(text)
        loaded = load_campaigns(self.cluster.directory / "campaigns")
        self.sets[loaded.version] = loaded
        return loaded.version

    def tend(self) -> None:
        """Start what has died, as a supervisor does, and start or stop workers until there are as many as wanted."""
        for worker in [one for one in self.members if not one.running]:
            code = worker.process.returncode if worker.process else None
            if code in _FINAL and _NO_BROKER not in worker.said():
                raise AssertionError(f"a worker ended with {code}:\n{worker.said()[-3000:]}")
            self.members.remove(worker)
        for board in [one for one in self.boards if one.process.poll() is not None]:
            self.boards.remove(board)
            self.figures.notes.append(f"a board ended with {board.process.returncode} and was started again")
            self.board()
        while len(self.members) < self.wanted:
            self.members.append(self._start())
        while len(self.members) > self.wanted:
            self.end(self.members[-1])

    def _start(self) -> Worker:
        options = (*self.options, "--session-timeout", str(SESSION_TIMEOUT_S), *self._identity())
        return self.cluster.worker(*options)

    def _identity(self) -> tuple[str, ...]:
        """The lowest name that no running member has, as in a StatefulSet; nothing for dynamic members."""
        if not self.static:
            return ()
        taken = {one.options[-1] for one in self.members}
        return "--instance-id", next(name for name in map("worker-{}".format, itertools.count()) if name not in taken)

    def end(self, worker: Worker) -> None:
        """SIGTERM; it must end in good order. One that has not begun yet, and hears no signals, is waited for."""
        self.rest(lambda: worker.begun or not worker.running, "a worker to begin")
        code = worker.terminate()
        if code != 0:
            self.figures.problems.append(f"a worker that was told to end did so with {code}")
        self.members.remove(worker)

    def rest(self, met: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> None:
        """Wait for something, tending the workers."""
        deadline = time.monotonic() + seconds
        while not met():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:.0f} s for {what}")
            self.tend()
            time.sleep(0.1)

    def ready(self) -> None:
        """Wait until every worker says that it counts."""
        self.rest(lambda: all(one.running and one._get("/readyz") for one in self.members), "the workers to be ready")

    def pause(self, seconds: float) -> None:
        """Go on for so long."""
        end = time.monotonic() + seconds
        self.rest(lambda: time.monotonic() >= end, "a while")

    def flow(self, records: int, seconds: float = PATIENCE_S) -> None:
        """Let so many more records come."""
        self.load.reach(self.load.sent + records, self.tend, seconds)

    def victim(self) -> Worker:
        return self.rng.choice([one for one in self.members if one.running])

    def freeze(self, worker: Worker) -> None:
        assert worker.process is not None
        worker.process.send_signal(signal.SIGSTOP)
        self.frozen.append(worker)

    def thaw(self, worker: Worker) -> None:
        assert worker.process is not None
        worker.process.send_signal(signal.SIGCONT)
        self.frozen.remove(worker)

    def board(self) -> BoardProcess:
        # Every board has a log of its own: its address stands there.
        log = self.cluster.directory / f"board-{next(self._board_numbers)}.log"
        self.boards.append(start_board(self.cluster, log, self.receiver.url if self.receiver else None))
        return self.boards[-1]

    def leader(self) -> BoardProcess:
        """The board that leads; it is waited for."""
        found: list[BoardProcess] = []

        def leads() -> bool:
            found[:] = [one for one in self.boards if is_ready(one) and one.leads]
            return bool(found)

        self.rest(leads, "a board to lead")
        return found[0]

    def kill_board(self, board: BoardProcess) -> None:
        """SIGKILL; it is not started again."""
        self.boards.remove(board)
        board.process.kill()
        board.process.wait()
