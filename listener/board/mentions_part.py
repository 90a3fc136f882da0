"""The mentions as a part of the board: the store, what it reads, its routes and metrics."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client.core import Metric

from listener.board.board import Board
from listener.board.erasing import Eraser
from listener.board.mentions import MentionRoutes
from listener.board.parts import BoardPart
from listener.board.store import Follower, MentionStore
from listener.kafka.settings import KafkaSettings
from listener.metrics import family
from models.feedback import Feedback, pack_feedback
from models.topics import Namespace

_log = logging.getLogger("listener.board.mentions")

#: A mark that Kafka has not taken after so long is reported as not taken.
_SAY_S: Final = 10.0


class Feedbacks:
    """Writes feedback records, each durable before ``say`` returns; connects at the first one."""

    def __init__(self, kafka: KafkaSettings, namespace: Namespace) -> None:
        self._kafka = kafka
        self._topic = namespace.feedback
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()

    async def say(self, feedback: Feedback) -> None:
        """Write one record; HTTPServiceUnavailable where Kafka does not take it."""
        try:
            async with asyncio.timeout(_SAY_S):
                producer = await self.connected()
                key = feedback.subject.encode()
                await producer.send_and_wait(self._topic, key=key, value=pack_feedback(feedback), partition=0)
        except (KafkaError, TimeoutError) as error:
            _log.warning("feedback was not taken: %r", error)
            raise web.HTTPServiceUnavailable(
                text="Kafka does not take it now: try again", headers={"Retry-After": "5"}
            ) from error

    async def stop(self) -> None:
        """Close the connection."""
        if self._producer is not None:
            await self._producer.stop()

    async def connected(self) -> AIOKafkaProducer:
        """The producer, connected at the first use."""
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._kafka.aiokafka(), acks="all", enable_idempotence=True)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


class MentionsPart(BoardPart):
    """Keeps mentions in ``directory``; without one in a temporary directory that goes when the board stops."""

    def __init__(self, board: Board, kafka: KafkaSettings, namespace: Namespace, directory: Path | None) -> None:
        self.store = MentionStore(directory)
        self.feedback = Feedbacks(kafka, namespace)
        self.eraser = Eraser(kafka, namespace, self.feedback.connected)
        self.follower = Follower(self.store, kafka, namespace, deleted=self.eraser.deleted)
        self.routes = MentionRoutes(board, self.store, self.feedback.say, self.complete)
        self.authors_and_stories = self.store.authors_and_stories
        self._snapshot = (0, 0, 0)

    def complete(self) -> bool:
        """Whether the store has read all that was there at the start."""
        return self.follower.caught_up

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        self.routes.install(app)

    async def run(self) -> None:
        """Follow the topics until cancelled."""
        with self.store:
            erasing = asyncio.create_task(self.eraser.run())
            try:
                await self.follower.run()
            finally:
                erasing.cancel()
                await asyncio.gather(erasing, return_exceptions=True)
                await self.feedback.stop()

    def missing(self) -> Mapping[str, object]:
        """Mentions that were there at the start and are not in the store yet."""
        return {} if self.follower.caught_up else {"mentions_unread": self.follower.unread}

    def prepare(self) -> None:
        """The snapshot of the metrics."""
        self._snapshot = (int(self.follower.caught_up), self.follower.unread, self.store.unreadable)

    def collect(self) -> Iterable[Metric]:
        """The metrics of the store."""
        caught_up, unread, unreadable = self._snapshot
        yield family("listener_board_mentions_caught_up", [((), caught_up)])
        yield family("listener_board_mentions_unread_records", [((), unread)])
        yield family("listener_board_mentions_unreadable_records", [((), unreadable)])
