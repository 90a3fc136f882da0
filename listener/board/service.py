"""A board from start to stop: reads the changelogs from the beginning, follows them, serves what they say."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

import click

from listener.board.api import board_app
from listener.board.board import Board
from listener.changelog import ChangelogReader
from listener.http import serve
from listener.kafka.settings import KafkaSettings
from listener.worker.cluster import partitions_of
from models.topics import Namespace

_log = logging.getLogger("listener.board.service")


async def follow(board: Board, kafka: KafkaSettings, partitions: int) -> None:
    """Read from the beginning, then go on for ever; a broker that is away is waited for."""
    async with ChangelogReader(kafka, dict.fromkeys(board.partitions(partitions))) as reader:
        board.reading = reader
        told = False
        while True:
            batch = await reader.next()
            if batch is not None:
                board.take(*batch)
                # A batch at a time: a request must not wait for the whole backlog.
                await asyncio.sleep(0)
            if reader.caught_up and not told:
                told = True
                cells = sum(len(table.cells) for table in board.state.tables.values())
                _log.info("caught up: %d cells, campaign set %s", cells, board.campaigns.version)


async def run(kafka: KafkaSettings, namespace: Namespace, host: str, port: int, stop_signals: Iterable[int]) -> None:
    """Serve until a stop signal; raises what ended the reading."""
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
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
