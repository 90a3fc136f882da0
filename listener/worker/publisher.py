"""Durable writes: one record batch per changelog partition and flush, in the bytes that Faust's tables use."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from listener.kafka.settings import KafkaSettings
from models import cells
from models.outcome import DeadLetter
from models.topics import Namespace
from processors.overlay import FlushPlan

#: Below a broker's default limit of 1 MiB per batch.
BATCH_BYTES: Final = 900_000
#: A write that takes longer is given up, and with it the process: a worker that lost its partitions must not append
#: minutes later.
REQUEST_S: Final = 20.0

#: Key and value; None is a tombstone.
Record = tuple[bytes, bytes | None]


def create_producer(kafka: KafkaSettings) -> AIOKafkaProducer:
    """The worker's producer: acknowledged by all in-sync replicas, no duplicates from its own retries."""
    return AIOKafkaProducer(
        **kafka.aiokafka(),
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=BATCH_BYTES + 100_000,
        request_timeout_ms=int(REQUEST_S * 1000),
    )


class Publisher:
    """Writes flush plans; every method returns only when the broker has acknowledged all of it."""

    def __init__(self, producer: AIOKafkaProducer, namespace: Namespace) -> None:
        self.producer = producer
        self.namespace = namespace

    async def first(self, partition: int, plan: FlushPlan) -> None:
        """The cells and the progress cell."""
        await self.tables(partition, plan.cells)

    async def then(self, partition: int, plan: FlushPlan) -> None:
        """Dead letters, then entities and tombstones: only after ``first``.

        Once an entity is durable no replay comes to its letters again; and a letter written before the progress cell
        may be of a record that another campaign set judges otherwise.
        """
        await self._letters(plan.letters)
        tables: dict[str, list[Record]] = {cells.ENTITIES: list(plan.entities)}
        for table, keys in plan.tombstones.items():
            tables.setdefault(table, []).extend((key, None) for key in keys)
        await self.tables(partition, tables)

    async def tables(self, partition: int, tables: Mapping[str, Iterable[Record]]) -> None:
        """Records of several tables, each to this partition of its changelog."""
        pending = []
        for table, records in tables.items():
            pending += await self._send(self.namespace.changelog(table), partition, records)
        await asyncio.gather(*pending)

    async def _send(self, topic: str, partition: int, records: Iterable[Record]) -> list[asyncio.Future[object]]:
        futures: list[asyncio.Future[object]] = []
        batch = self.producer.create_batch()
        for key, value in records:
            if batch.append(timestamp=None, key=key, value=value) is None:
                futures.append(await self.producer.send_batch(batch, topic, partition=partition))
                batch = self.producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        if batch.record_count():
            futures.append(await self.producer.send_batch(batch, topic, partition=partition))
        return futures

    async def _letters(self, letters: Iterable[DeadLetter]) -> None:
        topic = self.namespace.dead_letters
        futures = [
            await self.producer.send(topic, key=one.origin_key, value=msgspec.json.encode(one)) for one in letters
        ]
        await asyncio.gather(*futures)
