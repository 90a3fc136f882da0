"""``listener repartition``: more partitions for the posts, the press and the web, with all that is kept of them.

::

    grow topics ─► wait for producers ─► send again what is not counted ─► move entities ─► move mentions ─► commit
    (all but the cells' changelogs)                                                     (grow those)

Until the last changelog has grown no worker starts, since partition counts must be equal; so a run that was cut short
is seen, and run again. Every step may be repeated.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import click
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka.errors import NoError, for_code

from listener.errors import UsageProblem
from listener.inputs.reading import partition
from listener.kafka.admin import admin_client
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.kafka.topics import topic_id
from listener.options import wait_option
from listener.worker.moving import Mover
from listener.worker.places import Place
from listener.worker.publisher import create_producer
from listener.worker.rebase import require_no_workers
from models.cells import CELL_TABLES, ENTITIES, PROGRESS
from models.streams import STREAMS, Stream
from models.topics import Namespace
from processors.repartition import Change, Misplaced

#: Streams whose partitions are chosen; the others have one (decision 038).
CHOSEN: Final = tuple(stream for stream in STREAMS if stream.partitions is None)
#: Grown last, one after the other: while the last of them has not grown, no worker starts.
_COMMIT: Final = (*reversed(CELL_TABLES),)
#: Kafka's clients ask for the number of partitions every five minutes.
SETTLE_S: Final = 330.0


@dataclass
class Moved:
    """What was done."""

    forwarded: int = 0
    entities: int = 0
    mentions: int = 0


@dataclass(frozen=True)
class Layout:
    """How many partitions there are and are to be."""

    namespace: Namespace
    after: int
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kafka: KafkaSettings, namespace: Namespace, after: int) -> "Layout":
        """As the cluster has it. Raises UsageProblem where a topic is missing, or has more partitions already."""
        layout = cls(namespace, after)
        names = [*layout.first, *layout.last]
        with admin_client(kafka) as admin:
            counts = {
                topic["name"]: len(topic["partitions"])
                for topic in admin.describe_topics(names)
                if for_code(topic["error_code"]) is NoError
            }
        for name in names:
            if name not in counts:
                raise UsageProblem(f"there is no topic {name}: `listener topics create` makes what is missing.")
        layout = cls(namespace, after, counts)
        # Others may have more for reasons of their own: only what is counted is ours to judge.
        for name in (*map(namespace.input, CHOSEN), *layout.last):
            if counts[name] > after:
                raise UsageProblem(
                    f"--partitions: {name} has {counts[name]} partitions, and Kafka takes none away. "
                    f"Give at least {max(counts.values())}."
                )
        return layout

    @property
    def first(self) -> list[str]:
        """Topics that grow before anything moves."""
        tables = [self.namespace.changelog(stream.table(name)) for stream in CHOSEN for name in (ENTITIES, PROGRESS)]
        inputs = list(map(self.namespace.input, CHOSEN))
        return [self.namespace.mentions, self.namespace.dead_letters, *tables, *inputs]

    @property
    def last(self) -> list[str]:
        """Topics that grow when everything has moved, in this order."""
        return [self.namespace.changelog(stream.table(name)) for name in _COMMIT for stream in CHOSEN]

    def growing(self, names: list[str]) -> list[str]:
        """Those that have too few."""
        return [name for name in names if self.counts[name] < self.after]

    def change(self, stream: Stream) -> Change:
        """What happens to a stream: its state is laid out as the changelog that grows last says."""
        last = self.namespace.changelog(stream.table(_COMMIT[-1]))
        return Change(self.counts[last], self.after, partition)


@click.command("repartition")
@kafka_options
@namespace_options
@click.option(
    "--partitions",
    required=True,
    type=click.IntRange(min=1),
    envvar="LISTENER_PARTITIONS",
    show_envvar=True,
    help="Partitions of the posts, the press and the web from now on; never fewer than now.",
)
@click.option(
    "--settle",
    default=SETTLE_S,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds until producers have noticed the new partitions; 0 where all of them are stopped.",
)
@wait_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def repartition_command(
    kafka: KafkaSettings, namespace: Namespace, partitions: int, settle: float, wait: float, *, yes: bool
) -> None:
    """Give the counted topics more partitions and move what is kept to where the next records will be.

    Stop all workers first, in good order; boards read anew when they are started again. Counts stay as they are. A run
    that was cut short is run again with the same number; until it is through no worker starts.
    """
    layout = Layout.of(kafka, namespace, partitions)
    if not layout.growing([*layout.first, *layout.last]):
        click.echo(f"all topics have {partitions} partitions: nothing to do")
        return
    require_no_workers(kafka, namespace, wait)
    if not yes:
        click.confirm(f"{partitions} partitions for app {namespace.app}: this cannot be undone. Go on?", abort=True)
    moved = asyncio.run(_run(kafka, layout, settle))
    click.echo(
        f"{partitions} partitions: {moved.entities:,} entities and {moved.mentions:,} mentions have moved, "
        f"{moved.forwarded:,} records that were not counted yet were sent again"
    )


async def _run(kafka: KafkaSettings, layout: Layout, settle: float) -> Moved:
    moved = Moved()
    async with _mover(kafka, layout) as mover:
        # Everything is looked at before the first topic grows: a refusal changes nothing.
        growing = [stream for stream in CHOSEN if layout.change(stream).before < layout.after]
        for stream in growing:
            for number in range(layout.change(stream).before):
                await mover.check(Place(stream, number), layout.change(stream))
        await asyncio.to_thread(_grow, kafka, layout, layout.growing(layout.first))
        if settle:
            _say(f"waiting {settle:.0f} s until producers know of the new partitions")
            await asyncio.sleep(settle)
        for stream in growing:
            await _stream(kafka, layout, mover, stream, moved)
        moved.mentions = await mover.mentions({stream.topic: layout.change(stream) for stream in growing})
        for name in layout.growing(layout.last):
            await asyncio.to_thread(_grow, kafka, layout, [name])
    return moved


async def _stream(kafka: KafkaSettings, layout: Layout, mover: Mover, stream: Stream, moved: Moved) -> None:
    """Uncounted records, then new footings, then entities: these take the stamp of where they go."""
    change = layout.change(stream)
    old = [Place(stream, number) for number in range(change.before)]
    for place in old:
        _say(f"{place}: sending again what is not counted")
        moved.forwarded += await mover.forward(place, change)
    identity = await asyncio.to_thread(topic_id, kafka, layout.namespace.input(stream))
    await mover.footings(stream, change, identity)
    for place in old:
        _say(f"{place}: moving what is kept")
        moved.entities += await mover.entities(place, change)


def _grow(kafka: KafkaSettings, layout: Layout, names: list[str]) -> None:
    """Returns when the brokers show the new partitions."""
    if not names:
        return
    with admin_client(kafka) as admin:
        admin.create_partitions(dict.fromkeys(names, layout.after))
        admin.wait_for_topics(names)
    _say(f"{len(names)} topics have {layout.after} partitions")


@asynccontextmanager
async def _mover(kafka: KafkaSettings, layout: Layout) -> AsyncIterator[Mover]:
    group = AIOKafkaConsumer(**kafka.aiokafka(), group_id=layout.namespace.app, enable_auto_commit=False)
    reader = AIOKafkaConsumer(
        **kafka.aiokafka(), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    producer = create_producer(kafka)
    async with AsyncExitStack() as stack:
        for client in (group, reader, producer):
            await client.start()
            stack.push_async_callback(client.stop)
        group.assign(
            [
                TopicPartition(layout.namespace.input(stream), number)
                for stream in CHOSEN
                for number in range(layout.change(stream).before)
            ]
        )
        try:
            yield Mover(kafka, layout.namespace, group, reader, producer)
        except Misplaced as error:
            raise UsageProblem(
                f"{error}. Records must be keyed by the entity's id and be where the default partitioner puts that."
            ) from error


def _say(text: str) -> None:
    click.echo(f"listener: {text}", err=True)
