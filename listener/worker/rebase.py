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
from listener.options import wait_option
from listener.worker.cluster import partitions_of
from listener.worker.places import Place
from listener.worker.publisher import Publisher, create_producer
from listener.worker.recovery import read_tables
from models.cells import PROGRESS
from models.progress import progress_key, unpack_progress
from models.streams import POSTS, STREAMS, Stream
from models.topics import Namespace
from processors.rebase import Mode, Rebased, rebase, record
from processors.resume import Source

_POLL_S: Final = 0.5


@click.command("rebase", help="Put partitions that workers refuse to count on a new footing. Stop all workers first.")
@kafka_options
@namespace_options
@click.option(
    "--stream",
    "name",
    type=click.Choice([stream.name for stream in STREAMS]),
    default=POSTS.name,
    show_default=True,
    help="The kind of input whose partitions are meant.",
)
@click.option("--partition", "partitions", type=int, multiple=True, help="Only these; without it all.")
@click.option("--accept-loss", "mode", flag_value=Mode.ACCEPT_LOSS.value, help="Go on behind records that are gone.")
@click.option("--rebuild", "mode", flag_value=Mode.REBUILD.value, help="Forget the counts, count the retained posts.")
@wait_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebase_command(
    kafka: KafkaSettings,
    namespace: Namespace,
    name: str,
    partitions: tuple[int, ...],
    mode: str | None,
    wait: float,
    *,
    yes: bool,
) -> None:
    """Rebase the partitions and say what was done."""
    chosen = Mode(mode or Mode.CONTINUE)
    stream = next(one for one in STREAMS if one.name == name)
    wanted = _wanted(kafka, namespace, stream, set(partitions))
    require_no_workers(kafka, namespace, wait)
    if not yes:
        click.confirm(
            f"{chosen.value} on {namespace.input(stream)} for app {namespace.app}: this cannot be undone. Go on?",
            abort=True,
        )
    for place, done in asyncio.run(_rebase(kafka, namespace, wanted, chosen)).items():
        click.echo(f"partition {place.partition}: counting goes on at offset {done.next_offset}")


def _wanted(kafka: KafkaSettings, namespace: Namespace, stream: Stream, partitions: set[int]) -> set[Place]:
    known = set(range(partitions_of(kafka, namespace)[stream]))
    if not partitions <= known:
        raise UsageProblem(f"--partition: {namespace.input(stream)} has the partitions 0 to {max(known)} only.")
    return {Place(stream, number) for number in partitions or known}


def require_no_workers(kafka: KafkaSettings, namespace: Namespace, seconds: float) -> None:
    """A running worker would write over what a command does to its partitions."""
    deadline = time.monotonic() + seconds
    with admin_client(kafka) as admin:
        while members := _members(admin, namespace.app):
            if time.monotonic() >= deadline:
                raise UsageProblem(f"{members} workers of {namespace.app} are running: stop them first.")
            time.sleep(_POLL_S)


def _members(admin: Any, group: str) -> int:
    return sum(len(found.get("members", ())) for found in admin.describe_groups([group]).values())


async def _rebase(kafka: KafkaSettings, namespace: Namespace, wanted: set[Place], mode: Mode) -> dict[Place, Rebased]:
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), group_id=namespace.app, enable_auto_commit=False)
    producer = create_producer(kafka)
    await consumer.start()
    await producer.start()
    try:
        tables = await read_tables(kafka, namespace, wanted)
        sources = await _sources(kafka, consumer, namespace, wanted)
        if mode is Mode.REBUILD:
            _require_unmoved(tables, sources)
        done = {}
        for place, source in sources.items():
            footing = rebase(tables[place], source, mode, place.stream.topic)
            done[place] = await _apply(consumer, Publisher(producer, namespace), place, footing, source)
    except LookupError as error:
        raise UsageProblem(str(error)) from error
    else:
        return done
    finally:
        await producer.stop()
        await consumer.stop()


def _require_unmoved(
    tables: Mapping[Place, Mapping[str, Mapping[bytes, bytes]]], sources: Mapping[Place, Source]
) -> None:
    """Records of before a repartition have their later ones elsewhere: counted again alone they would lack these."""
    for place, source in sources.items():
        value = tables[place][PROGRESS].get(progress_key(place.stream.topic, place.partition))
        progress = None if value is None else unpack_progress(value)
        if progress is not None and source.first + progress.base <= progress.moved:
            raise UsageProblem(
                f"{place}: the topic has more partitions since offset {progress.moved - progress.base + 1}. What is "
                "retained of before cannot be counted again in this partition alone: wait until retention has removed "
                "it."
            )


async def _sources(
    kafka: KafkaSettings, consumer: AIOKafkaConsumer, namespace: Namespace, wanted: set[Place]
) -> Mapping[Place, Source]:
    places = {TopicPartition(namespace.input(place.stream), place.partition): place for place in wanted}
    consumer.assign(list(places))
    first, end = await consumer.beginning_offsets(list(places)), await consumer.end_offsets(list(places))
    ids = {topic: await asyncio.to_thread(topic_id, kafka, topic) for topic in {tp.topic for tp in places}}
    return {
        place: Source(place.partition, ids[tp.topic], first[tp], end[tp], None) for tp, place in sorted(places.items())
    }


async def _apply(
    consumer: AIOKafkaConsumer, publisher: Publisher, place: Place, done: Rebased, source: Source
) -> Rebased:
    """Tombstones, then the progress cell, then the group's offset: cut short anywhere, it can be run again."""
    gone = {table: [(key, None) for key in keys] for table, keys in done.tombstones.items()}
    await publisher.tables(place, gone)
    progress: list[tuple[bytes, bytes | None]] = [record(done.progress, place.partition, place.stream.topic)]
    if done.progress.stamp == source.first - 1 and not done.progress.sets:
        progress.insert(0, (progress[0][0], None))  # a lower stamp needs a clean slate
    await publisher.tables(place, {PROGRESS: progress})
    tp = TopicPartition(publisher.namespace.input(place.stream), place.partition)
    await consumer.commit({tp: done.next_offset})
    return done
