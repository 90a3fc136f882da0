"""One scenario's cluster: workers that are started again when they die, a stream of posts, and the final verdict."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from listener.kafka.embedded import EmbeddedKafka
from listener.worker.places import posts as place
from listener.worker.status import digest
from models.cells import PROGRESS
from models.incident import Incident
from models.topics import Namespace
from tests.chaos.alerts import Receiver, judge_alerts, quiet_past, read_topics, replayed, row_end, unheard
from tests.chaos.boards import Shown, closed_until, has_read, is_ready, shown
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
from tests.chaos.supervisor import PATIENCE_S, Supervisor
from tests.chaos.trio import NODES, Trio
from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster

CAMPAIGNS = "- {id: brand, keywords: [snapp, اسنپ]}\n- {id: bank, keywords: [mellat]}\n"
#: How long memory and changelogs may take to be equal, and people to hear of the last incident, when all is at rest.
_EQUAL_S = 60.0
_HEARD_S = 60.0
#: A row's end is crossed so soon after the load began, at so many times the speed of the clock until that is reached.
_BEFORE_S, _SPEED = 20, 10.0


@dataclass
class Crew(Supervisor):
    """Use ``crew`` to make one: faults, and the verdict.

    ``crossing``: the end of the row, epoch seconds, that has the first alerts.
    """

    faults: list[Fault] = field(default_factory=list)
    crossing: int = 0

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
            # What retention has removed is no news to the progress that was waited for: the board may still read of it.
            differing: list[str] = []

            def equal(one: BoardProcess = board, found: list[str] = differing) -> bool:
                found[:] = _unlike(shown(one, whole), have, whole)
                return not found

            try:
                self.rest(equal, "the board to show what the changelogs hold", _EQUAL_S)
            except AssertionError:
                self.figures.problems += [f"a board's {what} differ from the changelog's" for what in differing]


def _unlike(says: Shown, have: Found, whole: Sequence[str]) -> list[str]:
    """What a board says otherwise; minutes are not compared while some are still to be removed."""
    pairs: list[tuple[str, Counter[Any], Counter[Any]]] = [("totals", says.totals, have.totals)]
    if not have.overdue:
        pairs.append(("minutes", says.minutes, have.minutes))
    pairs += [(f"{window}s", says.sums[window], have.sums[window]) for window in whole]
    return [what for what, shown_, held in pairs if shown_ != held]


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
    if made.load.is_alive():
        made.load.give_up()
    for worker in made.cluster.workers:
        if worker.running:
            worker.kill()
    for board in made.boards:
        board.process.kill()
        board.process.wait()
