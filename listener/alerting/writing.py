"""Records of the incidents topic, written until Kafka has them; of each key the newest is enough."""

import asyncio
import logging
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from listener.kafka.settings import KafkaSettings
from models.incident import IncidentRecord, pack_incident

_log = logging.getLogger("listener.alerting.writing")

_AGAIN_S: Final = 1.0
#: A snapshot of a campaign with many platforms.
_LARGEST: Final = 8 * 1024 * 1024


class Writer:
    """What is still to be written, by key. ``run`` until cancelled."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._pending: dict[bytes, bytes] = {}
        self._wake = asyncio.Event()

    def write(self, record: IncidentRecord) -> None:
        """Write this, instead of an older record of the same key that is still waiting."""
        self._pending.pop(record.key, None)
        self._pending[record.key] = pack_incident(record)
        self._wake.set()

    @property
    def pending(self) -> int:
        """Records that Kafka does not have yet."""
        return len(self._pending)

    async def run(self) -> None:
        """Write; a broker that is away is waited for."""
        producer = AIOKafkaProducer(
            **self._kafka.aiokafka(), acks="all", enable_idempotence=True, max_request_size=_LARGEST
        )
        try:
            await producer.start()
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._flush(producer)
        finally:
            await producer.stop()

    async def _flush(self, producer: AIOKafkaProducer) -> None:
        while self._pending:
            key, value = next(iter(self._pending.items()))
            try:
                await producer.send_and_wait(self._topic, key=key, value=value, partition=0)
            except KafkaError as error:
                _log.warning("%s does not take records (%r), trying on", self._topic, error)
                await asyncio.sleep(_AGAIN_S)
                continue
            if self._pending.get(key) == value:
                del self._pending[key]
