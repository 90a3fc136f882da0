"""One scenario's cluster: workers that are started again when they die, a stream of posts, and the final verdict."""

import itertools
import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from listener.campaigns.files import load_campaigns
from listener.kafka.embedded import EmbeddedKafka
from listener.worker.places import posts as place
from listener.worker.status import digest
from models.campaign import CampaignSet
from models.cells import PROGRESS
from models.incident import Incident
from models.topics import Namespace
from tests.chaos.alerts import Receiver, judge_alerts, quiet_past, read_topics, replayed, row_end, unheard
from tests.chaos.boards import closed_until, has_read, is_ready, shown, start_board
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
from tests.chaos.stream import Hurried, Load, PostStream
from tests.chaos.trio import NODES, Trio
from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster, Worker

CAMPAIGNS = "- {id: brand, keywords: [snapp, اسنپ]}\n- {id: bank, keywords: [mellat]}\n"
PATIENCE_S = 240.0
#: What the program does by itself. A machine that stands still for longer than this makes every worker end itself.
SESSION_TIMEOUT_S = float(os.environ.get("CHAOS_SESSION_TIMEOUT", "10"))
#: How long memory and changelogs may take to be equal, and people to hear of the last incident, when all is at rest.
_EQUAL_S = 60.0
_HEARD_S = 60.0
#: A row's end is crossed so soon after the load began, at so many times the speed of the clock until that is reached.
_BEFORE_S, _SPEED = 20, 10.0
#: Exit codes after which a start would end the same way, unless it was the broker that was missing.
_FINAL = {2, 3, 4}
_NO_BROKER = "does not answer"


@dataclass
class Crew:
    """Use ``crew`` to make one. ``wanted`` workers run, but for those that are frozen.

    ``receiver``: where boards tell of alerts. ``crossing``: the end of the row, epoch seconds, that has the first ones.
    """

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
    receiver: Receiver | None = None
    crossing: int = 0
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

    def incidents(self) -> tuple[list[Incident], list[Incident]]:
        """All states of incidents that follow from the closed minutes, and those that were written."""
        names = self.cluster.namespace
        minutes, written = read_topics(self.cluster.kafka, names.series, names.incidents)
        return replayed(minutes, next(reversed(self.sets.values()))), written

    def alerted(self) -> bool:
        """Whether there were incidents, and people have been told of all of them."""
        if not self.receiver or not self.receiver.told:
            return False
        states, written = self.incidents()
        return bool(states) and not unheard(states, self.receiver.told, written)

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

    def verdict(self, *, whole: Sequence[str] = ("hour", "day")) -> Figures:
        """Settle, and compare with the recount; the board must show what the changelogs hold."""
        began = time.monotonic()
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
        self.remembered()
        self.compare(have, whole)
        if self.receiver:
            self.told(self.receiver)
        self.figures.phases["judging"] = time.monotonic() - began
        return self.figures

    def remembered(self) -> None:
        """What the workers have in memory is what the changelogs hold, key by key."""
        differing: list[str] = []

        def equal() -> bool:
            differing[:] = [*self._differing()]
            return not differing

        try:
            self.rest(equal, "memory and changelogs to be equal", _EQUAL_S)
        except AssertionError:
            self.figures.problems += [f"memory and changelog differ: {one}" for one in differing[:5]]

    def _differing(self) -> Iterator[str]:
        held: dict[str, dict[str, str]] = {}
        for worker in self.members:
            held |= json.loads(worker._get("/api/digest") or '{"partitions": {}}')["partitions"]
        for number, tables in self.cluster.tables().items():
            mine = held.get(str(place(number)), {})
            for table, records in tables.items():
                # A worker that is at rest says so every few seconds, in the progress cell.
                want = digest(records)
                if table != PROGRESS and mine.get(table) != want:
                    yield f"partition {number}, {table}: {mine.get(table)} in memory, {want} in the changelog"

    def told(self, receiver: Receiver) -> None:
        """Every incident was told and written, and none twice."""
        campaign = next(iter(next(iter(self.sets.values())).campaigns)).id
        self.rest(lambda: closed_until(self.boards[0], campaign) > self.crossing, "the first row to be closed")
        deadline = time.monotonic() + _HEARD_S
        while True:
            states, written = self.incidents()
            if not unheard(states, receiver.told, written) or time.monotonic() > deadline:
                break
            self.pause(0.5)
        judge_alerts(self.figures, states, receiver.told, written)

    def whole(self) -> None:
        """The stream is in the topic as it was acknowledged: no gap, nothing behind it."""
        ends = {number: end for number, (_, end, _) in self.cluster.offsets().items()}
        have = {number: len(landed) for number, landed in self.load.landed.items()}
        if ends != have or ends != self.load.ends():
            self.figures.problems.append(f"produced {have}, the topic ends at {ends}: the stream itself is broken")

    def compare(self, have: Found, whole: Sequence[str]) -> None:
        """Every board shows the totals and windows that the changelogs hold."""
        for board in self.boards or [self.board()]:
            self.rest(lambda one=board: is_ready(one), "the board to be ready")  # type: ignore[misc]
            self.rest(lambda one=board: has_read(one) == sum(have.outcomes.values()), "the board to read all")  # type: ignore[misc]
            says = shown(board, whole)
            if says.totals != have.totals:
                self.figures.problems.append(f"a board's totals differ: {says.totals} {have.totals}")
            if not have.overdue and says.minutes != have.minutes:
                self.figures.problems.append("a board's minutes differ from the changelog's")
            self.figures.problems += [
                f"a board's {window}s differ from the changelog's"
                for window in whole
                if says.sums[window] != have.sums[window]
            ]


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
    clock: Callable[[], datetime] | None = None,
    options: tuple[str, ...] = (),
    static: bool = False,
) -> Iterator[Crew]:
    """Topics, workers that count and posts that flow; all processes end with the context.

    Without a ``clock`` a board watches too, and the stream is a spike to it: people are told.
    """
    began = time.monotonic()
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
    stream = PostStream(Random(rng.random()), clock or Hurried(), poison)
    load = Load(broker.settings, cluster.namespace.posts, partitions, stream, rate)
    made = Crew(broker, cluster, rng, Figures(name), load, workers, options=options, static=static)
    made.campaigns(CAMPAIGNS)
    with ExitStack() as stack:
        stack.callback(_end, made)
        try:
            if clock is None:
                made.receiver = stack.enter_context(Receiver())
                made.crossing = row_end(time.time())
                _prepare(made)
            made.tend()
            made.ready()
            if clock is None:
                stream.clock = Hurried((time.time() - made.crossing + _BEFORE_S) / 86_400, _SPEED)
            load.start()
            made.flow(rate)
            made.figures.phases["starting"] = time.monotonic() - began
            yield made
        except Exception as error:
            raise Aborted(made.figures, error) from error


def _prepare(made: Crew) -> None:
    """A past in which little happened, up to the last minute of the row; and a board that watches from there."""
    campaigns, until = next(iter(made.sets.values())), made.crossing - 60
    quiet_past(made.cluster.kafka, made.cluster.namespace.series, campaigns, until, Random(made.rng.random()))
    made.board()


def _end(made: Crew) -> None:
    for worker in made.cluster.workers:
        if worker.running:
            worker.kill()
    for board in made.boards:
        board.process.kill()
        board.process.wait()
