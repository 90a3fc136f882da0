"""How soon a worker is back with a million tracked posts: ``python -m tests.bench.recovery``.

Changelogs as a worker leaves them: entities, minute, hour, day and lifetime cells, progress. A worker is started on
them, killed with SIGKILL as soon as it is ready, and another is started at once, as a supervisor does. Measured are the
records that recovery reads and merges per second (the worker's own metrics), and the time from the kill to the next
worker's ready, in which its start and the dead one's session time-out are contained.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics, topic_id
from listener.worker.places import Place, posts
from listener.worker.publisher import Publisher, create_producer
from models.cells import ENTITIES, LIFETIME, METRICS, PROGRESS, WINDOWS, CellName, lifetime_key, pack_cell, window_key
from models.entity import PostEntity, Tracking, pack_entity
from models.progress import Progress, SetInForce, pack_progress, progress_key
from models.topics import Namespace
from tests.bench.posts import campaign_set
from tests.bench.record import markdown, record
from tests.bench.run import PARTITIONS, _cpu, _free_port, _get, produce, say

CAMPAIGNS: Final = 200
#: Stamps before the first record of the source topic: what made the state is long gone from there.
BASE: Final = 10_000_000
NOW_S: Final = 1_795_000_000 // 86_400 * 86_400
#: Minutes, hours and days that have a cell of every campaign, per partition.
HELD: Final = {"minute": 240, "hour": 48, "day": 30}
BATCH: Final = 20_000
SESSION_S: Final = 10.0
OUT: Final = Path("build/recovery.json")
Records = list[tuple[bytes, bytes | None]]


def entities(partition: int, count: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Tracked posts with counters that were seen a few times."""
    now = NOW_S * 1000
    for number in range(count):
        likes, views = number % 97, 13 * (number % 1009)
        last: list[int | None] = [likes, number % 7, number % 11, views, None, None]
        share = Tracking(f"c{number % CAMPAIGNS:04}", net=[likes, number % 7, number % 11, views])
        created = now - number % 86_400_000
        entity = PostEntity(BASE + 1, created, number * 2654435761, created, created, 0, 0, 0, last, last, [share])
        yield f"twitter:{10**18 + number * PARTITIONS + partition}".encode(), pack_entity(entity)


def cells(partition: int, table: str) -> Iterator[tuple[bytes, bytes | None]]:
    """Cells of every campaign."""
    value = pack_cell(BASE + 1, [3, 3, 41, 41, 5, 5, 7, 7, 1234, 1234] + [0] * (len(METRICS) - 10))
    for number in range(CAMPAIGNS):
        name = CellName(f"c{number:04}", "social.posts.v1", partition, "twitter").text()
        if table == LIFETIME:
            yield lifetime_key(name), value
        else:
            size = WINDOWS[table]
            yield from ((window_key(name, NOW_S - back * size, size), value) for back in range(HELD[table]))


