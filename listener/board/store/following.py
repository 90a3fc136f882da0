"""The store follows its topics: from its saved positions on, for ever."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiokafka import TopicPartition
from kafka.errors import NoError, for_code

from listener.board.store.store import MentionStore
from listener.changelog import ChangelogReader, Records
from listener.errors import Halt, UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import MENTIONS_TOMBSTONES_MS, topic_id
from models.topics import Namespace

_log = logging.getLogger("listener.board.store")

#: Under steady load traces of what was deleted are wiped at the latest so many seconds later. With nothing to read they
#: are wiped at once, but a large store must not do that all the time: a tenth of it at most.
_PURGE_S: Final = 60.0
_PURGE_SHARE: Final = 0.1
#: A store that was left alone for longer may have missed tombstones: the topic keeps them for a week.
STALE_S: Final = MENTIONS_TOMBSTONES_MS / 1000 - 86_400
_NOTE_S: Final = 600.0
_FOLLOWED: Final = "followed_at"


class _Pace:
    """When to purge: soon, but not all the time. Moments are seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._rest_s = 0.0

    def due(self, now: float, *, idle: bool) -> bool:
        """Whether it is time, with (``idle``) or without something better to do."""
        return now - self._last > (self._rest_s if idle else max(_PURGE_S, self._rest_s))

    def done(self, begun: float, now: float) -> None:
        """It took from ``begun`` to ``now``."""
        self._last = now
        self._rest_s = (now - begun) / _PURGE_SHARE


class Follower:
    """Reads mentions and feedback into the store. ``caught_up``: whether all that was there at the start is in.

    ``deleted`` is told the campaign and entity of every mention that was taken back.
    """

    def __init__(
        self,
        store: MentionStore,
        kafka: KafkaSettings,
        namespace: Namespace,
        clock: Callable[[], float] = time.time,
        deleted: Callable[[str, str], None] = lambda _campaign, _entity: None,
    ) -> None:
        self._deleted = deleted
        self.caught_up = False
        self.reader: ChangelogReader | None = None
        self._store = store
        self._kafka = kafka
        self._namespace = namespace
        self._clock = clock

    @property
    def unread(self) -> int:
        """Records that are known to be on the topics and not in the store yet."""
        if self.reader is None:
            return 0
        return sum(end - self.reader.positions.get(tp, end) for tp, end in self.reader.ends.items())

    async def run(self) -> None:
        """Follow until cancelled. Positions that the topics no longer have make the store start anew, once."""
        partitions, ids = await asyncio.to_thread(self._cluster)
        await self._store.fit(ids)
        await self._drop_stale(ids)
        while True:
            begun = dict(self._store.positions)
            try:
                await self._follow(partitions)
            except Halt as halt:
                if not begun:
                    raise
                _log.warning("the mentions are read again from the beginning: %s", halt)
                await self._store.clear()
                await self._store.fit(ids)

    async def _drop_stale(self, ids: Mapping[str, str]) -> None:
        followed = await self._store.fact(_FOLLOWED)
        if followed is not None and self._clock() - float(followed) > STALE_S:
            _log.warning("the mentions were not followed for days: they are read again from the beginning")
            await self._store.clear()
            await self._store.fit(ids)

    async def _follow(self, partitions: Mapping[str, int]) -> None:
        saved = self._store.positions
        tps = [TopicPartition(topic, number) for topic, count in partitions.items() for number in range(count)]
        async with ChangelogReader(self._kafka, {tp: saved.get((tp.topic, tp.partition)) for tp in tps}) as reader:
            self.reader = reader
            purge = _Pace(asyncio.get_running_loop().time())
            noted = float("-inf")
            while True:
                batch = await reader.next()
                if batch is not None:
                    tp, records = batch
                    await self._take(tp.topic)(tp.topic, tp.partition, records, reader.positions[tp])
                    self._tell_deleted(tp.topic, records)
                now = asyncio.get_running_loop().time()
                self._note_caught_up(reader)
                if self.caught_up and now - noted > _NOTE_S:
                    await self._store.note(_FOLLOWED, str(self._clock()))
                    noted = now
                if self._store.purgeable and purge.due(now, idle=batch is None):
                    await self._store.purge()
                    purge.done(now, asyncio.get_running_loop().time())

    def _tell_deleted(self, topic: str, records: Records) -> None:
        if topic != self._namespace.mentions:
            return
        for _, key, value in records:
            campaign, _, entity = key.decode(errors="replace").partition("|")
            if value is None and not entity.endswith("|counts"):
                self._deleted(campaign, entity)

    def _take(self, topic: str) -> Callable[..., Awaitable[None]]:
        return self._store.feedback if topic == self._namespace.feedback else self._store.mentions

    def _note_caught_up(self, reader: ChangelogReader) -> None:
        if reader.caught_up and not self.caught_up:
            self.caught_up = True
            _log.info("mentions: caught up")

    def _cluster(self) -> tuple[dict[str, int], dict[str, str]]:
        """The partition counts of both topics, and Kafka's ids of them."""
        wanted = [self._namespace.mentions, self._namespace.feedback]
        with admin_client(self._kafka) as admin:
            found = {
                topic["name"]: len(topic["partitions"])
                for topic in admin.describe_topics(wanted)
                if for_code(topic["error_code"]) is NoError
            }
        for name in wanted:
            if name not in found:
                raise UsageProblem(f"there is no topic {name}: `listener topics create` makes what is missing.")
        return found, {name: topic_id(self._kafka, name) for name in wanted}
