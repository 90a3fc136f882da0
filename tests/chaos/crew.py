"""One scenario's cluster: workers that are started again when they die, a stream of posts, and the final verdict."""

import itertools
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

from listener.campaigns.files import load_campaigns
from listener.kafka.embedded import EmbeddedKafka
from models.campaign import CampaignSet
from models.topics import Namespace
from tests.chaos.oracle import (
    Aborted,
    Fault,
    Figures,
    Found,
    expected,
    found,
    judge,
    judge_letters,
    longest_pause,
    recovery,
    steps,
)
from tests.chaos.stream import Load, PostStream, real_time
from tests.chaos.trio import NODES, Trio
from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster, Worker

CAMPAIGNS = "- {id: brand, keywords: [snapp, اسنپ]}\n- {id: bank, keywords: [mellat]}\n"
PATIENCE_S = 240.0
#: What the program does by itself. A machine that stands still for longer than this makes every worker end itself.
SESSION_TIMEOUT_S = float(os.environ.get("CHAOS_SESSION_TIMEOUT", "10"))
#: Exit codes after which a start would end the same way, unless it was the broker that was missing.
_FINAL = {2, 3, 4}
_NO_BROKER = "does not answer"


@dataclass
class Crew:
    """Use ``crew`` to make one. ``wanted`` workers run, but for those that are frozen."""

    broker: EmbeddedKafka | Trio
    cluster: Cluster
    rng: Random
    figures: Figures
    load: Load
    wanted: int = 3
    members: list[Worker] = field(default_factory=list)
    frozen: list[Worker] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    sets: dict[str, CampaignSet] = field(default_factory=dict)
    boards: list[BoardProcess] = field(default_factory=list)
    options: tuple[str, ...] = ()
    static: bool = False

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
        """SIGTERM; it must end in good order, unless it has not even begun."""
        begun = worker.begun
        code = worker.terminate()
        if code != 0 and (begun or code != -signal.SIGTERM):
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

    def fault(self, act: Callable[[], None]) -> Fault:
        """Do something bad, and remember when and where the stream was."""
        ends = self.load.ends()
        done = Fault(time.time(), ends)
        act()
        self.faults.append(done)
        self.figures.faults += 1
        return done

    def recovered(self, fault: Fault) -> None:
        """Wait until every partition has something durable that came after the fault."""

        def met() -> bool:
            durable: dict[int, int] = {}
            for worker in self.members:
                if worker.running and worker not in self.frozen:
                    durable |= {number: state["durable"] for number, state in worker.partitions().items()}
            return all(durable.get(number, -1) >= end for number, end in fault.ends.items())

        self.rest(met, "the counting to go on")

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
        log = self.cluster.directory / f"board-{len(self.boards)}.log"
        self.boards.append(start_board(self.cluster, log))
        return self.boards[-1]

    def settle(self) -> None:
        """No more records; all of them are counted."""
        if self.load.is_alive():
            self.load.end()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.tend()
            try:
                self.cluster.counted(5.0)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def verdict(self, *, boards: bool = True, whole: Sequence[str] = ("hour", "day")) -> Figures:
        """Settle, and compare with the recount; the board must show what the changelogs hold."""
        self.settle()
        written = steps(self.cluster)
        have, wanted = found(self.cluster), expected(self.load, self.sets, written)
        self.figures.records += sum(map(len, self.load.landed.values()))
        self.whole()
        judge(self.figures, wanted, have, whole)
        judge_letters(self.figures, self.cluster, wanted, self.figures.records)
        times = [recovery(one, written) for one in self.faults]
        self.figures.recoveries += [one for one in times if one is not None]
        if self.faults:
            self.figures.pause = longest_pause(written, self.load.began, self.load.ended)
        if boards:
            self.compare(have)
        return self.figures

    def whole(self) -> None:
        """The stream is in the topic as it was acknowledged: no gap, nothing behind it."""
        ends = {number: end for number, (_, end, _) in self.cluster.offsets().items()}
        have = {number: len(landed) for number, landed in self.load.landed.items()}
        if ends != have or ends != self.load.ends():
            self.figures.problems.append(f"produced {have}, the topic ends at {ends}: the stream itself is broken")

    def compare(self, have: Found) -> None:
        """Every board shows the totals and minutes that the changelogs hold."""
        for board in self.boards or [self.board()]:
            self.rest(lambda one=board: _ready(one), "the board to be ready")  # type: ignore[misc]
            self.rest(lambda one=board: _read(one) == sum(have.outcomes.values()), "the board to read all")  # type: ignore[misc]
            totals, minutes = _shown(board)
            if totals != have.totals:
                self.figures.problems.append(f"a board's totals differ: {totals} {have.totals}")
            if not have.overdue and minutes != have.minutes:
                self.figures.problems.append("a board's minutes differ from the changelog's")


def start_board(cluster: Cluster, log: Path) -> BoardProcess:
    """A ``listener board`` on a free port."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "listener", "board", "--http-port", "0"],
            env=os.environ | cluster.environment,
            stderr=file,
        )
    return BoardProcess(process, log)


def _ready(board: BoardProcess) -> bool:
    try:
        return board.get("/readyz")[0] == HTTPStatus.OK
    except OSError:  # it does not listen yet
        return False


def _read(board: BoardProcess) -> int:
    found_outcomes = board.json("/api/progress")["partitions"]
    return sum(sum(one["outcomes"].values()) for one in found_outcomes)


def _shown(board: BoardProcess) -> tuple[Counter[Any], Counter[Any]]:
    totals, minutes = Counter[Any](), Counter[Any]()
    for one in board.json("/api/campaigns")["campaigns"]:
        totals.update({(one["id"], metric): amount for metric, amount in one["totals"].items() if amount})
        for row in board.json(f"/api/campaigns/{one['id']}/series?window=minute")["series"]:
            start = int(datetime.fromisoformat(row.pop("start")).timestamp())
            numbers = {metric: amount for metric, amount in row.items() if isinstance(amount, int) and amount}
            minutes.update({(one["id"], start, metric): amount for metric, amount in numbers.items()})
    return totals, minutes


@contextmanager
def crew(
    broker: EmbeddedKafka | Trio,
    directory: Path,
    name: str,
    seed: int,
    *,
    workers: int = 3,
    partitions: int = 6,
    rate: int = 500,
    poison: float = 0.02,
    clock: Callable[[], datetime] = real_time,
    options: tuple[str, ...] = (),
    static: bool = False,
) -> Iterator[Crew]:
    """Topics, workers that count and posts that flow; all processes end with the context."""
    unique = f"c{uuid.uuid4().hex[:10]}"
    (directory / name).mkdir(parents=True, exist_ok=True)
    rng = Random(f"{seed} {name}")
    cluster = Cluster(
        broker.settings,
        Namespace(app=unique, prefix=f"{unique}."),
        directory / name,
        partitions,
        replicas=NODES if isinstance(broker, Trio) else 1,
    ).create()
    stream = PostStream(Random(rng.random()), clock, poison)
    load = Load(broker.settings, cluster.namespace.posts, partitions, stream, rate)
    made = Crew(broker, cluster, rng, Figures(name), load, workers, options=options, static=static)
    made.campaigns(CAMPAIGNS)
    try:
        made.tend()
        made.ready()
        load.start()
        made.flow(rate)
        yield made
    except Exception as error:
        raise Aborted(made.figures, error) from error
    finally:
        for worker in cluster.workers:
            if worker.running:
                worker.kill()
        for board in made.boards:
            board.process.kill()
            board.process.wait()
