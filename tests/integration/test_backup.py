"""What docs/operations/back-up.md says, done: a copy of the volumes, and a mirror on another cluster."""

import asyncio
import shutil
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from models.cells import TABLES
from models.topics import Namespace
from tests.integration.workers import Cluster, cluster, posts

pytestmark = pytest.mark.broker


def counted(made: Cluster) -> None:
    """Have a worker count what is there; it ends in good order."""
    worker = made.worker().ready()
    made.counted()
    assert worker.terminate() == 0


def test_a_copy_of_the_volumes_at_rest_is_gone_on_from(namespace: Namespace, tmp_path: Path) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    with EmbeddedKafka(data_dir=live) as kafka, cluster(kafka.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        made.produce([*posts(0, 60), *posts(100, 40, partition=1)])
        counted(made)
        before = made.total(), made.outcomes(), made.progress()
    shutil.copytree(live, copy)
    shutil.rmtree(live)
    with EmbeddedKafka(data_dir=copy) as kafka, cluster(kafka.settings, namespace, tmp_path, partitions=2) as made:
        assert (made.total(), made.outcomes(), made.progress()) == before
        # What is known comes again, and something new.
        made.produce([*posts(0, 60), *posts(200, 15, partition=1)])
        counted(made)
        assert made.total() == 115


async def mirrored(made: Cluster, topics: dict[str, str]) -> None:
    """Copy records as a mirror does: partition, key and value stay, offsets and topic ids are others."""
    consumer = AIOKafkaConsumer(**made.kafka.aiokafka(), enable_auto_commit=False)
    producer = AIOKafkaProducer(**made.kafka.aiokafka())
    await consumer.start()
    await producer.start()
    try:
        for source, target in topics.items():
            for number in range(made.partitions):
                tp = TopicPartition(source, number)
                consumer.assign([tp])
                await consumer.seek_to_beginning(tp)
                end = (await consumer.end_offsets([tp]))[tp]
                while await consumer.position(tp) < end:
                    for one in (await consumer.getmany(tp, timeout_ms=500)).get(tp, []):
                        await producer.send(target, one.value, one.key, number, one.timestamp)
        await producer.flush()
    finally:
        await producer.stop()
        await consumer.stop()


def test_a_mirror_is_gone_on_from_after_a_rebase(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> None:
    there = Namespace(f"{namespace.app}-restored", f"{namespace.prefix}restored.")
    with (
        cluster(broker.settings, namespace, tmp_path, partitions=2) as made,
        cluster(broker.settings, there, tmp_path, partitions=2) as restored,
    ):
        made.create()
        made.produce([*posts(0, 60), *posts(100, 40, partition=1)])
        counted(made)
        # Retention has removed some of what was counted: the mirror's offsets are not those of the original.
        with admin_client(made.kafka) as admin:
            from kafka import TopicPartition as Where

            admin.delete_records({Where(namespace.posts, 0): 30})
        restored.create()
        changelogs = {namespace.changelog(table): there.changelog(table) for table in TABLES}
        asyncio.run(mirrored(made, {namespace.posts: there.posts, **changelogs}))
        worker = restored.worker()
        assert worker.wait() == 4, worker.said()
        assert "listener rebase" in worker.said()
        done = restored.command("rebase", "--yes")
        assert done.returncode == 0, done.stderr
        restored.produce(posts(200, 15, partition=1))
        counted(restored)
        assert restored.total() == 115
