"""``listener backfill``: counts a campaign from the retained records, as if it had been there from the beginning."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.authors import author_key_option
from listener.campaigns.files import load_campaigns
from listener.enrich import load_enricher
from listener.errors import UsageProblem
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.kafka.topics import topic_id
from listener.options import retention_option, wait_option
from listener.worker.cluster import partitions_of
from listener.worker.counting import FLUSH_RECORDS, wall_clock
from listener.worker.mentions import mention_options
from listener.worker.places import Place
from listener.worker.publisher import Publisher, create_producer
from listener.worker.rebase import require_no_workers
from listener.worker.recovery import read_tables
from listener.worker.sets import Analyse, SetStore, compile_set
from models.campaign import Campaign, CampaignSet
from models.cells import ENTITIES, PROGRESS, TABLES
from models.progress import NO_OUTCOMES, Progress, progress_key, unpack_progress
from models.topics import Namespace
from models.trace import Backfilled, backfilled_record, set_record
from processors.backfill import Backfill, backfill, has_counts
from processors.inputs import KINDS
from processors.overlay import Chunk, CompiledSet
from processors.plane import PartitionPlane
from processors.rebase import record
from processors.resume import Resume
from processors.windows import to_ms

_WAIT_MS: Final = 500
_MOST: Final = 5000


@dataclass
class Done:
    """What was found in one partition, from the stamps ``first`` to ``last``."""

    first: int
    last: int
    records: int = 0
    mentions: dict[bytes, bytes | None] = field(default_factory=dict)
    progress: list[tuple[bytes, bytes | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """One backfill over all partitions."""

    kafka: KafkaSettings
    namespace: Namespace
    campaign: Campaign
    campaign_set: CampaignSet
    compiled: CompiledSet
    author_key: bytes | None
    retention: bool
    replace: bool
    mentions: bool


@click.command("backfill")
@kafka_options
@namespace_options
@click.option("--campaign", "name", required=True, help="The campaign to count.")
@click.option(
    "--campaigns",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="LISTENER_CAMPAIGNS",
    help="Directory of campaign files that has it.",
)
@retention_option
@click.option("--replace", is_flag=True, help="Replace its counts though some of their records are gone.")
@mention_options
@author_key_option
@wait_option
def backfill_command(
    kafka: KafkaSettings,
    namespace: Namespace,
    name: str,
    campaigns: Path,
    retention: str,
    author_key: bytes | None,
    wait: float,
    *,
    replace: bool,
    mentions: bool,
    understanding: bool,
) -> None:
    """Count a campaign from all records that the topics still hold, and put that in place of its counts.

    Stop all workers first (in good order, so that everything is durable) and start them again with the same campaign
    files afterwards: they go on where they stopped, and the campaign is counted as if it had always been there. Run
    twice, it changes nothing. Records that retention has removed are gone.
    """
    campaign_set = load_campaigns(campaigns)
    campaign = next((one for one in campaign_set.campaigns if one.id == name), None)
    if campaign is None:
        raise UsageProblem(f"--campaign: no file of {campaigns} has a campaign {name}.")
    require_no_workers(kafka, namespace, wait)
    analyse: Analyse | None = load_enricher(campaign_set).analyse if understanding else None
    compiled = compile_set(campaign_set, analyse)
    job = Job(kafka, namespace, campaign, campaign_set, compiled, author_key, retention == "on", replace, mentions)
    done = asyncio.run(_run(job))
    records, written = sum(one.records for one in done.values()), sum(len(one.mentions) for one in done.values())
    click.echo(f"{name}: {records:,} records read again, {written:,} mentions")


async def _run(job: Job) -> dict[Place, Done]:
    """All partitions are counted before the first is written: a refusal changes nothing."""
    await SetStore(job.kafka, job.namespace).require_zones(CampaignSet((job.campaign,)))
    counts = await asyncio.to_thread(partitions_of, job.kafka, job.namespace)
    streams = [stream for stream in counts if KINDS[stream.topic].mentions is not None]
    places = {Place(stream, number) for stream in streams for number in range(counts[stream])}
    tables = await read_tables(job.kafka, job.namespace, places)
    found: dict[Place, tuple[Done, Backfill]] = {}
    consumer = AIOKafkaConsumer(
        **job.kafka.aiokafka(), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        for place in sorted(places, key=lambda one: one.order):
            click.echo(f"listener: reading {place} again", err=True)
            counted = await _count(job, consumer, place, tables[place])
            if counted is not None:
                found[place] = counted
    finally:
        await consumer.stop()
    producer = create_producer(job.kafka)
    await producer.start()
    try:
        publisher = Publisher(producer, job.namespace)
        await publisher.trace([set_record(job.campaign_set)])
        for place, (done, plan) in found.items():
            await _write(publisher, place, plan, done, _traced(job, done))
    finally:
        await producer.stop()
    return {place: done for place, (done, _) in found.items()}


async def _count(
    job: Job, consumer: AIOKafkaConsumer, place: Place, tables: dict[str, dict[bytes, bytes]]
) -> tuple[Done, Backfill] | None:
    """Fold the retained records of a partition, up to where it was counted, under the campaign files."""
    value = tables[PROGRESS].get(progress_key(place.stream.topic, place.partition))
    if value is None:
        return None  # nothing of it was counted yet: its records are all still to come
    progress = unpack_progress(value)
    if progress.durable != progress.stamp:
        raise UsageProblem(
            f"{place}: the last worker was cut short. Start the workers, let them catch up, stop them in good order."
        )
    tp = TopicPartition(job.namespace.input(place.stream), place.partition)
    consumer.assign([tp])
    first = (await consumer.beginning_offsets([tp]))[tp]
    await _check(job, place, progress, first, tables)
    simulated: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
    plane = _plane(job, place, progress, first, simulated)
    # What it retires is no loss: until a worker says again what the tables hold, nothing is stated.
    stated = record(msgspec.structs.replace(progress, held={}), place.partition, place.stream.topic)
    done = Done(first + progress.base, progress.stamp, progress=[stated])
    async for chunk in _chunks(consumer, tp, first, progress.stamp - progress.base):
        plane.count(chunk)
        done.records += len(chunk.offsets)
        if plane.overlay.records >= FLUSH_RECORDS:
            _settle(plane, done, job.campaign.id)
    _settle(plane, done, job.campaign.id)
    return done, backfill(tables, simulated, job.campaign.id, progress.stamp)


async def _check(job: Job, place: Place, progress: Progress, first: int, tables: dict[str, dict[bytes, bytes]]) -> None:
    identity = await asyncio.to_thread(topic_id, job.kafka, job.namespace.input(place.stream))
    if identity != progress.topic_id:
        raise UsageProblem(f"{place}: the topic was created anew; `listener rebase` comes first.")
    if first + progress.base <= progress.moved:
        raise UsageProblem(
            f"{place}: the topic has more partitions since offset {progress.moved - progress.base + 1}. What is "
            "retained of before cannot be counted again in this partition alone: wait until retention has removed it."
        )
    if first + progress.base > 0 and has_counts(tables, job.campaign.id) and not job.replace:
        raise UsageProblem(
            f"{place}: {job.campaign.id} has counts already, and the records before offset {first} are gone: counting "
            "anew may come to less. --replace takes what the retained records come to."
        )


def _plane(
    job: Job, place: Place, progress: Progress, first: int, simulated: dict[str, dict[bytes, bytes]]
) -> PartitionPlane:
    start = first + progress.base
    before = Progress(start - 1, start - 1, NO_OUTCOMES, (), progress.topic_id, base=progress.base)
    return PartitionPlane(
        place.partition,
        simulated,
        Resume(before, start, None, start - 1),
        [(-1, job.compiled)],
        clock=wall_clock,
        retention=job.retention,
        capped=False,
        kind=KINDS[place.stream.topic],
        author_key=job.author_key,
        mentions=job.mentions,
    )


def _settle(plane: PartitionPlane, done: Done, campaign: str) -> None:
    """End a flush in memory; only what concerns the campaign is judged and kept."""
    plane.begin_flush()
    if plane.pending is not None:
        kept = [one for one in plane.pending.pending if one.step.campaign == campaign]
        plane.pending.pending[:] = kept
    plan = plane.plan_flush()
    plane.flushed(plan)
    done.mentions.update(plan.mentions)


async def _chunks(consumer: AIOKafkaConsumer, tp: TopicPartition, first: int, last: int) -> AsyncIterator[Chunk]:
    """The records from ``first`` to ``last``; transaction markers are passed over."""
    consumer.seek(tp, first)
    position = first
    while position <= last:
        found: list[Any] = (await consumer.getmany(tp, timeout_ms=_WAIT_MS, max_records=_MOST)).get(tp, [])
        begin, position = position, await consumer.position(tp)
        records = [one for one in found if one.offset <= last]
        headers = {index: dict(one.headers) for index, one in enumerate(records) if one.headers}
        if position > begin:
            yield Chunk(
                begin,
                min(position, last + 1),
                [one.offset for one in records],
                [one.timestamp for one in records],
                [one.value for one in records],
                headers,
                [one.key for one in records],
            )


def _traced(job: Job, done: Done) -> Backfilled:
    return Backfilled(job.campaign.id, job.campaign_set.version, done.first, done.last, to_ms(wall_clock()))


async def _write(publisher: Publisher, place: Place, plan: Backfill, done: Done, trace: Backfilled) -> None:
    """Progress, cells, mentions, entities: cut short, it must be run again, and until then the trace says so."""
    where = place.stream.topic, place.partition
    await publisher.trace([backfilled_record(*where, trace)])
    await publisher.tables(place, {PROGRESS: done.progress})
    await publisher.tables(place, plan.cells)
    await publisher.mentions(place, list(done.mentions.items()))
    await publisher.tables(place, {ENTITIES: plan.entities})
    await publisher.trace([backfilled_record(*where, msgspec.structs.replace(trace, done=True))])
