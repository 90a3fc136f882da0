"""Undo what a zombie appended: its records are lower than ours, but compaction keeps the last one per key.

A worker that was frozen past its session and woke up may still send one flush. Readers are safe (the highest stamp
wins) until compaction runs, which waits for an hour; well before that the owner reads the tail of its changelogs again
and appends its own value for every key whose last record is lower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from listener.changelog import Records, read_from
from listener.kafka.settings import KafkaSettings
from listener.worker.stamps import STAMPS
from models.streams import Stream
from models.topics import Namespace

#: Table → key → value of its last record.
Last = dict[str, dict[bytes, bytes | None]]


@dataclass
class Tail:
    """The changelog partitions of one source partition, from where they were read last."""

    kafka: KafkaSettings
    namespace: Namespace
    stream: Stream
    positions: dict[TopicPartition, int] = field(default_factory=dict)

    async def read(self) -> Last:
        """Read on to the present end; returns the last value per key."""
        tables = {self.namespace.changelog(full): table for table, full in self.stream.tables.items()}
        last: Last = {}

        def take(tp: TopicPartition, records: Records) -> None:
            last.setdefault(tables[tp.topic], {}).update((key, value) for _, key, value in records)

        self.positions = await read_from(self.kafka, self.positions, take)
        return last


def stale(last: Last, tables: Mapping[str, Mapping[bytes, bytes]]) -> dict[str, list[tuple[bytes, bytes | None]]]:
    """Per table the records to append: our own value where the changelog ended with a lower stamp than ours.

    A key that we have retired gets its tombstone again, one that a former owner retired gets our value. Only to be
    asked while no write is in flight: then all that we wrote is in ``tables``.
    """
    wrong: dict[str, list[tuple[bytes, bytes | None]]] = {}
    for table, values in last.items():
        stamp, ours = STAMPS[table], tables[table]
        for key, value in values.items():
            own = ours.get(key)
            if value is not own if value is None or own is None else stamp(value) < stamp(own):
                wrong.setdefault(table, []).append((key, own))
    return wrong
