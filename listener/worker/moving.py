"""The steps of ``listener repartition``: each is durable when it returns, and may be repeated."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord
from kafka import TopicPartition as AdminPartition

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from listener.worker.places import Place
from listener.worker.publisher import Publisher
from listener.worker.recovery import read_tables
from models.cells import ENTITIES, PROGRESS
from models.mention import pack_mention, unpack_mention
from models.progress import Progress, pack_progress, progress_key, unpack_progress
from models.streams import Stream
from models.topics import Namespace
from processors.holding import held, missing, stamps_of
from processors.inputs import KINDS
from processors.rebase import Mode, rebase
from processors.repartition import Change, first_progress, leaving, marked, rehomed, settled
from processors.resume import Source, highest_stamp

_WAIT_MS: Final = 500
_MOST: Final = 5000

Tables = dict[str, dict[bytes, bytes]]


class Mover:
    """``group`` is a consumer of the workers' group and has all places of the inputs assigned; ``reader`` is of none.

    ``producer`` waits for all replicas.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        namespace: Namespace,
        group: AIOKafkaConsumer,
        reader: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
    ) -> None:
        self._kafka, self._namespace = kafka, namespace
        self._group, self._consumer, self._producer = group, reader, producer
        self._publisher = Publisher(producer, namespace)
        self._progress: dict[Place, Progress] = {}

    async def check(self, place: Place, change: Change) -> None:
        """Raises UsageProblem, or Misplaced, where the state of a place cannot be moved as it is."""
        tables = await self._tables(place)
        leaving(change, place.partition, tables[ENTITIES])
        progress = _progress(tables, place)
        first, end = await self._ends(self._input(place))
        if progress is None:
            if end > first:
                raise UsageProblem(f"{place} was never counted: start the workers once, and stop them in good order.")
        elif not await self._whole(place, progress) or highest_stamp(tables) > progress.stamp:
            raise UsageProblem(
                f"{place}: the last worker was cut short. Start the workers, let them catch up, and stop them in good "
                "order."
            )
        elif missing(progress.held, held(stamps_of(tables))) is not None:
            raise UsageProblem(f"{place}: a changelog has lost records. Start the workers: they say what helps.")

    async def _whole(self, place: Place, progress: Progress) -> bool:
        """Whether the last flush is durable as a whole: the group commits only then."""
        committed = await self._group.committed(self._input(place))
        return progress.durable == progress.stamp or committed == progress.stamp + 1 - progress.base

    async def forward(self, place: Place, change: Change) -> int:
        """Send what is not counted to where its keys belong now, and let the counting go on behind it.

        Repeated after a crash it sends records twice, which are duplicates to whoever counts them.
        """
        tables = await self._tables(place)
        progress = _progress(tables, place)
        if progress is None:
            return 0
        tp, sent = self._input(place), 0
        first, end = await self._ends(tp)
        begin = max(first, progress.stamp - progress.base + 1)
        async for records in self._records(tp, begin, end):
            pending = [
                await self._producer.send(
                    tp.topic,
                    one.value,
                    one.key,
                    place.partition if one.key is None else change.partitioner(one.key, change.after),
                    one.timestamp,
                    headers=list(one.headers),
                )
                for one in records
            ]
            await asyncio.gather(*pending)
            sent += len(records)
        if end > begin:
            source = Source(place.partition, progress.topic_id, end, end, None)
            progress = rebase(tables, source, Mode.ACCEPT_LOSS, place.stream.topic).progress
        await self._write_progress(place, marked(progress))
        await self._group.commit({tp: progress.stamp + 1 - progress.base})
        return sent

    async def footings(self, stream: Stream, change: Change, topic_id: str) -> None:
        """A progress cell for every new partition: without one, a worker takes its entities for a loss."""
        before = {place.partition: progress for place, progress in self._progress.items() if place.stream is stream}
        for number in range(change.before, change.after):
            await self._write_progress(Place(stream, number), first_progress(before, change, number, topic_id))

    async def entities(self, place: Place, change: Change) -> int:
        """Write them where they belong, then take them away here."""
        kept = (await self._tables(place))[ENTITIES]
        kind = KINDS[place.stream.topic]
        moving = leaving(change, place.partition, kept)
        for number, keys in moving.items():
            home = Place(place.stream, number)
            stamp = self._progress[home].stamp
            arriving = [(key, kind.pack(settled(kind.unpack(kept[key]), stamp))) for key in keys]
            await self._publisher.tables(home, {ENTITIES: arriving})
        gone: list[tuple[bytes, bytes | None]] = [(key, None) for keys in moving.values() for key in keys]
        await self._publisher.tables(place, {ENTITIES: gone})
        return len(gone)

    async def mentions(self, changes: Mapping[str, Change]) -> int:
        """Write every mention anew, where it belongs, then cut off what was there before; returns how many moved.

        A tombstone would not do: a reader that follows both partitions may see it after the mention that has arrived.
        """
        moved = 0
        for number in range(max((change.before for change in changes.values()), default=0)):
            moved += await self._mentions_of(number, changes)
        return moved

    async def _mentions_of(self, number: int, changes: Mapping[str, Change]) -> int:
        tp, moved = TopicPartition(self._namespace.mentions, number), 0
        first, end = await self._ends(tp)
        newest: dict[bytes | None, int] = {}
        async for records in self._records(tp, first, end):
            newest.update((one.key, one.offset) for one in records)
        async for records in self._records(tp, first, end):
            pending = []
            for one in records:
                if one.value is None or newest[one.key] != one.offset:
                    continue
                home, value = self._home(number, one.value, changes)
                moved += home != number
                pending.append(await self._producer.send(tp.topic, value, one.key, home, one.timestamp))
            await asyncio.gather(*pending)
        if end > first:
            await asyncio.to_thread(self._cut, tp, end)
        return moved

    def _home(self, here: int, value: bytes, changes: Mapping[str, Change]) -> tuple[int, bytes]:
        mention = unpack_mention(value)
        change = changes.get(mention.origin.topic)
        if change is None or mention.origin.partition != here:
            return here, value
        home = change.home(mention.entity.encode(), here)
        if home == here:
            return here, value
        stream = next(place.stream for place in self._progress if place.stream.topic == mention.origin.topic)
        return home, pack_mention(rehomed(mention, home, self._progress[Place(stream, home)].stamp))

    def _cut(self, tp: TopicPartition, offset: int) -> None:
        with admin_client(self._kafka) as admin:
            admin.delete_records({AdminPartition(tp.topic, tp.partition): offset})

    async def _write_progress(self, place: Place, progress: Progress) -> None:
        self._progress[place] = progress
        key = progress_key(place.stream.topic, place.partition)
        await self._publisher.tables(place, {PROGRESS: [(key, pack_progress(progress))]})

    async def _tables(self, place: Place) -> Tables:
        return (await read_tables(self._kafka, self._namespace, {place}))[place]

    def _input(self, place: Place) -> TopicPartition:
        return TopicPartition(self._namespace.input(place.stream), place.partition)

    async def _ends(self, tp: TopicPartition) -> tuple[int, int]:
        self._consumer.assign([tp])
        first, end = await self._consumer.beginning_offsets([tp]), await self._consumer.end_offsets([tp])
        return first[tp], end[tp]

    async def _records(self, tp: TopicPartition, begin: int, end: int) -> AsyncIterator[list[ConsumerRecord[Any, Any]]]:
        """The records from ``begin`` to before ``end``; transaction markers are passed over."""
        self._consumer.assign([tp])
        self._consumer.seek(tp, begin)
        while begin < end:
            found = (await self._consumer.getmany(tp, timeout_ms=_WAIT_MS, max_records=_MOST)).get(tp, [])
            if wanted := [one for one in found if one.offset < end]:
                yield wanted
            begin = await self._consumer.position(tp)


def _progress(tables: Tables, place: Place) -> Progress | None:
    value = tables[PROGRESS].get(progress_key(place.stream.topic, place.partition))
    return None if value is None else unpack_progress(value)
