"""One run of the demo: processes up, records in, everything counted, numbers out.

::

    topics ─► workers, board ready ─► produce ──────────────► all acknowledged ─┐
                                      watch the board: read, durable ───────────┴─► positions reached ─► report
"""

import asyncio
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import aiohttp
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.authors import AUTHOR_KEY_VARIABLE
from listener.demo.board import BoardClient, BoardProgress, CampaignNow
from listener.demo.kpis import KpisNow
from listener.demo.processes import HOST, Child, Fleet
from listener.demo.producing import Pace, RealTime, Sent, produce, producer_for
from listener.demo.waiting import Patience, Reporter
from listener.errors import Halt
from listener.inputs.options import Replay
from listener.inputs.reading import read_records
from listener.inputs.records import InputRecord
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import TopicSpec, create_topics, declared_topics, usual_replication
from listener.recount.report import Report
from models.article import ARTICLES_TOPIC
from models.topics import Namespace

#: A killed worker's partitions go to the next after this long, in seconds: the least that brokers allow by default.
SESSION_TIMEOUT_S: Final = 6.0

_POLL_S: Final = 0.1

T = TypeVar("T")


@dataclass
class DemoRun:
    """Counts a replay with real processes on a Kafka. Use as an async context manager: entering starts everything.

    ``directory`` gets the processes' logs. ``say`` gets progress lines. ``on_progress`` is called with the number of
    records counted so far, often; it may kill, pause or add workers. ``pace`` overrides the speed of the replay,
    ``board_port`` is taken for the board if it is free. ``understanding``: mentions are judged too, not only counted.
    ``environment``: settings of all processes beside those that they are given anyway; ``program`` starts them.
    """

    replay: Replay
    kafka: KafkaSettings
    namespace: Namespace
    directory: Path
    say: Callable[[str], None]
    on_progress: Callable[["DemoRun", int], None] | None = None
    pace: Pace | None = None
    board_port: int = 0
    understanding: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = (sys.executable, "-m", "listener")
    sent: Sent = field(default_factory=Sent)
    counted: BoardProgress | None = None
    workers: list[Child] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def count(self, campaigns: Iterable[str], records: Iterable[InputRecord] | None = None) -> Report:
        """Send the records (those of the replay's files by default), wait until all is counted, and read the result.

        Raises UsageProblem when a process ends for good, or nothing moves any more.
        """
        source = read_records(self.replay.inputs, self.replay.field_map) if records is None else records
        return await self.count_sent(self._send(source), campaigns)

    async def count_sent(self, sending: Coroutine[Any, Any, None], campaigns: Iterable[str]) -> Report:
        """Count what ``sending`` sends; until it ends, it keeps ``sent`` up to date."""
        return await self._guarded(self._count(sending, campaigns))

    @property
    def producer(self) -> Any:
        """The idempotent producer of the run."""
        return self._producer

    def topic(self, logical: str) -> str:
        """The name of a topic with the prefix of the run."""
        return self.namespace.prefix + logical

    def was_sent(self, number: int) -> None:
        """So many more records were acknowledged."""
        self.sent.records += number

    def add_worker(self) -> Child:
        """Start one more worker."""
        retention, understanding = ("on" if one else "off" for one in (self.replay.retention, self.understanding))
        options = ("--retention", retention, "--understanding", understanding)
        child = self.add(
            f"worker-{len(self.workers)}",
            (
                *("worker", "--campaigns", str(self.replay.campaigns.resolve()), *options),
                *("--session-timeout", str(SESSION_TIMEOUT_S)),
            ),
        )
        self.workers.append(child)
        return child

    def add(self, name: str, arguments: Sequence[str], port: int = 0) -> Child:
        """Start a process of ours and keep it alive."""
        child = self._fleet.add(name, (*arguments, *self._names()), port=port)
        self._supervise(child)
        return child

    def kill_worker(self, number: int, *, for_good: bool = False) -> None:
        """Kill -9; it is started again unless ``for_good``."""
        worker = self.workers[number]
        worker.wanted = not for_good
        worker.send(signal.SIGKILL)

    def pause_worker(self, number: int) -> None:
        """Freeze a worker (SIGSTOP): to the others it looks dead."""
        self.workers[number].send(signal.SIGSTOP)

    def resume_worker(self, number: int) -> None:
        """Let a frozen worker go on (SIGCONT)."""
        self.workers[number].send(signal.SIGCONT)

    @property
    def read(self) -> int:
        """Records counted so far."""
        return self.counted.read if self.counted else 0

    @property
    def board_url(self) -> str:
        """Where the board answers."""
        return f"http://{HOST}:{self._board.port}"

    async def now(self, most: int) -> list[CampaignNow]:
        """The campaigns, ``most`` of them, as the board has them."""
        return await self._client.now(self.counted.record_time if self.counted else None, most)

    async def kpis(self, campaigns: Iterable[str]) -> KpisNow | None:
        """The KPIs of one of these campaigns: the one of which most is known."""
        return await self._client.kpis(campaigns)

    async def _start(self, stack: AsyncExitStack) -> None:
        self.say("creating the topics")
        await asyncio.to_thread(create_topics, self.kafka, await asyncio.to_thread(self.topics))
        self.say("starting the board and the workers")
        self._fleet = Fleet(
            self.kafka, self.directory, self.say, lambda: (self.read, self.sent.records), program=self.program
        )
        # Nobody needs to know this key later: what was hashed with it goes with the demo.
        self._fleet.environment = {AUTHOR_KEY_VARIABLE: secrets.token_hex(32), **self.environment}
        self._http = await stack.enter_async_context(aiohttp.ClientSession())
        self._producer = await stack.enter_async_context(producer_for(self.kafka))
        stack.push_async_callback(self._stop)
        self._board = self.add("board", ("board",), port=self.board_port)
        self._client = BoardClient(self._http, lambda: self._board.port)
        for _ in range(self.replay.workers):
            self.add_worker()
        await self._guarded(self._ready())

    def topics(self) -> tuple[TopicSpec, ...]:
        """All topics of the run."""
        return declared_topics(self.namespace, self.replay.partitions, replication_factor=usual_replication(self.kafka))

    def _names(self) -> tuple[str, ...]:
        return ("--app", self.namespace.app, "--topic-prefix", self.namespace.prefix)

    def _supervise(self, child: Child) -> None:
        self._tasks.add(asyncio.create_task(self._fleet.supervise(child)))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fleet.stop()

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work while all processes are supervised: whichever fails first ends it."""
        main = asyncio.create_task(work)
        try:
            while not main.done():
                done, _ = await asyncio.wait({main, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in done & self._tasks:
                    self._tasks.discard(task)
                    task.result()
            return main.result()
        finally:
            main.cancel()
            await asyncio.gather(main, return_exceptions=True)

    async def _ready(self) -> None:
        patience = Patience("the processes start", self.directory)
        reporter = Reporter(self.say)
        waiting = list(self._fleet.children)
        while waiting:
            waiting = [child for child in waiting if not await child.is_ready(self._http)]
            patience.look((len(waiting), [child.starts for child in waiting]))
            reporter.look(f"starting the board and the workers: waiting for {', '.join(one.name for one in waiting)}")
            await asyncio.sleep(_POLL_S)

    async def _send(self, records: Iterable[InputRecord]) -> None:
        pace = self.pace or (RealTime(self.replay.speed) if self.replay.speed else None)
        await produce(
            records,
            self._producer,
            self.namespace.prefix,
            self.replay.partitions,
            sent=self.sent,
            pace=pace,
            clock=time.monotonic,
        )

    async def _count(self, sending: Coroutine[Any, Any, None], campaigns: Iterable[str]) -> Report:
        began = time.monotonic()
        producing = asyncio.create_task(sending)
        try:
            progress = await self._watch(producing)
        finally:
            producing.cancel()
            await asyncio.gather(producing, return_exceptions=True)
        self._check(progress)
        await self._reach(await self._ends(progress))
        press = any(topic == ARTICLES_TOPIC for topic, _ in self.sent.next_offsets)
        report = await self._client.report(progress.outcomes(), campaigns, press=press)
        self.say(f"counted {self.sent.records:,} records in {time.monotonic() - began:.1f} s")
        return report

    async def _watch(self, producing: "asyncio.Task[None]") -> BoardProgress:
        """Follow the counting until everything that was sent is durable."""
        patience = Patience("records are counted", self.directory)
        reporter = Reporter(self.say)
        while True:
            if producing.done():
                producing.result()
            found = await self._client.progress()
            if found is not None:
                self.counted = found
                if self.on_progress:
                    self.on_progress(self, found.read)
                if producing.done() and found.is_durable(self.sent.next_offsets):
                    return found
            patience.look((self.sent.records, self.read, [child.starts for child in self._fleet.children]))
            reporter.look(f"counting: {self.sent.records:,} records sent, {self.read:,} counted")
            await asyncio.sleep(_POLL_S)

    def _check(self, progress: BoardProgress) -> None:
        if progress.read != self.sent.records:
            raise Halt(f"{self.sent.records} records were sent but {progress.read} were counted: this is a bug")

    async def _ends(self, progress: BoardProgress) -> dict[str, dict[int, int]]:
        """The end offsets of the changelogs that the board reads."""
        consumer = AIOKafkaConsumer(**self.kafka.aiokafka(), enable_auto_commit=False)
        await consumer.start()
        try:
            partitions = [
                TopicPartition(topic, number) for topic, positions in progress.positions.items() for number in positions
            ]
            ends: dict[str, dict[int, int]] = {}
            for where, end in (await consumer.end_offsets(partitions)).items():
                ends.setdefault(where.topic, {})[where.partition] = end
            return ends
        finally:
            await consumer.stop()

    async def _reach(self, ends: dict[str, dict[int, int]]) -> None:
        patience = Patience("the board reads the counts", self.directory)
        while True:
            found = await self._client.progress()
            if found is not None and found.has_reached(ends):
                return
            patience.look(found and found.positions)
            await asyncio.sleep(_POLL_S)
