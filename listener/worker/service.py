"""A worker from start to stop: wires the engine, the counting plane and the HTTP endpoints."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.types import TP

from listener.engine.app import CountingApp, create_app
from listener.errors import Halt, UsageProblem
from listener.worker.allocator import keep_what_is_freed
from listener.worker.campaigns import CampaignWatch
from listener.worker.cluster import partitions_of
from listener.worker.counting import Counting, wall_clock
from listener.worker.garbage import settle
from listener.worker.guard import StallGuard, end_process
from listener.worker.places import Place
from listener.worker.publisher import Publisher, create_producer
from listener.worker.recovery import Recovery
from listener.worker.sets import SetStore
from listener.worker.settings import WorkerSettings
from listener.worker.status import serve_status
from models.campaign import CampaignSet
from models.streams import ALL_TABLES, STREAMS
from models.topics import Namespace
from processors.overlay import Chunk, CompiledSet

_log = logging.getLogger("listener.worker.service")


@dataclass
class EngineOffsets:
    """The consumer's view of offsets, for the counting plane: places there, topics of the cluster here."""

    app: CountingApp
    namespace: Namespace

    async def commit(self, offsets: dict[Place, int]) -> None:
        """Commit next offsets by place."""
        await self.app.consumer.commit_offsets({self._where(place): offset for place, offset in offsets.items()})

    def highwater(self, place: Place) -> int | None:
        """The end offset of a place as last seen."""
        end: int | None = self.app.consumer.highwater(TP(*self._where(place)))
        return end

    async def sources(self, places: set[Place]) -> Mapping[Place, tuple[int, int, int | None]]:
        """(log start, end, committed) by place."""
        found = await self.app.consumer.offsets(list(map(self._where, places)))
        return {place: found[self._where(place)] for place in places}

    def _where(self, place: Place) -> tuple[str, int]:
        return self.namespace.input(place.stream), place.partition


@dataclass
class EngineCounting:
    """The counting plane as the engine drives it: topics of the cluster there, places here."""

    counting: Counting
    namespace: Namespace

    def __post_init__(self) -> None:
        self._streams = {self.namespace.input(stream): stream for stream in STREAMS}

    async def acquire(self, partitions: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Recover these (topic, partition); returns the offset at which to read on in each."""
        starts = await self.counting.acquire({self._place(*where) for where in partitions})
        return {where: starts[self._place(*where)] for where in partitions}

    async def release(self) -> None:
        """Let all partitions go."""
        await self.counting.release()

    async def count(self, topic: str, partition: int, chunk: Chunk) -> None:
        """Count a chunk."""
        await self.counting.count(self._place(topic, partition), chunk)

    def _place(self, topic: str, partition: int) -> Place:
        return Place(self._streams[topic], partition)


async def run(settings: WorkerSettings, stop_signals: Iterable[int]) -> None:
    """Count until a stop signal; what was counted is durable and committed when this returns."""
    keep_what_is_freed()
    stop = asyncio.Event()
    for number in stop_signals:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    partitions = await asyncio.to_thread(partitions_of, settings.kafka, settings.namespace)
    async with AsyncExitStack() as stack:
        producer = await _producer(settings, stack)
        sets = SetStore(settings.kafka, settings.namespace)
        if settings.understanding:
            from listener.enrich import load_enricher  # noqa: PLC0415 - scikit-learn and scipy: 2 CPU seconds

            sets.enricher = await asyncio.to_thread(load_enricher, CampaignSet())
        counting = _counting(settings, sets, producer)
        watch = CampaignWatch(settings.campaigns, sets, producer, _adopting(counting.recovery))
        counting.recovery.adopt(await watch.first())
        app = create_app(
            settings.kafka,
            settings.namespace,
            EngineCounting(counting, settings.namespace),
            partitions=partitions,
            session_timeout=settings.session_timeout,
            instance_id=settings.instance_id,
        )
        offsets = EngineOffsets(app, settings.namespace)
        counting.offsets = offsets
        counting.recovery.sources = offsets.sources
        counting.recovery.stores = {table: app.store(table) for table in ALL_TABLES}
        await stack.enter_async_context(serve_status(settings, app, counting, watch))
        settle()
        await _count(app, counting, watch, stop)


async def _producer(settings: WorkerSettings, stack: AsyncExitStack) -> AIOKafkaProducer:
    producer = create_producer(settings.kafka)
    try:
        await producer.start()
    except KafkaError as error:
        servers = ", ".join(settings.kafka.bootstrap_servers)
        raise UsageProblem(f"Kafka at {servers} does not answer ({error}). `listener kafka` starts one.") from error
    stack.push_async_callback(producer.stop)
    return producer


def _counting(settings: WorkerSettings, sets: SetStore, producer: AIOKafkaProducer) -> Counting:
    """The counting plane, before it has partitions and campaigns."""
    recovery = Recovery(
        settings.kafka,
        settings.namespace,
        sets,
        wall_clock,
        retention=settings.retention,
        capped=settings.capped,
        mentions=settings.mentions,
        author_key=settings.author_key,
    )
    return Counting(
        recovery,
        Publisher(producer, settings.namespace),
        StallGuard(settings.session_timeout),
        tail_first_s=settings.tail_check_after,
    )


def _adopting(recovery: Recovery) -> Callable[[CompiledSet], None]:
    """Another campaign set is to hold, and to stay in memory."""

    def adopt(compiled: CompiledSet) -> None:
        recovery.adopt(compiled)
        settle()

    return adopt


async def _count(app: CountingApp, counting: Counting, watch: CampaignWatch, stop: asyncio.Event) -> None:
    """Run the engine until ``stop``; any end that was not asked for ends the process."""
    current = counting.recovery.current
    counting.guard.begin()
    loops = [asyncio.create_task(counting.run())]
    if current is not None:
        loops.append(asyncio.create_task(watch.run(current.version)))
    await app.start()
    asked = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(app.wait_until_stopped())
    await asyncio.wait([asked, ended, *loops], return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        crashes = [loop.exception() for loop in loops if loop.done()]
        end_process(app.crash_reason or next(filter(None, crashes), None) or Halt("the engine stopped by itself"))
    _log.info("stopping: making what was counted durable")
    await counting.drain()
    for task in (*loops, ended):
        task.cancel()
    with suppress(asyncio.CancelledError):
        await app.stop()
