"""What a board knows: the counts, the campaigns they belong to, and how far it has read."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import TopicPartition

from listener.board.closed import ClosedMinutes
from listener.board.state import BoardState
from listener.changelog import Records
from listener.errors import Halt
from models.campaign import Campaign, CampaignSet
from models.cells import CELL_TABLES, PROGRESS
from models.series import unpack_minute
from models.streams import STREAMS
from models.topics import Namespace
from models.trace import is_trace
from processors.closing import TopicNow


class Reading(Protocol):
    """How far the topics are read: the part of a ``ChangelogReader`` that others look at."""

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset per partition."""

    @property
    def ends(self) -> Mapping[TopicPartition, int]:
        """The end offset per partition as last seen."""

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the start has been read."""

    @property
    def silent(self) -> bool:
        """Whether Kafka has not answered for a while."""

    async def present_ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The end offsets as the brokers report them now."""


@dataclass
class Board:
    """One writer, the reading task; everything happens on one event loop.

    ``known``: every campaign that was ever in a set, as it was last; ``reading`` is None until the topics are open.
    ``closed``: the series topic; ``topics``: how far each input topic is read, as of a second ago.
    """

    namespace: Namespace
    state: BoardState = field(default_factory=BoardState)
    campaigns: CampaignSet = field(default_factory=CampaignSet)
    known: dict[str, Campaign] = field(default_factory=dict)
    reading: Reading | None = None
    closed: ClosedMinutes = field(default_factory=ClosedMinutes)
    topics: list[TopicNow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turn = asyncio.Event()
        self._unreadable: dict[tuple[TopicPartition, bytes], Halt] = {}
        names = [stream.table(short) for stream in STREAMS for short in (*CELL_TABLES, PROGRESS)]
        self._tables = {self.namespace.changelog(name): name for name in names}

    def take(self, tp: TopicPartition, records: Records) -> None:
        """Take over records of one topic partition; Halt for one that this program cannot read.

        A changelog may hold such a record until compaction removes it: what matters is that it was retired behind.
        """
        try:
            if tp.topic == self.namespace.campaigns:
                self._take_sets(records)
            elif tp.topic == self.namespace.series:
                for _, _, value in records:
                    if value is not None:
                        self.closed.take(unpack_minute(value))
            else:
                self._take_cells(tp, records)
        except ValueError as error:
            raise _unreadable(tp, records, error) from error
        self._require_readable()

    def forget(self) -> None:
        """Begin anew, with nothing."""
        self.state, self.closed = BoardState(), ClosedMinutes()
        self.campaigns, self.known, self.reading = CampaignSet(), {}, None
        self._unreadable.clear()

    def turn(self) -> None:
        """Something was read, or it turned out that there is nothing to read: who waits for that may look again."""
        self._require_readable()
        self._turn.set()
        self._turn = asyncio.Event()

    async def wait_until_caught_up(self) -> None:
        """Wait until the board has the whole state that was there when it started."""
        while not self.caught_up:
            await self._turn.wait()

    async def read_to_present(self, partitions: Collection[TopicPartition]) -> None:
        """Wait until all is taken over that is in ``partitions`` now."""
        if self.reading is None or not partitions:
            return
        for tp, end in (await self.reading.present_ends(partitions)).items():
            while self.reading.positions[tp] < end:
                await self._turn.wait()

    @property
    def caught_up(self) -> bool:
        """Whether the board has the whole state that was there when it started."""
        return self.reading is not None and self.reading.caught_up

    @property
    def unread(self) -> dict[str, int]:
        """Records per topic that are not read yet, as far as known; topics without any are left out."""
        unread: dict[str, int] = {}
        if self.reading is not None:
            for tp, end in self.reading.ends.items():
                behind = end - self.reading.positions[tp]
                if behind > 0:
                    unread[tp.topic] = unread.get(tp.topic, 0) + behind
        return unread

    @property
    def positions(self) -> dict[str, dict[str, int]]:
        """Changelog → partition → next offset."""
        positions: dict[str, dict[str, int]] = {}
        if self.reading is not None:
            for tp, position in sorted(self.reading.positions.items()):
                if tp.topic in self._tables:
                    positions.setdefault(tp.topic, {})[str(tp.partition)] = position
        return positions

    def _take_cells(self, tp: TopicPartition, records: Records) -> None:
        table = self._tables[tp.topic]
        try:
            self.state.apply(table, ((key, value) for _, key, value in records))
        except ValueError:
            # One by one: what of them was taken over already is taken over again, to the same effect.
            for record in records:
                self._take_cell(tp, table, record)
        else:
            if self._unreadable:
                for _, key, _ in records:
                    self._unreadable.pop((tp, key), None)

    def _take_cell(self, tp: TopicPartition, table: str, record: tuple[int, bytes, bytes | None]) -> None:
        _, key, value = record
        self._unreadable.pop((tp, key), None)
        try:
            self.state.apply(table, [(key, value)])
        except ValueError as error:
            if value is not None:
                self._unreadable[tp, key] = _unreadable(tp, [record], error)

    def _require_readable(self) -> None:
        """What could not be read when it came must be gone by the time that all is read."""
        if self._unreadable and self.caught_up:
            raise next(iter(self._unreadable.values()))

    def _take_sets(self, records: Records) -> None:
        for _, key, value in records:
            if value is not None and not is_trace(key):
                self.campaigns = CampaignSet.from_json(value)
                self.known |= {campaign.id: campaign for campaign in self.campaigns.campaigns}


def _unreadable(tp: TopicPartition, records: Records, error: ValueError) -> Halt:
    return Halt(
        f"{tp.topic}, partition {tp.partition}, between offsets {records[0][0]} and {records[-1][0]}: a record "
        f"cannot be read ({error}). Was it written by a newer Listener? Then run this board in that version. Else "
        f"count again: listener rebase --rebuild"
    )
