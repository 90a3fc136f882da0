"""Durable writes: one record batch per changelog partition and flush, in the bytes that Faust's tables use."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from listener.kafka.settings import KafkaSettings
from listener.worker.places import Place
from models import cells
from models.outcome import DeadLetter
from models.post import MAX_RECORD_BYTES
from models.topics import Namespace
from processors.overlay import FlushPlan

#: Below a broker's default limit of 1 MiB per batch.
BATCH_BYTES: Final = 900_000
#: Largest single record: a mention with a long text, as it is and normalised.
RECORD_BYTES: Final = 3 * MAX_RECORD_BYTES
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
        max_request_size=RECORD_BYTES,
        request_timeout_ms=int(REQUEST_S * 1000),
    )


class Publisher:
    """Writes flush plans; every method returns only when the broker has acknowledged all of it."""

    def __init__(self, producer: AIOKafkaProducer, namespace: Namespace) -> None:
        self.producer = producer
        self.namespace = namespace

    async def first(self, place: Place, plan: FlushPlan) -> None:
        """The cells and the progress cell."""
        await self.tables(place, plan.cells)

    async def then(self, place: Place, plan: FlushPlan) -> None:
        """Dead letters and mentions, then entities and tombstones: only after ``first``.

        Once an entity is durable no replay comes to its letters and mentions again; and a letter written before the
        progress cell may be of a record that another campaign set judges otherwise.
        """
        await asyncio.gather(self._letters(plan.letters), self.mentions(place, plan.mentions))
        tables: dict[str, list[Record]] = {cells.ENTITIES: list(plan.entities)}
        for table, keys in plan.tombstones.items():
            tables.setdefault(table, []).extend((key, None) for key in keys)
        await self.tables(place, tables)

    async def mentions(self, place: Place, records: Iterable[Record]) -> None:
        """Mentions and their tombstones, to the partition of their source."""
        await asyncio.gather(*await self._send(self.namespace.mentions, place.partition, records))

    async def trace(self, records: Iterable[Record]) -> None:
        """What a recount must know, beside the campaign sets (models/trace.py)."""
        await asyncio.gather(*await self._send(self.namespace.campaigns, 0, records))

    async def tables(self, place: Place, tables: Mapping[str, Iterable[Record]]) -> None:
        """Records by short name of a table of the place's stream, each to its partition of the changelog."""
        pending = []
        for table, records in tables.items():
            changelog = self.namespace.changelog(place.stream.table(table))
            pending += await self._send(changelog, place.partition, records)
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
