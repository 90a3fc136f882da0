"""The Faust application: an agent and six tables per stream, chunk delivery. Built by ``create_app``, not at import."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import faust

from listener.engine.check import require_known_engine
from listener.engine.consumer import ChunkTransport
from listener.engine.tables import PartitionStore, PartitionTable, StampTables
from listener.kafka.settings import KafkaSettings
from models.cells import ENTITIES, LIFETIME, PROGRESS, WINDOWS
from models.streams import Stream
from models.topics import Namespace
from processors.overlay import Chunk

#: Chunks that may wait for the agent; each holds up to one fetch of a partition.
BUFFERED_CHUNKS: Final = 8


class Counting(Protocol):
    """What the engine drives: the owner of the partitions' planes."""

    async def acquire(self, partitions: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Recover these (topic, partition); returns the offset at which to read on in each."""

    async def release(self) -> None:
        """Let all partitions go: end what is in flight, drop what is not durable."""

    async def count(self, topic: str, partition: int, chunk: Chunk) -> None:
        """Count a chunk; returns when there is room for the next."""


class CountingApp(faust.App):
    """A Faust app that hands rebalances and chunks to ``counting``."""

    counting: Counting
    sources: tuple[str, ...]

    def _create_directories(self) -> None:
        """None: the tables live in memory and in their changelogs, and the working directory is not ours to fill."""

    def _new_transport(self) -> ChunkTransport:
        return ChunkTransport(self.conf.broker_consumer, self)

    def store(self, table: str) -> PartitionStore:
        """The store of a table by its full name."""
        found: PartitionStore = self.tables[table].data
        return found


def create_app(
    kafka: KafkaSettings,
    namespace: Namespace,
    counting: Counting,
    *,
    partitions: Mapping[Stream, int],
    session_timeout: float,
    instance_id: str | None = None,
) -> CountingApp:
    """A worker's app.

    ``session_timeout`` in seconds: how soon another worker takes over after a crash. ``instance_id``: static group
    membership, for workers that come back under the same name.
    """
    require_known_engine()
    app = CountingApp(
        namespace.app,
        broker=kafka.faust_broker(),
        broker_credentials=kafka.faust_credentials(),
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / 4,
        broker_request_timeout=max(30.0, session_timeout),
        broker_max_poll_interval=300.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        consumer_group_instance_id=instance_id,
        producer_request_timeout=20.0,
        processing_guarantee="at_least_once",
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_buffer_maxsize=BUFFERED_CHUNKS,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=max(partitions.values()),
        web_enabled=False,
        store="memory://",
        Table=PartitionTable,
        TableManager=StampTables,
        loghandlers=[],
        logging_config=None,
    )
    app.counting = counting
    app.sources = tuple(map(namespace.input, partitions))
    for stream, number in partitions.items():
        _declare_tables(app, stream, number)
        _declare_agent(app, stream, namespace.input(stream), counting)
    return app


def _declare_tables(app: CountingApp, stream: Stream, partitions: int) -> None:
    """Windowed tables never expire by Faust's wall clock: retention follows record time and is the plane's."""
    for name, size in WINDOWS.items():
        app.Table(stream.table(name), value_type=bytes, partitions=partitions).tumbling(size, expires=None)
    for name in (LIFETIME, PROGRESS):
        app.Table(stream.table(name), value_type=bytes, partitions=partitions)
    app.Table(stream.table(ENTITIES), key_type=bytes, value_type=bytes, partitions=partitions)


def _declare_agent(app: CountingApp, stream: Stream, topic: str, counting: Counting) -> None:
    channel = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(channel, name=f"count-{stream.name}", concurrency=1)
    async def count(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            if message.generation_id == app.consumer_generation_id:
                await counting.count(topic, message.partition, message.chunk)
