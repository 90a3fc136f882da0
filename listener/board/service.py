"""A board from start to stop: reads the changelogs, follows them, serves what they say."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import click
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from listener.board.api import board_app
from listener.board.state import BoardState
from listener.changelog import ChangelogReader, Records
from listener.http import serve
from listener.kafka.settings import KafkaSettings
from listener.worker.cluster import partitions_of
from models.campaign import CampaignSet
from models.cells import CELL_TABLES, PROGRESS
from models.topics import Namespace

_log = logging.getLogger("listener.board.service")

#: Seconds that one read waits for new records; and that a board waits after an error before it reads on.
WAIT_S = 0.5
AGAIN_S = 2.0


@dataclass
class Board:
    """What a board knows and how far it has read. One writer: the reading task."""

    namespace: Namespace
    state: BoardState = field(default_factory=BoardState)
    campaigns: CampaignSet = field(default_factory=CampaignSet)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    caught_up: bool = False

    @property
    def lag(self) -> int:
        """Changelog records up to the ends as last asked for that are not read yet."""
        return sum(max(0, end - self.positions.get(tp, 0)) for tp, end in self.ends.items())

    def take(self, tp: TopicPartition, records: Records) -> None:
        """Take over records of one topic partition."""
        if tp.topic == self.namespace.campaigns:
            for _, _, value in records:
                if value is not None:
                    self.campaigns = CampaignSet.from_json(value)
            return
        table = self._tables[tp.topic]
        for _, key, value in records:
            self.state.apply(table, key, value)

    def __post_init__(self) -> None:
        self._tables = {self.namespace.changelog(table): table for table in (*CELL_TABLES, PROGRESS)}

    def partitions(self, number: int) -> list[TopicPartition]:
        """All topic partitions that a board reads, for ``number`` partitions of the posts."""
        changelogs = [TopicPartition(topic, one) for topic in self._tables for one in range(number)]
        return [*changelogs, TopicPartition(self.namespace.campaigns, 0)]


async def follow(board: Board, kafka: KafkaSettings, partitions: int) -> None:
    """Read from the beginning, then go on for ever; a broker that is away is waited for."""
    board.positions = dict.fromkeys(board.partitions(partitions), 0)
    while True:
        try:
            await _follow_once(board, kafka)
        except (KafkaError, OSError) as error:
            _log.warning("reading the changelogs failed, going on in %.0f s: %s", AGAIN_S, error)
            await asyncio.sleep(AGAIN_S)


async def _follow_once(board: Board, kafka: KafkaSettings) -> None:
    async with ChangelogReader(kafka, board.positions) as reader:
        board.ends = await reader.ends()
        while True:
            for tp, records in await reader.next(WAIT_S):
                board.take(tp, records)
                # A step at a time: a scrape or a request in between must not wait for the whole backlog.
                await asyncio.sleep(0)
            board.positions = dict(reader.positions)
            if not board.caught_up and board.lag == 0:
                board.caught_up = True
                _log.info("caught up: %d cells", sum(map(len, board.state.cells.values())))


async def run(kafka: KafkaSettings, namespace: Namespace, host: str, port: int, stop_signals: Iterable[int]) -> None:
    """Serve until a stop signal."""
    stop = asyncio.Event()
    for number in stop_signals:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    partitions = await asyncio.to_thread(partitions_of, kafka, namespace)
    board = Board(namespace)
    async with serve(board_app(board), host, port) as bound:
        click.echo(f"board: http://{host}:{bound}/api/campaigns  metrics: http://{host}:{bound}/metrics", err=True)
        reading = asyncio.create_task(follow(board, kafka, partitions))
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait([reading, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if reading.done():
            reading.result()
        reading.cancel()
