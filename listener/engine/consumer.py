"""Chunk delivery: an agent gets all records of one partition from one fetch as one event.

Faust creates four tasks per message; here they are created per fetch. What differs from Faust's consumer, and why:

* ``_drain_messages``: hands on chunks; one event per (partition, fetch).
* ``on_partitions_revoked``: the counting plane lets go before Faust does anything.
* commits: only the counting plane commits, after a flush is durable; Faust's own ack bookkeeping sees no message.

aiokafka's fetcher is read directly: building a ConsumerRecord per post costs more than counting it.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, cast

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchResult
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, ConsumerMessage

import listener.kafka.frames  # noqa: F401 - how fetches are read
from listener.kafka.batches import naming
from processors.overlay import Chunk

#: Seconds that a fetch waits for records, and that it rests while every buffer is full.
WAIT_S: Final = 0.5
REST_S: Final = 0.01
#: While records of a broker wait to be taken, nothing else is asked of it for so long: longer than counting a fetch
#: takes. A fetch of idle partitions alone would wait there for records, and those that have some would wait behind it.
UNTAKEN_S: Final = 5.0


class ChunkMessage(ConsumerMessage):
    """A Faust message whose ``chunk`` is what was fetched; its offset is the last one of the chunk."""

    __slots__ = ("chunk",)

    chunk: Chunk


class ChunkConsumerThread(AIOKafkaConsumerThread):
    """The consumer's thread; takes whole fetches out of aiokafka's fetcher."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Records of aborted transactions were never said. Faust would read them, unless it wrote transactions itself.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = int(WAIT_S * 1000)
        return consumer

    async def on_start(self) -> None:
        """As Faust does; the fetcher is there once the consumer has started."""
        await super().on_start()
        self._ensure_consumer()._fetcher._prefetch_backoff = UNTAKEN_S

    async def take(
        self, wanted: frozenset[TP], topics: frozenset[str], holds: Callable[[], bool]
    ) -> list[tuple[TP, Chunk]]:
        """Chunks of the ``wanted`` partitions, waiting up to ``WAIT_S``; what is fetched of other topics is dropped.

        Nothing is taken once ``holds`` is false: a call that began before a rebalance must not take what was fetched
        after it, from where recovery has put the position.
        """
        chunks: list[tuple[TP, Chunk]] = await self.call_thread(self._take, wanted, topics, holds)
        return chunks

    async def _take(
        self, wanted: frozenset[TP], topics: frozenset[str], holds: Callable[[], bool]
    ) -> list[tuple[TP, Chunk]]:
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise Consumer.consumer_stopped_errors[0]
        with fetcher._subscriptions.fetch_context():
            if fetcher._subscriptions.reassignment_in_progress or not wanted or not holds():
                await self.sleep(REST_S)
                return []
            chunks = list(_drain(fetcher, wanted, topics))
            if not chunks:
                waiter = fetcher._create_fetch_waiter()
                await _settled(waiter, WAIT_S)
                if holds() and not fetcher._closed and not fetcher._subscriptions.reassignment_in_progress:
                    chunks = list(_drain(fetcher, wanted, topics))
        return chunks

    async def offsets(self, partitions: list[TP]) -> Mapping[TP, tuple[int, int, int | None]]:
        """Per partition: log start, end, and the group's committed offset (None without one)."""
        found: Mapping[TP, tuple[int, int, int | None]] = await self.call_thread(self._offsets, partitions)
        return found

    async def _offsets(self, partitions: list[TP]) -> Mapping[TP, tuple[int, int, int | None]]:
        consumer = self._ensure_consumer()
        tps = [TopicPartition(tp.topic, tp.partition) for tp in partitions]
        first = await consumer.beginning_offsets(tps)
        end = await consumer.end_offsets(tps)
        return {
            ours: (first[tp], end[tp], await consumer.committed(tp)) for ours, tp in zip(partitions, tps, strict=True)
        }

    async def pause(self, partitions: set[TP]) -> None:
        """Fetch nothing from these partitions any more: changelogs are read by recovery, not by the consumer."""
        await self.call_thread(self._pause, partitions)

    async def _pause(self, partitions: set[TP]) -> None:
        self._ensure_consumer().pause(*(TopicPartition(tp.topic, tp.partition) for tp in partitions))


