"""Which board leads: the one that Kafka gives the only partition of a consumer group over the series topic.

A board that loses the partition stops writing at once. One that was frozen and does not know yet may still send a
minute: readers take the first record of a minute only, so that changes nothing for anybody (listener/board/closed.py).
"""

import asyncio
import logging
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from listener.kafka.settings import KafkaSettings
from models.topics import Namespace

_log = logging.getLogger("listener.board.leader")

#: Another board leads so long after the leader has died (seconds).
SESSION_S: Final = 10.0
_POLL_MS: Final = 500
_AGAIN_S: Final = 1.0


def leader_group(namespace: Namespace) -> str:
    """The consumer group in which boards elect the one that writes."""
    return f"{namespace.app}-boards"


class Election(ConsumerRebalanceListener):  # type: ignore[misc]
    """``term`` is None while another board leads, else a number that no other term of this board has."""

    def __init__(self, kafka: KafkaSettings, namespace: Namespace, session_s: float = SESSION_S) -> None:
        self.term: int | None = None
        self._terms = 0
        self._kafka = kafka
        self._topic = namespace.series
        self._group = leader_group(namespace)
        self._session_s = session_s
        self._consumer: AIOKafkaConsumer | None = None

    async def run(self) -> None:
        """Take part until cancelled; a broker that is away is waited for."""
        while True:
            try:
                await self._take_part()
            except KafkaError as error:
                _log.warning("no part in the election of the leader (%r), trying on", error)
            await asyncio.sleep(_AGAIN_S)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:  # noqa: ARG002 - there is one
        """Stop leading."""
        if self.term is not None:
            _log.info("another board may lead now")
        self.term = None

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Lead, where the partition is ours."""
        if not assigned or self._consumer is None:
            return
        # The group only elects: nothing is fetched with it.
        self._consumer.pause(*assigned)
        self._terms += 1
        self.term = self._terms
        _log.info("this board leads: it writes the closed minutes")

    async def _take_part(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._kafka.aiokafka(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=int(self._session_s * 1000),
            heartbeat_interval_ms=int(self._session_s * 1000 / 3),
        )
        self._consumer = consumer
        consumer.subscribe([self._topic], listener=self)
        try:
            await consumer.start()
            while True:
                await consumer.getmany(timeout_ms=_POLL_MS)
        finally:
            self.term = None
            self._consumer = None
            await consumer.stop()
