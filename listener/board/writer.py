"""Writes ``listener.series.v1``: every closed minute of every configured campaign, once, oldest first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from prometheus_client.core import Metric

from listener.board.board import Board
from listener.board.closing import Closing
from listener.board.leader import Election
from listener.board.parts import AuthorsAndStories, BoardPart
from listener.kafka.settings import KafkaSettings
from listener.metrics import family
from models.cells import METRICS
from models.series import ClosedMinute, pack_minute
from processors.closing import Plan, TopicNow, catching_up, completeness, delay_s, plan

_log = logging.getLogger("listener.board.writer")

LOOK_S: Final = 1.0
#: Records per write: below a broker's limit for a batch, and no longer than the event loop can spare.
_WRITE_RECORDS: Final = 2000
_BATCH_BYTES: Final = 900_000
_REQUEST_MS: Final = 20_000
#: Counts of minutes are kept so long (processors/retention.py); where retention is off, the series may begin earlier,
#: but no earlier than this.
_KEPT_S: Final = 96 * 3600
_FARTHEST_S: Final = 35 * 86_400
#: The first series of all has at most so many records.
_MOST_AT_FIRST: Final = 2_000_000

Send = Callable[[list[tuple[bytes, bytes]]], Awaitable[None]]


class SeriesWriter:
    """Writes what is due, while its board leads. ``send`` returns once the records are acknowledged, in order."""

    def __init__(
        self, board: Board, closing: Closing, election: Election, send: Send, authors_and_stories: AuthorsAndStories
    ) -> None:
        self.written = 0
        self.skipped = 0
        self._board = board
        self._closing = closing
        self._election = election
        self._send = send
        self._authors_and_stories = authors_and_stories
        self._term: int | None = None

    async def write(self) -> None:
        """Write all minutes that are closed and not written, or stop where another board leads.

        Before and after, the topic is read to its end: what this board or another wrote is then known, and after a
        write that failed, whether it is there or not.
        """
        term = self._election.term
        if term is None or self._closing.last is None:
            return
        series = [TopicPartition(self._board.namespace.series, 0)]
        if self._term != term:
            await self._board.read_to_present(series)
            self._term = term
        try:
            if await self._write_all(self._due(self._closing.last), term):
                await self._board.read_to_present(series)
        except KafkaError as error:
            _log.warning("closed minutes cannot be written (%r), trying again", error)
            self._term = None

    async def _write_all(self, due: Plan, term: int) -> bool:
        """Send what is due, batch by batch, while this board leads; whether anything was sent."""
        minutes = self._minutes(due)
        sent = False
        while batch := list(islice(minutes, _WRITE_RECORDS)):
            if self._election.term != term:
                return sent
            await self._send([(minute.key, pack_minute(minute)) for minute in batch])
            self.written += len(batch)
            sent = True
        return sent

    def _due(self, last: int) -> Plan:
        """What to write, from where this board knows that the topic ends."""
        written = self._board.closed.last
        campaigns = [campaign.id for campaign in self._board.campaigns.campaigns]
        found = plan(campaigns, written, last, self._oldest(last, len(campaigns)))
        gaps = [name for name, first in found.first.items() if name in written and first > written[name] + 60]
        self.skipped += sum((found.first[name] - written[name]) // 60 - 1 for name in gaps)
        return found

    def _oldest(self, last: int, campaigns: int) -> int:
        """The first minute that may be written: before it, no counts are kept."""
        earliest = self._board.state.oldest_minute()
        if self._board.closed.last:
            begin = min(last - _KEPT_S, last if earliest is None else earliest)
        else:
            begin = last if earliest is None else max(earliest, last - _MOST_AT_FIRST // max(1, campaigns) * 60)
        return max(begin, last - _FARTHEST_S)

    def _minutes(self, due: Plan) -> Iterator[ClosedMinute]:
        for minute in range(min(due.first.values(), default=due.last + 60), due.last + 60, 60):
            for campaign, first in due.first.items():
                if minute >= first:
                    yield self._minute(campaign, minute)

    def _minute(self, campaign: str, minute: int) -> ClosedMinute:
        closing = self._closing
        authors, stories = self._authors_and_stories(campaign, minute)
        until = closing.until
        return ClosedMinute(
            campaign=campaign,
            minute=minute,
            counts=self._counts(campaign, minute),
            authors=authors,
            stories=stories,
            completeness=completeness(closing.reaches.values(), minute, closing.rules),
            delay_s=0.0 if until is None else delay_s(until, minute),
            replayed=catching_up(closing.now, minute, closing.rules),
        )

    def _counts(self, campaign: str, minute: int) -> dict[str, dict[str, int]]:
        found = self._board.state.window("minute", campaign, minute)
        return {
            platform: {name: amount for name, amount in zip(METRICS, counters, strict=True) if amount}
            for platform, counters in found.items()
        }


class SeriesPart(BoardPart):
    """Closes minutes, takes part in the election, and writes where this board leads."""

    def __init__(self, board: Board, closing: Closing, kafka: KafkaSettings, knows: AuthorsAndStories) -> None:
        self.closing = closing
        self.election = Election(kafka, board.namespace)
        self._topic = SeriesTopic(kafka, board.namespace.series)
        self.writer = SeriesWriter(board, closing, self.election, self._topic.send, knows)
        self._board = board
        self._topics: list[TopicNow] = []
        self._snapshot: dict[str, float] = {}
        self.prepare()

    def prepare(self) -> None:
        """The snapshot of the metrics."""
        board, closing = self._board, self.closing
        configured = [campaign.id for campaign in board.campaigns.campaigns]
        last = min((board.closed.last[name] for name in configured if name in board.closed.last), default=None)
        self._snapshot = {
            "listener_board_leader": int(self.election.term is not None),
            "listener_series_written_records": self.writer.written,
            "listener_series_repeated_records": board.closed.repeated,
            "listener_series_skipped_minutes": self.writer.skipped,
            "listener_series_lag_seconds": max(0, closing.last - last) if closing.last and last else 0,
        }
        self._topics = list(board.topics)

    def collect(self) -> Iterable[Metric]:
        """The metrics of closing and leading."""
        for name, value in self._snapshot.items():
            yield family(name, [((), value)])
        topics = self._topics
        yield family("listener_topic_completeness", [((one.topic,), one.completeness) for one in topics])
        yield family("listener_topic_replaying", [((one.topic,), int(one.replaying)) for one in topics])
        read = [(one.topic, one.until, one.delay_s) for one in topics if one.until is not None]
        yield family("listener_topic_read_timestamp_seconds", [((topic,), until / 1000) for topic, until, _ in read])
        yield family("listener_topic_delay_seconds", [((topic,), delay or 0.0) for topic, _, delay in read])

    async def run(self) -> None:
        """Once a second, as soon as the board has caught up."""
        await self._board.wait_until_caught_up()
        election = asyncio.create_task(self.election.run())
        try:
            while not election.done():
                await self.closing.look()
                await self.writer.write()
                await asyncio.sleep(LOOK_S)
            election.result()
        finally:
            election.cancel()
            await asyncio.gather(election, return_exceptions=True)
            await self._topic.close()


class SeriesTopic:
    """The producer of closed minutes; connects at the first record, and anew after a failure."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: list[tuple[bytes, bytes]]) -> None:
        """Append records; they are acknowledged, in this order, when it returns. KafkaError: some may be there."""
        try:
            await self._append_all(records)
        except KafkaError:
            # An idempotent producer that has failed once may fail for ever.
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _append_all(self, records: list[tuple[bytes, bytes]]) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                **self._kafka.aiokafka(),
                acks="all",
                enable_idempotence=True,
                compression_type="gzip",
                max_batch_size=_BATCH_BYTES,
                max_request_size=_BATCH_BYTES + 100_000,
                request_timeout_ms=_REQUEST_MS,
            )
            await self._producer.start()
        batch = self._producer.create_batch()
        for key, value in records:
            if batch.append(timestamp=None, key=key, value=value) is None:
                await self._append(self._producer, batch)
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        await self._append(self._producer, batch)

    async def _append(self, producer: AIOKafkaProducer, batch: BatchBuilder) -> None:
        """One batch after the other: were two in flight, the second could stay where the first failed."""
        await (await producer.send_batch(batch, self._topic, partition=0))
