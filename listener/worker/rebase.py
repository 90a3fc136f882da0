"""``listener rebase``: new footing for partitions that a worker refuses to count."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import click
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.kafka.topics import topic_id
from listener.worker.cluster import partitions_of
from listener.worker.publisher import Publisher, create_producer
from listener.worker.recovery import read_tables
from models.cells import PROGRESS
from models.topics import Namespace
from processors.rebase import Mode, Rebased, rebase, record
from processors.resume import Source

_POLL_S: Final = 0.5


@click.command("rebase", help="Put partitions that workers refuse to count on a new footing. Stop all workers first.")
@kafka_options
@namespace_options
@click.option("--partition", "partitions", type=int, multiple=True, help="Only these; without it all.")
@click.option("--accept-loss", "mode", flag_value=Mode.ACCEPT_LOSS.value, help="Go on behind records that are gone.")
@click.option("--rebuild", "mode", flag_value=Mode.REBUILD.value, help="Forget the counts, count the retained posts.")
@click.option(
    "--wait",
    default=15.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for the group to notice that workers are gone: one that refused to count did not sign off.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebase_command(
    kafka: KafkaSettings, namespace: Namespace, partitions: tuple[int, ...], mode: str | None, wait: float, *, yes: bool
) -> None:
    """Rebase the partitions and say what was done."""
    chosen = Mode(mode or Mode.CONTINUE)
    wanted = _wanted(kafka, namespace, set(partitions))
    _require_no_workers(kafka, namespace, wait)
    if not yes:
        click.confirm(
            f"{chosen.value} on {namespace.posts} for app {namespace.app}: this cannot be undone. Go on?", abort=True
        )
    for number, done in asyncio.run(_rebase(kafka, namespace, wanted, chosen)).items():
        click.echo(f"partition {number}: counting goes on at offset {done.next_offset}")


def _wanted(kafka: KafkaSettings, namespace: Namespace, partitions: set[int]) -> set[int]:
    known = set(range(partitions_of(kafka, namespace)))
    if not partitions <= known:
        raise UsageProblem(f"--partition: {namespace.posts} has the partitions 0 to {max(known)} only.")
    return partitions or known


def _require_no_workers(kafka: KafkaSettings, namespace: Namespace, seconds: float) -> None:
    """A running worker would write over the new footing."""
    deadline = time.monotonic() + seconds
    with admin_client(kafka) as admin:
        while members := _members(admin, namespace.app):
            if time.monotonic() >= deadline:
                raise UsageProblem(f"{members} workers of {namespace.app} are running: stop them before a rebase.")
            time.sleep(_POLL_S)


def _members(admin: Any, group: str) -> int:
    return sum(len(found.get("members", ())) for found in admin.describe_groups([group]).values())


async def _rebase(kafka: KafkaSettings, namespace: Namespace, wanted: set[int], mode: Mode) -> dict[int, Rebased]:
    identity = await asyncio.to_thread(topic_id, kafka, namespace.posts)
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), group_id=namespace.app, enable_auto_commit=False)
    producer = create_producer(kafka)
    await consumer.start()
    await producer.start()
    try:
        tables = await read_tables(kafka, namespace, wanted)
        sources = await _sources(consumer, namespace.posts, wanted, identity)
        return {
            number: await _apply(consumer, Publisher(producer, namespace), rebase(tables[number], source, mode), source)
            for number, source in sources.items()
        }
    except LookupError as error:
        raise UsageProblem(str(error)) from error
    finally:
        await producer.stop()
        await consumer.stop()


async def _sources(consumer: AIOKafkaConsumer, topic: str, wanted: set[int], identity: str) -> Mapping[int, Source]:
    tps = [TopicPartition(topic, number) for number in sorted(wanted)]
    consumer.assign(tps)
    first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp.partition: Source(tp.partition, identity, first[tp], end[tp], None) for tp in tps}


async def _apply(consumer: AIOKafkaConsumer, publisher: Publisher, done: Rebased, source: Source) -> Rebased:
    """Tombstones, then the progress cell, then the group's offset: cut short anywhere, it can be run again."""
    gone = {table: [(key, None) for key in keys] for table, keys in done.tombstones.items()}
    await publisher.tables(source.partition, gone)
    progress: list[tuple[bytes, bytes | None]] = [record(done.progress, source.partition)]
    if done.progress.stamp == source.first - 1 and not done.progress.sets:
        progress.insert(0, (progress[0][0], None))  # a lower stamp needs a clean slate
    await publisher.tables(source.partition, {PROGRESS: progress})
    tp = next(tp for tp in consumer.assignment() if tp.partition == source.partition)
    await consumer.commit({tp: done.next_offset})
    return done
