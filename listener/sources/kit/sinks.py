"""Kafka as the place where records and cursors go; and standard output, for a look."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from listener.errors import Halt
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import topic_id
from listener.sources.kit.output import Outgoing
from models.cursor import SEPARATOR, SourceCursor, cursor_key
from models.post import MAX_RECORD_BYTES
from models.topics import Namespace

#: Above the largest record, its key and headers.
_REQUEST_BYTES: Final = MAX_RECORD_BYTES + 65_536
_BATCH_BYTES: Final = 512 * 1024
#: Waiting so long for company fills batches; no reader notices it.
_LINGER_MS: Final = 20


class KafkaSink:
    """Records to their topics, cursors to theirs; every method returns when all in-sync replicas have them."""

    def __init__(self, producer: Any, namespace: Namespace, source: str) -> None:
        self._producer = producer
        self._namespace = namespace
        self._source = source

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Raises Halt when Kafka does not take them: a restart reads them again from the saved cursor."""
        with _halting():
            pending = [
                await self._producer.send(self._namespace.prefix + record.topic, record.value, record.key)
                for record in records
            ]
            await asyncio.gather(*pending)

    async def save(self, cursors: Mapping[str, Any]) -> None:
        """Raises Halt when Kafka does not take them."""
        topic = self._namespace.source_cursors
        with _halting():
            pending = [
                await self._producer.send(topic, self._value(part, cursor), cursor_key(self._source, part))
                for part, cursor in cursors.items()
            ]
            await asyncio.gather(*pending)

    def _value(self, part: str, cursor: Any) -> bytes | None:
        return None if cursor is None else msgspec.json.encode(SourceCursor(self._source, part, cursor))


class StdoutSink:
    """Records as NDJSON on a stream; cursors are not kept."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Write one line for each."""
        self._stream.writelines(record.value + b"\n" for record in records)
        self._stream.flush()

    async def save(self, cursors: Mapping[str, Any]) -> None:
        """Nothing: the next run begins anew."""


@contextlib.contextmanager
def _halting() -> Any:
    try:
        yield
    except KafkaError as error:
        raise Halt(
            f"Kafka does not take the records of the source ({error!r}); they are read again after a restart"
        ) from error


@contextlib.asynccontextmanager
async def kafka_sink(
    kafka: KafkaSettings, namespace: Namespace, source: str, topics: Sequence[str]
) -> AsyncIterator[KafkaSink]:
    """A sink with an idempotent producer. Raises UsageProblem when one of ``topics`` is not there."""
    for topic in (*(namespace.prefix + topic for topic in topics), namespace.source_cursors):
        await asyncio.to_thread(topic_id, kafka, topic)
    producer = AIOKafkaProducer(
        **kafka.aiokafka(),
        acks="all",
        enable_idempotence=True,
        linger_ms=_LINGER_MS,
        max_batch_size=_BATCH_BYTES,
        max_request_size=_REQUEST_BYTES,
    )
    await producer.start()
    try:
        yield KafkaSink(producer, namespace, source)
    finally:
        await producer.stop()


async def load_cursors(kafka: KafkaSettings, namespace: Namespace, source: str) -> dict[str, Any]:
    """The saved cursors of a source by part: the latest of each key of the compacted topic."""
    found: dict[str, Any] = {}
    where = TopicPartition(namespace.source_cursors, 0)
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        end = (await consumer.end_offsets([where]))[where]
        while await consumer.position(where) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    _take(found, source, record.key, record.value)
    finally:
        await consumer.stop()
    return found


def _take(found: dict[str, Any], source: str, key: bytes, value: bytes | None) -> None:
    name, _, part = key.decode(errors="replace").partition(SEPARATOR)
    if name != source:
        return
    if value is None:
        found.pop(part, None)
    else:
        found[part] = msgspec.json.decode(value, type=SourceCursor).cursor
