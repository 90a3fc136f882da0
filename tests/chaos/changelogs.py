"""Changelogs deleted, truncated, spoiled: each must be refused loudly, and be mended by the command."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.cells import ENTITIES, LIFETIME, PROGRESS, TABLES
from tests.chaos.crew import Crew, crew
from tests.chaos.oracle import Figures
from tests.chaos.supervisor import PATIENCE_S
from tests.integration.workers import until

REBUILD = "listener rebase --rebuild"


def deleted(one: Crew) -> None:
    """Somebody deleted the topics, and they were made anew."""
    names = [one.cluster.namespace.changelog(table) for table in TABLES]
    with admin_client(one.cluster.kafka) as admin:
        admin.delete_topics(names)
        until(lambda: not set(names) & set(admin.list_topics()), "the topics to be gone")
    create_topics(one.cluster.kafka, declared_topics(one.cluster.namespace, one.cluster.partitions))


def truncated(one: Crew) -> None:
    """The progress changelog lost its records."""
    _delete(one, one.cluster.namespace.changelog(PROGRESS))


def emptied(one: Crew) -> None:
    """The changelog of hours lost its records; the progress is intact."""
    _delete(one, one.cluster.namespace.changelog("hour"))


def thinned(one: Crew) -> None:
    """Of the changelog of posts only the end is left; the progress is intact."""
    _delete(one, one.cluster.namespace.changelog(ENTITIES), left=10)


def _delete(one: Crew, topic: str, left: int = 0) -> None:
    """Delete all but the last records: Kafka refuses that until somebody lets it delete from the topic."""
    parts = {TopicPartition(topic, number): max(0, end - left) for number, end in _ends(one, topic).items()}

    def gone() -> bool:
        try:
            with admin_client(one.cluster.kafka) as admin:
                admin.delete_records(parts)
        except UsageProblem:  # the config is not applied yet
            return False
        return True

    for policy, met in (("compact,delete", gone), ("compact", lambda: True)):
        with admin_client(one.cluster.kafka) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={"cleanup.policy": policy})])
        until(met, "the records to be deleted")


def _ends(one: Crew, topic: str) -> dict[int, int]:
    with closing(KafkaConsumer(**one.cluster.kafka.kafka_python())) as consumer:
        ends = consumer.end_offsets([TopicPartition(topic, number) for number in range(one.cluster.partitions)])
    return {tp.partition: end for tp, end in ends.items()}


def spoiled(one: Crew) -> None:
    """Something else wrote to the topic of the totals."""

    async def write() -> None:
        producer = AIOKafkaProducer(**one.cluster.kafka.aiokafka())
        await producer.start()
        try:
            await producer.send_and_wait(one.cluster.namespace.changelog(LIFETIME), b"no cell", b'"no|key"', 0)
        finally:
            await producer.stop()

    asyncio.run(write())


def changelog(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """Changelogs deleted, truncated, thinned, spoiled while no worker runs; rebuilt by the named command."""
    with crew(broker, directory, "changelog", seed, workers=2) as one:
        one.flow(2000)
        one.settle()
        for harm in (deleted, truncated, emptied, thinned, spoiled):
            for worker in list(one.members):
                one.end(worker)
            one.fault(lambda it=harm: it(one))  # type: ignore[misc]
            _refused(one, harm)
            done = one.cluster.command("rebase", "--rebuild", "--yes", "--wait", "30")
            if done.returncode:
                one.figures.problems.append(f"{harm.__name__}: {REBUILD} ended with {done.returncode}: {done.stderr}")
                break
            one.tend()
            one.ready()
        return one.verdict()


def _refused(one: Crew, harm: Callable[[Crew], None]) -> None:
    """A worker does not count on such changelogs: it ends, and says what helps."""
    worker = one.cluster.worker()
    deadline = time.monotonic() + PATIENCE_S
    while worker.running and time.monotonic() < deadline:
        time.sleep(0.1)
    if worker.running:
        worker.kill()
        one.figures.problems.append(f"{harm.__name__}: a worker went on")
    elif REBUILD not in worker.said():
        one.figures.problems.append(
            f"{harm.__name__}: a worker ended without a word of {REBUILD}: {worker.said()[-800:]}"
        )
