"""A board from start to stop: reads the changelogs, follows them, serves what they say."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import click
from aiokafka import TopicPartition

from listener.board.api import board_app
from listener.board.board import Board
from listener.board.closing import Closing, wall_clock_ms
from listener.board.history import series_begin
from listener.board.keeping import SnapshotPart
from listener.board.parts import BoardPart, alerting_part, authors_and_stories_of, board_parts, targets_part
from listener.board.settings import BoardSettings
from listener.board.snapshot import load
from listener.board.topics import Cluster
from listener.board.writer import SeriesPart
from listener.changelog import ChangelogReader, LostRecords
from listener.http import serve
from listener.kafka.settings import KafkaSettings

_log = logging.getLogger("listener.board.service")

#: Spans of cold windows that are packed after each batch: while the backlog is read, and later.
_TIDY_UNREAD = 1000
_TIDY = 10


async def follow(board: Board, settings: BoardSettings, cluster: Cluster) -> None:
    """Read from the snapshot or the beginning, then go on for ever; a broker that is away is waited for."""
    positions = None
    if settings.state_dir is not None:
        positions = await asyncio.to_thread(load, board, settings.state_dir, cluster, wall_clock_ms())
    if positions is not None:
        _log.info("going on from the snapshot: %d cells", sum(map(len, board.state.tables.values())))
        try:
            await _read(board, settings.kafka, positions)
        except LostRecords as error:
            _log.warning("the snapshot is left aside, everything is read anew: %s", error)
            board.forget()
    series = await series_begin(settings.kafka, settings.namespace, wall_clock_ms())
    await _read(board, settings.kafka, dict.fromkeys(cluster.assignment()) | series)


async def _read(board: Board, kafka: KafkaSettings, positions: Mapping[TopicPartition, int | None]) -> None:
    async with ChangelogReader(kafka, positions) as reader:
        board.reading = reader
        told = False
        while True:
            batch = await reader.next()
            if batch is not None:
                board.take(*batch)
                # A batch at a time: a request must not wait for the whole backlog.
                await asyncio.sleep(0)
            board.turn()
            # Packing what has become cold takes a millisecond or two a span; what came in must not wait for more.
            board.state.tidy(_TIDY_UNREAD if batch is not None and not reader.caught_up else _TIDY)
            if reader.caught_up and not told:
                told = True
                cells = sum(map(len, board.state.tables.values()))
                _log.info("caught up: %d cells, campaign set %s", cells, board.campaigns.version)


def all_parts(board: Board, settings: BoardSettings) -> list[BoardPart]:
    """What stands beside the counts: snapshots, closed minutes, all that ``board_parts`` lists, alerting, history."""
    others = board_parts(board, settings)
    closing = Closing(board, settings.rules)
    series = SeriesPart(board, closing, settings.kafka, authors_and_stories_of(others))

    def leading() -> bool:
        return series.election.term is not None

    snapshots = SnapshotPart(board, settings.state_dir, settings.snapshot_every_s)
    alerting = alerting_part(board, settings, others, leading)
    return [snapshots, series, *others, alerting, targets_part(board, settings, others, leading)]


async def run(settings: BoardSettings, stop_signals: Iterable[int]) -> None:
    """Serve until a stop signal; raises what ended the reading or a part."""
    stop = asyncio.Event()
    for number in stop_signals:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cluster = await asyncio.to_thread(Cluster.ask, settings.kafka, settings.namespace)
    board = Board(settings.namespace)
    parts = all_parts(board, settings)
    keeping = next(part for part in parts if isinstance(part, SnapshotPart))
    keeping.cluster = cluster
    host = settings.http_host
    async with serve(board_app(board, parts, settings.max_series), host, settings.http_port) as bound:
        click.echo(f"board: http://{host}:{bound}/  metrics: http://{host}:{bound}/metrics", err=True)
        work: list[Coroutine[Any, Any, object]] = [follow(board, settings, cluster), stop.wait()]
        tasks = [asyncio.create_task(one) for one in (*work, *(part.run() for part in parts))]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        await keeping.write()