async def fill(kafka: KafkaSettings, namespace: Namespace, tracked: int) -> int:
    """Write the changelogs of all partitions; returns how many records."""
    await produce(kafka, namespace.posts, 400, CAMPAIGNS, 0.0)
    identity = await asyncio.to_thread(topic_id, kafka, namespace.posts)
    producer = create_producer(kafka)
    await producer.start()
    publisher, written = Publisher(producer, namespace), 0
    try:
        for place in map(posts, range(PARTITIONS)):
            written += await _fill(publisher, place, tracked // PARTITIONS, identity)
    finally:
        await producer.stop()
    return written


async def _fill(publisher: Publisher, place: Place, tracked: int, identity: str) -> int:
    progress = Progress(
        stamp=BASE + 1,
        durable=BASE + 1,
        outcomes=(0, 0, 0, 0, 0, tracked),
        sets=(SetInForce(campaign_set(CAMPAIGNS).version, 0),),
        topic_id=identity,
        record_time=NOW_S * 1000,
        durable_record_time=NOW_S * 1000,
        base=BASE,
    )
    parts = {table: cells(place.partition, table) for table in (*WINDOWS, LIFETIME)}
    key = progress_key(place.stream.topic, place.partition)
    sources = parts | {ENTITIES: entities(place.partition, tracked), PROGRESS: iter([(key, pack_progress(progress))])}
    written = 0
    for table, records in sources.items():
        while batch := [record for record, _ in zip(records, range(BATCH), strict=False)]:
            await publisher.tables(place, {table: batch})
            written += len(batch)
    return written


class Worker:
    """A worker process on the changelogs."""

    def __init__(self, kafka: KafkaSettings, namespace: Namespace) -> None:
        self.port = _free_port()
        options = ["--http-port", str(self.port), "--mentions", "off", "--session-timeout", str(SESSION_S)]
        environment = kafka.environment() | {"LISTENER_APP": namespace.app, "LISTENER_LOG_LEVEL": "WARNING"}
        self.began = time.monotonic()
        self.process = psutil.Popen(
            [sys.executable, "-m", "listener", "worker", *options],
            env=dict(psutil.Process().environ()) | environment,
            stderr=subprocess.DEVNULL,
        )

    def ready(self) -> dict[str, float]:
        """Figures, once it is."""
        while _get(self.port, "/readyz") is None:
            if self.process.poll() is not None:
                raise SystemExit(f"the worker ended with {self.process.returncode}")
            time.sleep(0.02)
        ready = time.monotonic() - self.began
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        seconds, records = (
            float(re.findall(rf"^listener_worker_recovery_{what} (\S+)$", page, re.MULTILINE)[0])
            for what in ("seconds", "records")
        )
        return {
            "ready_s": ready,
            "recovery_s": seconds,
            "records": records,
            "cpu_s": _cpu(self.process),
            "rss_mb": self.process.memory_info().rss / 2**20,
        }

    def kill(self) -> None:
        """As a machine that loses power."""
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracked", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    namespace, rounds = Namespace("bench"), []
    with EmbeddedKafka(progress=say) as broker:
        kafka = broker.settings
        create_topics(kafka, declared_topics(namespace, PARTITIONS))
        written = asyncio.run(fill(kafka, namespace, options.tracked))
        say(f"{written:,} records in the changelogs")
        worker = Worker(kafka, namespace)
        first = worker.ready()
        say(f"a worker where none was before: {first}")
        for _ in range(options.rounds):
            worker.kill()
            worker = Worker(kafka, namespace)
            rounds.append(worker.ready())
            say(f"after SIGKILL: {rounds[-1]}")
        worker.kill()
    medians = {name: statistics.median(one[name] for one in rounds) for name in first}
    speed = [one["records"] / one["recovery_s"] for one in (first, *rounds)]
    found = {"records_per_second": round(statistics.median(speed)), "first": first, "rounds": rounds}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"tracked": options.tracked} | found, indent=2) + "\n", encoding="utf-8")
    record("recovery", _table(options.tracked, statistics.median(speed), rounds, medians))


def _table(tracked: int, speed: float, rounds: list[dict[str, float]], medians: dict[str, float]) -> str:
    waits = ", ".join(f"{one['ready_s']:.1f}" for one in rounds)
    rows = [
        ("tracked posts", f"{tracked:,}"),
        ("records read and merged", f"{medians['records']:,.0f} in {medians['recovery_s']:.2f} s (median)"),
        ("that is, a second", f"{speed:,.0f} (aim: 500,000)"),
        (f"from SIGKILL to ready, start and session time-out of {SESSION_S:.0f} s included", f"{waits} s"),
        ("CPU of the new worker up to then", f"{medians['cpu_s']:.1f} s"),
        ("memory", f"{medians['rss_mb']:.0f} MB"),
    ]
    return markdown(("", ""), rows)


if __name__ == "__main__":
    main()
