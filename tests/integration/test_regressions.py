"""A former owner that woke up late: its records are written over before compaction could make them the truth."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from models.cells import CELL_TABLES, ENTITIES, METRICS, TABLES, cell_stamp, pack_cell
from models.entity import entity_stamp, pack_entity, unpack_entity
from models.topics import Namespace
from tests.integration.workers import Cluster, cluster, posts, until

pytestmark = pytest.mark.broker

#: Compact whatever is there, at once.
EAGER = {
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}
#: A zombie's value: like no other, so that it can be looked for.
NONSENSE = pack_cell(0, [777] * len(METRICS))


@pytest.fixture
def one(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(broker.settings, namespace, tmp_path) as made:
        yield made.create()


def zombie(one: Cluster) -> dict[str, dict[bytes, bytes | None]]:
    """One stale record per cell and per post, at the end of every changelog."""
    tables = one.tables()[0]
    written: dict[str, dict[bytes, bytes | None]] = {
        table: dict.fromkeys(tables[table], NONSENSE) for table in CELL_TABLES
    }
    written[ENTITIES] = {}
    for key, value in tables[ENTITIES].items():
        entity = unpack_entity(value)
        entity.stamp = -1
        written[ENTITIES][key] = pack_entity(entity)
    asyncio.run(_append(one, written))
    return written


async def _append(one: Cluster, written: Mapping[str, Mapping[bytes, bytes | None]]) -> None:
    producer = AIOKafkaProducer(**one.kafka.aiokafka())
    await producer.start()
    try:
        for table, records in written.items():
            for key, value in records.items():
                await producer.send(one.namespace.changelog(table), key=key, value=value, partition=0)
        await producer.flush()
    finally:
        await producer.stop()


def last_records(one: Cluster, table: str) -> dict[bytes | None, bytes | None]:
    return {key: value for _, key, value in one.read(one.namespace.changelog(table))}


def last_are_ours(one: Cluster, keys: Mapping[str, Mapping[bytes, bytes | None]]) -> bool:
    for table, records in keys.items():
        stamp = entity_stamp if table == ENTITIES else cell_stamp
        last = last_records(one, table)
        for key in records:
            value = last.get(key)
            if value is None or stamp(value) <= 0 or value == NONSENSE:
                return False
    return True


def compacted(one: Cluster) -> None:
    """Force compaction and wait until no stale record of a counting table is left."""
    changelogs = [one.namespace.changelog(table) for table in TABLES]
    with admin_client(one.kafka) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, EAGER) for name in changelogs])
    number = iter(range(10_000, 20_000, 5))

    def clean() -> bool:
        # The active segment is never compacted: more records roll it.
        one.produce(posts(next(number), 5))
        one.counted()
        return all(
            value != NONSENSE for table in CELL_TABLES for _, _, value in one.read(one.namespace.changelog(table))
        )

    until(clean, "compaction")


def test_stale_records_do_not_survive_compaction(one: Cluster) -> None:
    worker = one.worker(LISTENER_TAIL_CHECK_AFTER="12").ready()
    one.produce(posts(0, 40))
    one.counted()
    assert (one.total(), worker.metrics()["listener_changelog_regressions_total", ""]) == (40, 0)
    stale = zombie(one)
    assert one.total() == 40, "the highest stamp counts"
    assert not last_are_ours(one, stale), "… but compaction would keep another one"
    until(lambda: worker.metrics()["listener_changelog_regressions_total", ""], "the look at the tail")
    until(lambda: last_are_ours(one, stale), "our own values behind the stale ones")
    written = sum(map(len, stale.values()))
    assert worker.metrics()["listener_changelog_regressions_total", ""] == written
    compacted(one)
    before, outcomes = one.total(), one.outcomes()
    assert outcomes == {"counted": before}
    worker.kill()
    again = one.worker().ready()
    one.produce(posts(0, 40))
    one.counted()
    assert one.total() == before, "no post is forgotten and counted a second time"
    assert again.terminate() == 0


def test_stale_records_are_found_by_the_next_owner(one: Cluster) -> None:
    """The owner dies before it looks at the tail: recovery itself must see what a zombie left."""
    worker = one.worker().ready()
    one.produce(posts(0, 40))
    one.counted()
    stale = zombie(one)
    worker.kill()
    assert not last_are_ours(one, stale)
    again = one.worker().ready()
    assert last_are_ours(one, stale)
    assert again.metrics()["listener_changelog_regressions_total", ""] == sum(map(len, stale.values()))
    assert one.total() == 40
    assert again.terminate() == 0
