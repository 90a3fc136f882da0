"""Closed minutes from the series topic itself: where the last days begin, and older ones on demand."""

from collections.abc import AsyncIterator, Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from listener.board.closed import KEEP_S
from listener.changelog import ChangelogReader
from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from models.series import ClosedMinute, unpack_minute
from models.topics import Namespace


async def series_begin(kafka: KafkaSettings, namespace: Namespace, now: int) -> dict[TopicPartition, int | None]:
    """Where to read on for the closed minutes of the last days: the topic holds 400 of them."""
    return await series_since(kafka, namespace, now - KEEP_S * 1000)


async def series_since(kafka: KafkaSettings, namespace: Namespace, at: int) -> dict[TopicPartition, int | None]:
    """Where the closed minutes begin that were written from ``at`` (epoch milliseconds) on."""
    tp = TopicPartition(namespace.series, 0)
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), enable_auto_commit=False)
    try:
        await consumer.start()
        found = (await consumer.offsets_for_times({tp: at}))[tp]
    except KafkaError as error:
        servers = ", ".join(kafka.bootstrap_servers)
        raise UsageProblem(f"Kafka at {servers} does not answer ({error}). `listener kafka` starts one.") from error
    finally:
        await consumer.stop()
    # None: all of it is older; then all of it is read, for the last minute of every campaign.
    return {tp: found.offset if found is not None else None}


async def closed_minutes(
    kafka: KafkaSettings, namespace: Namespace, campaigns: Collection[str], first: int, end: int
) -> AsyncIterator[ClosedMinute]:
    """The closed minutes of ``campaigns`` from ``first`` to before ``end`` (epoch seconds), however old, oldest first.

    Reads the whole topic once: for back-tests and exports, not for a page. The first record of a minute counts.
    """
    last: dict[str, int] = {}
    async with ChangelogReader(kafka, {TopicPartition(namespace.series, 0): None}) as reader:
        while not reader.caught_up:
            batch = await reader.next()
            for _, _, value in batch[1] if batch else ():
                minute = unpack_minute(value) if value is not None else None
                if minute is None or minute.minute <= last.get(minute.campaign, minute.minute - 1):
                    continue
                last[minute.campaign] = minute.minute
                if minute.campaign in campaigns and first <= minute.minute < end:
                    yield minute
