"""What quotes a deleted mention goes with it: marks of relevance, and the examples of incidents.

A post that its author deleted leaves the mentions topic and the store by its tombstone. People's marks hold its text
too, and incidents quote examples: every board takes both back a little later. That several boards do so is harmless.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from listener.changelog import read_to_end
from listener.errors import UsageProblem
from listener.forget import Found, Quoting
from listener.kafka.settings import KafkaSettings
from models.incident import pack_incident
from models.topics import Namespace

_log = logging.getLogger("listener.board.erasing")

#: Deletions are gathered for so long (seconds): the incidents are read once for all of them.
GATHER_S: Final = 30.0


class Eraser:
    """Gathers deletions and takes back what quotes them. ``producer`` gives one that is connected."""

    def __init__(
        self,
        kafka: KafkaSettings,
        namespace: Namespace,
        producer: Callable[[], Awaitable[AIOKafkaProducer]],
        gather_s: float = GATHER_S,
    ) -> None:
        self._kafka = kafka
        self._namespace = namespace
        self._producer = producer
        self._gather_s = gather_s
        self._gone: dict[tuple[str, str], int] = {}

    def deleted(self, campaign: str, entity: str) -> None:
        """A mention is gone."""
        self._gone[campaign, entity] = 0

    async def run(self) -> None:
        """Erase now and then, until cancelled; what Kafka does not take is tried again."""
        while True:
            await asyncio.sleep(self._gather_s)
            if self._gone:
                await self._try()

    async def _try(self) -> None:
        gone, self._gone = self._gone, {}
        try:
            await self.erase(gone)
        except (KafkaError, UsageProblem) as error:
            _log.warning("what quotes deleted mentions is not taken back yet: %r", error)
            self._gone = gone | self._gone

    async def erase(self, gone: dict[tuple[str, str], int]) -> None:
        """Take back the marks of these mentions, and their quotes in incidents."""
        producer, feedback = await self._producer(), self._namespace.feedback
        for campaign, entity in gone:
            key = f"relevance|{campaign}|{entity}".encode()
            await producer.send(feedback, key=key, value=None, partition=0)
        quoting = Quoting(Found(frozenset(), lambda _line: None, gone))
        await read_to_end(self._kafka, [TopicPartition(self._namespace.incidents, 0)], quoting.take)
        for key, incident in quoting.incidents.items():
            await producer.send_and_wait(self._namespace.incidents, key=key, value=pack_incident(incident), partition=0)
        await producer.flush()
