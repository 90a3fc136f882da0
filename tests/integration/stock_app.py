"""A plain Faust app, as Faust's documentation teaches: stock consumer, recovery and tables, one event at a time.

``count FILE N``: counts N records of the posts topic with the same ``PartitionPlane`` as our engine.
``read FILE``: recovers from the app's changelogs and lists every windowed value as Faust's own API gives it.
The file ends with ``done`` then. Told by the environment, like a worker.
"""

import asyncio
import base64
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust

from listener.campaigns.files import load_campaigns
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import topic_id
from listener.worker.sets import compile_set
from models.cells import ENTITIES, LIFETIME, PROGRESS, TABLES, WINDOWS, parse_lifetime_key, parse_window_key
from models.progress import NO_OUTCOMES, Progress
from models.topics import Namespace
from processors.overlay import Chunk, FlushPlan
from processors.plane import PartitionPlane
from processors.resume import Resume

KAFKA = KafkaSettings.parse(os.environ["LISTENER_BOOTSTRAP_SERVERS"])
NAMESPACE = Namespace(os.environ["LISTENER_APP"], os.environ["LISTENER_TOPIC_PREFIX"])
PARTITIONS = int(os.environ["LISTENER_PARTITIONS"])

app = faust.App(
    NAMESPACE.app,
    broker=KAFKA.faust_broker(),
    store="memory://",
    topic_partitions=PARTITIONS,
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
    consumer_auto_offset_reset="earliest",
)
windowed: dict[str, Any] = {
    name: app.Table(name, value_type=bytes, partitions=PARTITIONS).tumbling(size, expires=None)
    for name, size in WINDOWS.items()
}
plain: dict[str, Any] = {
    name: app.Table(name, value_type=bytes, partitions=PARTITIONS) for name in (LIFETIME, PROGRESS)
}
plain[ENTITIES] = app.Table(ENTITIES, key_type=bytes, value_type=bytes, partitions=PARTITIONS)
source = app.topic(NAMESPACE.posts, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

planes: dict[int, PartitionPlane] = {}
result = Path(sys.argv[2])
left = int(sys.argv[3]) if sys.argv[1] == "count" else None


@app.agent(source)
async def count(stream: Any) -> None:
    """Count one event and write everything that it touched."""
    async for event in stream.events():
        message = event.message
        plane = await plane_of(message.partition, message.offset)
        plane.count(
            Chunk(
                message.offset,
                message.offset + 1,
                [message.offset],
                [int(message.timestamp * 1000)],
                [message.value],
                {0: dict(message.headers)} if message.headers else {},
                [message.key],
            )
        )
        plan = plane.take_flush()
        write(plan)
        plane.flushed(plan)
        counted()


async def plane_of(partition: int, offset: int) -> PartitionPlane:
    if partition not in planes:
        compiled = compile_set(load_campaigns(Path(os.environ["LISTENER_CAMPAIGNS"])))
        identity = await asyncio.to_thread(topic_id, KAFKA, NAMESPACE.posts)
        assert offset == 0, "this app never starts again"
        progress = Progress(-1, -1, NO_OUTCOMES, (), identity)
        planes[partition] = PartitionPlane(
            partition,
            {table: {} for table in TABLES},
            Resume(progress, 0, None, -1),
            [(0, compiled)],
            clock=lambda: datetime.now(UTC),
            retention=False,
        )
    return planes[partition]


def write(plan: FlushPlan) -> None:
    """Through Faust's own table API: it chooses the window, the key's bytes and the changelog partition."""
    for table, records in plan.cells.items():
        for key, value in records:
            if table in WINDOWS:
                cell, start = parse_window_key(key)
                windowed[table].relative_to(lambda _event, at=float(start): at)[cell.text()] = value
            elif table == LIFETIME:
                plain[table][parse_lifetime_key(key).text()] = value
            else:
                plain[table][json.loads(key)] = value
    for key, value in plan.entities:
        plain[ENTITIES][key] = value


def counted() -> None:
    global left  # noqa: PLW0603 - a script
    assert left is not None
    left -= 1
    if not left:
        result.write_text("done\n")


@app.task
async def read() -> None:
    """List what stock recovery found, once it is complete."""
    if left is not None:
        return
    await recovered.wait()
    await app.tables.recovery.completed.wait()
    list_values()


def list_values() -> None:
    lines = []
    for name, table in windowed.items():
        for cell, (start, _end) in list(table.table.keys()):
            value = table.relative_to(lambda _event, at=start: at)[cell].value()
            lines.append(json.dumps([name, cell, start, base64.b64encode(value).decode()]))
    result.write_text("\n".join([*lines, "done\n"]))


recovered = asyncio.Event()


@app.on_rebalance_complete.connect
async def on_recovered(*_: Any, **__: Any) -> None:
    """Stock recovery is through."""
    recovered.set()


if __name__ == "__main__":
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()
