"""From produce to visible in a board's ``/metrics``, by load; writes ``build/latency.json``.

A worker and a board run; this process produces at a steady pace, whole batches at a time, and with every batch one post
of a campaign of its own, all to one partition: they are counted in order, so the n-th is visible once the campaign's
counter says n. The page is asked for twenty times a second; it is rendered once a second at most. Prometheus adds its
scrape interval to that.

Capacity is what goes through this whole set-up, when batches are produced as fast as the worker makes them durable:
broker, producer, worker and board share the machine. Loads are shares of it.
"""

import argparse
import asyncio
import http.client
import json
import re
import statistics
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from listener.worker.sets import SetStore
from models.campaign import Campaign, CampaignSet
from models.topics import Namespace
from tests.bench.posts import campaign_set, posts
from tests.bench.record import markdown, record
from tests.bench.run import PARTITIONS, say
from tests.bench.serving import Served

OUT: Final = Path("build/latency.json")
LOADS: Final = (0.1, 0.5, 0.8)
PROBE: Final = Campaign(id="probe", name="probe", keywords=("probezx",))
_COUNTER: Final = re.compile(rb'^listener_campaign_mentions_total\{campaign="probe",[^}]*\} (\S+)$', re.MULTILINE)
#: Batches a second, and posts in one of the run that finds the capacity.
TICK_S: Final = 0.02
FULL: Final = 1_000
LOOK_S: Final = 0.05
PATIENCE_S: Final = 60.0
#: Batches that may be on their way when the capacity is looked for.
UNDER_WAY: Final = 40


@dataclass
class Probes:
    """When each probe was produced, and how long it took until it was seen; ``last``: when the last one was."""

    made: deque[float] = field(default_factory=deque)
    took: list[float] = field(default_factory=list)
    seen: int = 0
    last: float = 0.0

    def see(self, total: int, now: float) -> None:
        """The page says so many by now."""
        while self.seen < total:
            self.took.append(now - self.made.popleft())
            self.seen, self.last = self.seen + 1, now


class Setup:
    """The producer and the reader of the page."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, port: int) -> None:
        self._producer, self._topic = producer, topic
        self._page_of = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._ids = 0
        self.probes = Probes()

    def material(self, count: int) -> list[bytes]:
        """New posts, made before they are wanted: making one takes longer than counting it."""
        made = [value for _, value in posts(count, campaign_set(200), 0.05, first=self._ids, now=_now())]
        self._ids += count
        return made

    async def send(self, values: list[bytes], partition: int) -> "asyncio.Future[object]":
        """A batch, and its probe."""
        now = time.monotonic()
        probe = self._producer.create_batch()
        self._ids += 1
        _, post = next(posts(1, CampaignSet((PROBE,)), 1.0, first=self._ids, now=_now()))
        probe.append(timestamp=None, key=None, value=post)
        batch = self._producer.create_batch()
        for value in values:
            if batch.append(timestamp=None, key=None, value=value) is None:
                raise SystemExit("a batch is too small for its posts")
        sent: asyncio.Future[object] = await self._producer.send_batch(batch, self._topic, partition=partition)
        await self._producer.send_batch(probe, self._topic, partition=0)
        self.probes.made.append(now)
        return sent

    async def look(self) -> None:
        """Read the page again and again."""
        while True:
            page = await asyncio.to_thread(self._page)
            for total in _COUNTER.findall(page):
                self.probes.see(int(float(total)), time.monotonic())
            await asyncio.sleep(LOOK_S)

    def _page(self) -> bytes:
        self._page_of.request("GET", "/metrics")
        return self._page_of.getresponse().read()

    async def seen_all(self) -> None:
        """Until every probe was."""
        async with asyncio.timeout(PATIENCE_S):
            while self.probes.made:
                await asyncio.sleep(LOOK_S)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _batches(values: list[bytes], size: int) -> Iterator[list[bytes]]:
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


async def capacity(setup: Setup, count: int) -> float:
    """Posts a second when as many are produced as go."""
    values, under_way = setup.material(count), deque[asyncio.Future[object]]()
    began = time.monotonic()
    for number, some in enumerate(_batches(values, FULL)):
        if len(under_way) >= UNDER_WAY:
            await under_way.popleft()
        under_way.append(await setup.send(some, number % PARTITIONS))
    await setup.seen_all()
    return count / (setup.probes.last - began)


async def at_load(setup: Setup, rate: float, seconds: float) -> dict[str, float]:
    """Latencies at so many posts a second."""
    values = setup.material(round(rate * seconds))
    setup.probes.took.clear()
    began = time.monotonic()
    for number, some in enumerate(_batches(values, max(1, round(rate * TICK_S)))):
        await asyncio.sleep(max(0.0, began + number * TICK_S - time.monotonic()))
        await setup.send(some, number % PARTITIONS)
    produced = len(values) / (time.monotonic() - began)
    await setup.seen_all()
    percentiles = statistics.quantiles(setup.probes.took, n=100)
    return {"asked": rate, "produced": produced, "p50_s": percentiles[49], "p99_s": percentiles[98]}


async def measure(kafka: KafkaSettings, topic: str, port: int, options: argparse.Namespace) -> dict[str, Any]:
    """Capacity, and latencies by load."""
    producer = AIOKafkaProducer(**kafka.aiokafka(), linger_ms=0, max_batch_size=1_000_000, max_request_size=2_000_000)
    await producer.start()
    setup = Setup(producer, topic, port)
    looking = asyncio.create_task(setup.look())
    try:
        await capacity(setup, options.posts // 4)  # everything has been used once
        full = await capacity(setup, options.posts)
        say(f"capacity: {full:,.0f} posts a second")
        loads = {}
        for share in LOADS:
            loads[f"{share:.0%}"] = await at_load(setup, share * full, options.seconds)
            say(f"{share:.0%}: {loads[f'{share:.0%}']}")
    finally:
        looking.cancel()
        await producer.stop()
    return {"capacity": full, "loads": loads}


async def _publish(kafka: KafkaSettings, namespace: Namespace) -> None:
    producer = AIOKafkaProducer(**kafka.aiokafka())
    await producer.start()
    everyone = CampaignSet((*campaign_set(200).campaigns, PROBE))
    await SetStore(kafka, namespace).publish(everyone, producer)
    await producer.stop()


def main() -> None:
    """Print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=300_000, help="to find the capacity with")
    parser.add_argument("--seconds", type=float, default=15.0, help="of every load")
    options = parser.parse_args()
    namespace = Namespace("latency")
    with EmbeddedKafka(progress=say) as broker:
        kafka = broker.settings
        create_topics(kafka, declared_topics(namespace, PARTITIONS))
        asyncio.run(_publish(kafka, namespace))
        with (
            Served(kafka, namespace, "worker", "--mentions", "off", "--session-timeout", "10") as worker,
            Served(kafka, namespace, "board") as board,
        ):
            worker.wait_ready()
            board.wait_ready()
            found = asyncio.run(measure(kafka, namespace.posts, board.port, options))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(msgspec.json.format(json.dumps(found).encode(), indent=2) + b"\n")
    _show(found)


def _show(found: dict[str, Any]) -> None:
    rows = [("100 %", f"{found['capacity']:,.0f}", "", "", "")]
    for share, one in found["loads"].items():
        took = (f"{one['p50_s']:.2f} s", f"{one['p99_s']:.2f} s")
        rows.append((share.replace("%", " %"), f"{one['asked']:,.0f}", f"{one['produced']:,.0f}", *took))
    record("latency", markdown(("of capacity", "posts/s", "produced", "p50", "p99"), rows))


if __name__ == "__main__":
    main()