class ChunkConsumer(Consumer):
    """Faust's consumer, with chunks instead of messages."""

    _thread: ChunkConsumerThread

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        topics = frozenset(self.app.sources)
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)
                    continue
                generation = self.app.consumer_generation_id
                # A copy: the live set may become empty while a fetch waits, and would then stand for all partitions.
                wanted = frozenset(tp for tp in self._active_partitions if tp.topic in topics)

                def holds(generation: int = generation) -> bool:
                    return bool(self.flow_active and generation == self.app.consumer_generation_id)

                for tp, chunk in await self._thread.take(wanted, topics, holds):
                    if not holds():
                        break
                    message = self._chunk_message(tp, chunk)
                    await self.wait_first(self.callback(message), self.suspend_flow.wait())
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    def _chunk_message(self, tp: TP, chunk: Chunk) -> ChunkMessage:
        message = ChunkMessage(
            tp.topic,
            tp.partition,
            chunk.end - 1,
            0.0,
            0,
            None,
            None,
            b"",
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        message.chunk = chunk
        return message

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the counting plane go first: what it has in flight ends before another worker may begin."""
        await self.app.counting.release()
        await super().on_partitions_revoked(revoked)

    async def commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit next offsets by (topic, partition); a rebalance makes it void, which only means more replay."""
        await self._thread.commit({TP(*where): offset for where, offset in offsets.items()})

    async def offsets(self, partitions: Collection[tuple[str, int]]) -> Mapping[TP, tuple[int, int, int | None]]:
        """Per (topic, partition): log start, end, and the group's committed offset (None without one)."""
        return await self._thread.offsets([TP(*where) for where in sorted(partitions)])

    async def perform_seek(self) -> None:
        """Where to read on is decided by recovery from the progress cells, not from the committed offsets."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's own livelock detection does not know chunks; /livez watches the loop instead."""


class ChunkTransport(Transport):
    """aiokafka transport with the chunk consumer."""

    Consumer = ChunkConsumer


async def _settled(waiter: Any, seconds: float) -> None:
    done, _ = await asyncio.wait([waiter], timeout=seconds)
    if done:
        waiter.result()  # authorisation errors surface here
    else:
        waiter.cancel()


def _drain(fetcher: Fetcher, wanted: frozenset[TP], topics: frozenset[str]) -> Iterator[tuple[TP, Chunk]]:
    """All that has been fetched of ``wanted``, as ``Fetcher.fetched_records`` would return it, but by the fetch."""
    for tp in list(fetcher._records):
        ours = TP(tp.topic, tp.partition)
        if ours not in wanted and tp.topic in topics and fetcher._subscriptions.is_assigned(tp):
            continue
        result = fetcher._records.pop(tp)
        fetcher._notify(fetcher._wait_consume_future)
        if ours not in wanted:
            continue
        if type(result) is not FetchResult:
            result.check_raise()
        elif result.check_assignment(tp):
            with naming(tp):
                chunk = _unpack(result._partition_records)
            result._update_position()
            # A chunk of nothing but transaction markers still moves the position.
            if chunk.end > chunk.begin:
                yield ours, chunk


def _unpack(fetched: Any) -> Chunk:
    """The records of a fetch without their wrapping; the twin of ``PartitionRecords._unpack_records``."""
    fetched._records_iterator = None  # it holds the fetch buffer
    begin = fetched.next_fetch_offset
    offsets: list[int] = []
    timestamps: list[int] = []
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    headers: dict[int, dict[str, bytes]] = {}
    records = fetched._records
    while records.has_next():
        batch = records.next_batch()
        if not _wanted(fetched, batch):
            fetched.next_fetch_offset = batch.next_offset
            continue
        if records.dense and batch.base_offset >= fetched.next_fetch_offset:
            ours = batch
            offsets += range(batch.base_offset, batch.next_offset)
        else:
            ours = [record for record in batch if record.offset >= fetched.next_fetch_offset]
            offsets += [record.offset for record in ours]
        for record in ours:
            if record.headers:
                headers[len(values)] = dict(record.headers)
            timestamps.append(record.timestamp)
            keys.append(record.key)
            values.append(record.value)
        fetched.next_fetch_offset = batch.next_offset
    return Chunk(begin, fetched.next_fetch_offset, offsets, timestamps, values, headers, keys)


def _wanted(fetched: Any, batch: Any) -> bool:
    """Whether a batch holds records for us: no transaction markers, nothing of aborted transactions."""
    if fetched._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        fetched._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and fetched._contains_abort_marker(batch):
            fetched._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in fetched._aborted_producers:
            return False
    return not cast("bool", batch.is_control_batch)
