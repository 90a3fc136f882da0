"""Sending the records of the input files to Kafka, in file order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
from aiokafka import AIOKafkaProducer
from msgspec import Struct

from listener.inputs.reading import partition
from listener.inputs.records import InputRecord
from listener.kafka.settings import KafkaSettings
from models.post import MAX_RECORD_BYTES, Time
from models.streams import STREAM_BY_TOPIC

#: Bytes per partition that may wait to be sent.
_BATCH_BYTES: Final = 512 * 1024
#: Above the largest record, its key and headers.
_REQUEST_BYTES: Final = MAX_RECORD_BYTES + 65_536
#: Let other tasks run after so many records, even if sending never waits.
_BREATHE: Final = 500
#: Shorter waits are not worth a timer.
_SHORTEST_WAIT_S: Final = 0.005


class Pace(Protocol):
    """How long to wait before a record."""

    def wait_s(self, record: InputRecord, number: int, now: float) -> float:
        """Seconds from ``now`` (monotonic clock) until the record may be sent, as the ``number``-th; 0 or less: now.

        It is asked again after the wait.
        """


class _When(Struct):
    observed_at: Time


class RealTime:
    """``speed`` times the rate at which the records were observed; those out of order go at once."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start: tuple[float, float] | None = None

    def wait_s(self, record: InputRecord, number: int, now: float) -> float:
        """Seconds until the record's own time has come."""
        del number
        try:
            moment = msgspec.json.decode(record.value, type=_When).observed_at.timestamp()
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
            return 0.0
        if self._start is None:
            self._start = (now, moment)
        began, first = self._start
        return began + (moment - first) / self._speed - now


@dataclass
class Sent:
    """Records sent so far, and the next offset by (topic, partition) once all are acknowledged."""

    records: int = 0
    next_offsets: dict[tuple[str, int], int] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def producer_for(kafka: KafkaSettings) -> AsyncIterator[Any]:
    """An idempotent producer (acknowledged by all replicas, order kept per partition)."""
    producer = AIOKafkaProducer(
        **kafka.aiokafka(),
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        max_request_size=_REQUEST_BYTES,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def produce(
    records: Iterable[InputRecord],
    producer: Any,
    prefix: str,
    partitions: int,
    *,
    sent: Sent,
    pace: Pace | None = None,
    clock: Callable[[], float],
) -> None:
    """Send the records to their topics and wait until all are acknowledged; ``sent`` is kept up to date.

    ``prefix`` goes before every topic's name. Raises Kafka's own errors.
    """
    last: dict[tuple[str, int], asyncio.Future[Any]] = {}
    failures: list[BaseException] = []

    def check(future: asyncio.Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()):
            failures.append(error)

    for record in records:
        while pace and (wait := pace.wait_s(record, sent.records, clock())) > _SHORTEST_WAIT_S:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(wait)
        number = partition(record.key, STREAM_BY_TOPIC[record.topic].partitions or partitions)
        future = await producer.send(
            prefix + record.topic, record.value, record.key, partition=number, headers=list(record.headers)
        )
        future.add_done_callback(check)
        last[record.topic, number] = future
        sent.records += 1
        if failures:
            raise failures[0]
        if sent.records % _BREATHE == 0:
            await asyncio.sleep(0)
    for where, future in last.items():
        sent.next_offsets[where] = (await future).offset + 1
    if failures:
        raise failures[0]
