"""The history of targets: read from ``listener.feedback.v1``; the leading board writes what is new.

::

    campaign set ──┐
                   ├─► target_changes ─► listener.feedback.v1 ─► TargetHistory ─► API, page, report
    TargetHistory ─┘    (leader only)
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web
from aiokafka import TopicPartition

from listener.board.board import Board
from listener.board.parts import BoardPart
from listener.changelog import ChangelogReader, Records
from listener.errors import Halt
from listener.kafka.settings import KafkaSettings
from models.feedback import Feedback, TargetSet, unpack_feedback
from processors.kpis.history import target_changes

_log = logging.getLogger("listener.kpis.history")

#: Before the topic is read anew after records of it were lost.
_AGAIN_S: Final = 5.0


class TargetHistory:
    """Every change of every target that was recorded, oldest first; of a key the first record counts."""

    def __init__(self) -> None:
        self._changes: dict[str, TargetSet] = {}

    @property
    def changes(self) -> list[TargetSet]:
        """All of them."""
        return list(self._changes.values())

    def take(self, records: Records) -> None:
        """Take over records of the topic; what is no change of a target is somebody else's."""
        for _, key, value in records:
            if value is None:
                self._changes.pop(key.decode(errors="replace"), None)
            elif key.startswith(b"target|"):
                self._take(value)

    def add(self, changes: Iterable[TargetSet]) -> None:
        """Take over what was just written, without waiting for it to be read."""
        for one in changes:
            self._changes.setdefault(one.subject, one)

    def _take(self, value: bytes) -> None:
        try:
            said = unpack_feedback(value)
        except msgspec.DecodeError as error:
            # One date less on a page is better than no board.
            _log.error("a change of a target cannot be read and is left out: %s", error)
            return
        if isinstance(said, TargetSet):
            self._changes.setdefault(said.subject, said)


class TargetsPart(BoardPart):
    """Keeps ``history`` up to date, and writes to it while this board leads. ``say`` makes feedback durable."""

    def __init__(
        self,
        board: Board,
        kafka: KafkaSettings,
        history: TargetHistory,
        say: Callable[[Feedback], Awaitable[None]],
        leading: Callable[[], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board, self._kafka, self._history = board, kafka, history
        self._say, self._leading, self._clock = say, leading, clock
        self._topic = TopicPartition(board.namespace.feedback, 0)

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        await self._board.wait_until_caught_up()
        while True:
            try:
                async with ChangelogReader(self._kafka, {self._topic: None}) as reader:
                    await self._follow(reader)
            except Halt as halt:
                _log.warning("the history of targets is read anew: %s", halt)
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self, reader: ChangelogReader) -> None:
        while True:
            batch = await reader.next()
            if batch is not None:
                self._history.take(batch[1])
            elif reader.caught_up and self._due():
                await self._write(reader)

    def _due(self) -> list[TargetSet]:
        """What is not recorded; nothing for a board that does not lead, or that knows no campaign set yet."""
        if not self._leading() or not self._board.known:
            return []
        return target_changes(self._board.campaigns, self._history.changes, self._clock())

    async def _write(self, reader: ChangelogReader) -> None:
        """Write what is due, once all that any board wrote has been read; what fails is due again."""
        if reader.positions[self._topic] < (await reader.present_ends([self._topic]))[self._topic]:
            return
        due = self._due()
        try:
            for change in due:
                await self._say(change)
        except web.HTTPServiceUnavailable:
            return
        # Else it would be due until it has been read.
        self._history.add(due)


def described(changes: Iterable[TargetSet], campaign: str) -> list[dict[str, object]]:
    """The changes of a campaign's targets as plain data, for the API."""
    return [
        {"at": one.at, "kpi": one.kpi, "version": one.version, "target": one.target}
        for one in changes
        if one.campaign == campaign
    ]
