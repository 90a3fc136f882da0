"""Reading changelogs: fast, without a consumer group and without Faust. Recovery and boards read the same way.

A changelog is compacted: from its beginning to its end it *is* the state. aiokafka's fetcher is drained directly, since
wrapping every record in a ConsumerRecord costs several times what merging it does.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException, KafkaError

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings

#: (offset, key, value) each; a value of None is a tombstone.
Records = list[tuple[int, bytes, bytes | None]]
Take = Callable[[TopicPartition, Records], None]

_FETCH_BYTES: Final = 4 * 1024 * 1024


class ChangelogReader:
    """Reads some changelog partitions from given offsets on, for as long as it is asked.

    ``positions``: the next offset per partition. Use as an async context manager.
    """

    def __init__(self, kafka: KafkaSettings, positions: Mapping[TopicPartition, int]) -> None:
        self.positions = dict(positions)
        self._kafka = kafka
        self._consumer = AIOKafkaConsumer(
            **kafka.aiokafka(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            await self._require_topics()
        except KafkaError as error:
            await self._consumer.stop()
            servers = ", ".join(self._kafka.bootstrap_servers)
            raise UsageProblem(f"Kafka at {servers} does not answer: {error}") from error
        except BaseException:
            await self._consumer.stop()
            raise
        tps = list(self.positions)
        self._consumer.assign(tps)
        for tp, first in (await self._consumer.beginning_offsets(tps)).items():
            self.positions[tp] = max(first, self.positions[tp])
            self._consumer.seek(tp, self.positions[tp])
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._consumer.stop()

    async def ends(self) -> dict[TopicPartition, int]:
        """The present end offset of every partition."""
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(self.positions))
        return found

    async def next(self, seconds: float) -> list[tuple[TopicPartition, Records]]:
        """What has been fetched, waiting up to ``seconds`` for something; may be empty."""
        fetcher = self._consumer._fetcher
        batches = self._drain(fetcher)
        if not batches:
            waiter = fetcher._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=seconds)
            if not done:
                waiter.cancel()
                return []
            waiter.result()  # authorisation errors surface here
            batches = self._drain(fetcher)
        return batches

    def _drain(self, fetcher: Any) -> list[tuple[TopicPartition, Records]]:
        batches = []
        for tp in list(fetcher._records):
            result = fetcher._records.pop(tp)
            fetcher._notify(fetcher._wait_consume_future)
            if type(result) is not FetchResult:
                result.check_raise()
            elif result.check_assignment(tp):
                records = _unpack(result._partition_records)
                result._update_position()
                self.positions[tp] = result._partition_records.next_fetch_offset
                batches.append((tp, records))
        return batches

    async def _require_topics(self) -> None:
        topics = await self._consumer.topics()
        for tp in self.positions:
            if tp.topic not in topics:
                raise UsageProblem(f"there is no topic {tp.topic}: `listener topics create` makes what is missing.")


async def read_from(
    kafka: KafkaSettings, positions: Mapping[TopicPartition, int], take: Take
) -> dict[TopicPartition, int]:
    """Hand all records from ``positions`` to the present ends to ``take``; returns the new positions."""
    if not positions:
        return {}
    async with ChangelogReader(kafka, positions) as reader:
        ends = await reader.ends()
        while any(reader.positions[tp] < end for tp, end in ends.items()):
            for tp, records in await reader.next(1.0):
                take(tp, records)
        return reader.positions


async def read_to_end(
    kafka: KafkaSettings, partitions: Iterable[TopicPartition], take: Take
) -> dict[TopicPartition, int]:
    """Hand all records of ``partitions``, from beginning to present end, to ``take``; returns the positions."""
    return await read_from(kafka, dict.fromkeys(partitions, 0), take)


def _unpack(fetched: Any) -> Records:
    """The records of a fetch; the position goes past what compaction removed and past transaction markers."""
    fetched._records_iterator = None  # it holds the fetch buffer
    out: Records = []
    records = fetched._records
    while records.has_next():
        batch = records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {fetched._tp}")
        if not batch.is_control_batch:
            out += [
                (record.offset, record.key, record.value)
                for record in batch
                if record.offset >= fetched.next_fetch_offset
            ]
        fetched.next_fetch_offset = batch.next_offset
    return out
