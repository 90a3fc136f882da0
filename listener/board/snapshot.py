"""A board's state in a file: a restart reads on from there instead of from the beginning of every changelog.

Form: a line that says what it is, the SHA-256 of the rest, then frames: four bytes of length, and MessagePack. It is
written beside the old one and moved over it, so a board that dies leaves one or the other. Whatever is wrong with it
(cut short, of another version, of other topics, too old), it is left aside, and everything is read anew.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec
from aiokafka import TopicPartition

from listener.board.blocks import Block, Windows
from listener.board.board import Board
from listener.board.closed import Kept
from listener.board.state import BoardState
from listener.board.topics import Cluster
from models.campaign import Campaign, CampaignSet
from models.progress import Progress

_log = logging.getLogger("listener.board.snapshot")

FILE: Final = "board.snapshot"
_MAGIC: Final = b"listener board snapshot 1\n"
_DIGEST: Final = hashlib.sha256
#: A changelog keeps the tombstone of a cell for a day after compaction (delete.retention.ms): who reads on from an
#: older state might never hear that a cell is gone.
MAX_AGE_MS: Final = 12 * 3_600_000
#: Cells in one frame: encoding holds the interpreter, and the event loop waits meanwhile.
_CELLS: Final = 5000
_READ: Final = 1 << 20

Positions = dict[TopicPartition, int]


class Head(msgspec.Struct, tag="head", array_like=True):
    """Of which topics (name → Kafka's id), read up to where, and what is small."""

    app: str
    written_at: int
    ids: dict[str, str]
    positions: list[tuple[str, int, int]]
    campaigns: CampaignSet
    known: dict[str, Campaign]
    progress: list[tuple[str, int, Progress]]


class Cells(msgspec.Struct, tag="cells", array_like=True):
    """Warm cells of a table."""

    table: str
    cells: dict[bytes, bytes]


class Totals(msgspec.Struct, tag="totals", array_like=True):
    """The totals of a campaign's warm windows."""

    table: str
    campaign: str
    windows: Windows


class Blocks(msgspec.Struct, tag="blocks", array_like=True):
    """The cold windows of a campaign."""

    table: str
    campaign: str
    spans: dict[int, Block]


class Closed(msgspec.Struct, tag="closed", array_like=True):
    """The closed minutes."""

    kept: Kept


class End(msgspec.Struct, tag="end", array_like=True):
    """Nothing is missing."""

    end: Literal[True] = True


Frame = Head | Cells | Totals | Blocks | Closed | End
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


class Unusable(Exception):  # noqa: N818 - it says what it is
    """A snapshot that is no footing to go on from; the message says why."""


class Snapshot:
    """A board's state at one moment, sharing nothing with it that changes. Taking it is quick, writing it is not."""

    def __init__(self, board: Board, cluster: Cluster, now: int) -> None:
        positions = board.reading.positions if board.reading else {}
        self._head = Head(
            app=board.namespace.app,
            written_at=now,
            ids=cluster.ids,
            positions=[(tp.topic, tp.partition, offset) for tp, offset in positions.items()],
            campaigns=board.campaigns,
            known=dict(board.known),
            progress=[(topic, number, cell) for (topic, number), cell in board.state.progress.items()],
        )
        self._tables = {name: table.dump() for name, table in board.state.tables.items()}
        self._closed = board.closed.dump()

    def write(self, directory: Path) -> int:
        """Write it into ``directory``; returns its size in bytes."""
        directory.mkdir(parents=True, exist_ok=True)
        temporary = directory / f"{FILE}.new"
        with temporary.open("wb") as file:
            file.write(_MAGIC)
            file.write(bytes(_DIGEST().digest_size))
            digest = _DIGEST()
            for frame in self._frames():
                data = _encode(frame)
                for part in (len(data).to_bytes(4, "big"), data):
                    digest.update(part)
                    file.write(part)
            size = file.tell()
            file.seek(len(_MAGIC))
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / FILE)
        return size

    def _frames(self) -> Iterator[Frame]:
        yield self._head
        for name, (cells, totals, blocks) in self._tables.items():
            left = iter(cells.items())
            while some := dict(islice(left, _CELLS)):
                yield Cells(name, some)
            yield from (Totals(name, campaign, windows) for campaign, windows in totals.items())
            yield from (Blocks(name, campaign, spans) for campaign, spans in blocks.items())
        yield Closed(self._closed)
        yield End()


def load(board: Board, directory: Path, cluster: Cluster, now: int) -> Positions | None:
    """Give a new board the state in ``directory``; returns where to read on, None where it must begin anew."""
    file = directory / FILE
    try:
        head, frames = _read(file)
        _check(head, board, cluster, now)
        _restore(board, head, frames)
    except FileNotFoundError:
        return None
    except (Unusable, OSError, msgspec.MsgspecError, ValueError) as error:
        _log.warning("%s is left aside (%s): everything is read anew", file, error)
        return None
    return {TopicPartition(topic, number): offset for topic, number, offset in head.positions}


def _read(file: Path) -> tuple[Head, list[Frame]]:
    with file.open("rb") as source:
        if source.readline(len(_MAGIC)) != _MAGIC:
            raise Unusable("it is no snapshot of this version")
        expected = source.read(_DIGEST().digest_size)
        begin = source.tell()
        if _digest_of(source) != expected:
            raise Unusable("it is damaged")
        source.seek(begin)
        frames = [_decode(data) for data in _data(source)]
    if not frames or not isinstance(frames[0], Head) or not isinstance(frames[-1], End):
        raise Unusable("it is damaged")
    return frames[0], frames[1:]


def _digest_of(source: BinaryIO) -> bytes:
    digest = _DIGEST()
    while data := source.read(_READ):
        digest.update(data)
    return digest.digest()


def _data(source: BinaryIO) -> Iterator[bytes]:
    while length := source.read(4):
        yield source.read(int.from_bytes(length, "big"))


def _check(head: Head, board: Board, cluster: Cluster, now: int) -> None:
    if head.app != board.namespace.app or set(head.ids) != set(cluster.ids):
        raise Unusable("it is of other topics")
    for topic, known in cluster.ids.items():
        if head.ids[topic] != known:
            raise Unusable(f"topic {topic} was made anew since")
    if {(topic, number) for topic, number, _ in head.positions} != {tuple(tp) for tp in cluster.assignment()}:
        raise Unusable("the topics have other partitions now")
    if not 0 <= now - head.written_at <= MAX_AGE_MS:
        raise Unusable("it is too old, or of the future")


def _restore(board: Board, head: Head, frames: list[Frame]) -> None:
    parts: dict[str, tuple[dict[bytes, bytes], dict[str, Windows], dict[str, dict[int, Block]]]] = {
        name: ({}, {}, {}) for name in board.state.tables
    }
    for frame in frames:
        match frame:
            case Cells(table, cells):
                parts[table][0].update(cells)
            case Totals(table, campaign, windows):
                parts[table][1][campaign] = windows
            case Blocks(table, campaign, spans):
                parts[table][2][campaign] = spans
            case Closed(kept):
                board.closed.restore(kept)
            case _:
                pass
    state = BoardState()
    for name, (cells, totals, blocks) in parts.items():
        state.tables[name].restore(cells, totals, blocks)
    state.progress.update({(topic, number): cell for topic, number, cell in head.progress})
    board.state, board.campaigns, board.known = state, head.campaigns, dict(head.known)
