"""Sources through a real Kafka into the worker: killed and cut off on the way; nothing lost, nothing double."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.naming import namespace_environment
from listener.recount.counting import recount
from listener.recount.report import Report
from listener.sources.kit.sinks import kafka_sink, load_cursors
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC
from models.topics import Namespace
from processors.match import Matcher
from tests.unit.listener.sources.feeds.test_poller import Site, item, ok, rss
from tests.unit.listener.sources.networks.test_jetstream import Instance, frame
from tests.unit.listener.sources.rig import serve

pytestmark = pytest.mark.broker

CAMPAIGNS = Path(__file__).resolve().parents[1] / "campaigns" / "real"
PATIENCE_S = 45.0

Row = tuple[int, bytes, bytes, int]


@dataclass
class Bench:
    """A broker, an application of one worker and a board, and sources as processes."""

    broker: EmbeddedKafka
    namespace: Namespace
    directory: Path
    said: list[str] = field(default_factory=list)

    def run(self) -> DemoRun:
        replay = Replay((), FieldMap(), CAMPAIGNS, partitions=2)
        return DemoRun(replay, self.broker.settings, self.namespace, self.directory, self.said.append)

    async def source(self, config: dict[str, Any]) -> asyncio.subprocess.Process:
        file = self.directory / "sources.yaml"
        file.write_text(yaml.safe_dump({"sources": {"it": config}}), encoding="utf-8")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LISTENER_")}
        environment = inherited | self.broker.settings.environment() | namespace_environment(self.namespace)
        command = ("source", "run", "it", "--config", str(file), "--http-port", "0")
        with (self.directory / "source.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "listener", *command, env=environment, stdout=log, stderr=log
            )

    @asynccontextmanager
    async def reader(self, topic: str) -> AsyncIterator[Callable[[], Any]]:
        """Gives a function that reads what is new on a topic: (partition, key, value, Kafka timestamp)."""
        consumer = AIOKafkaConsumer(**self.broker.settings.aiokafka(), enable_auto_commit=False)
        await consumer.start()
        partitions = [TopicPartition(self.namespace.prefix + topic, number) for number in range(2)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)

        async def more() -> list[Row]:
            batches = await consumer.getmany(timeout_ms=200)
            return [(one.partition, one.key, one.value, one.timestamp) for some in batches.values() for one in some]

        try:
            yield more
        finally:
            await consumer.stop()


@pytest.fixture
def bench(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Bench:
    return Bench(broker, namespace, tmp_path)


async def read_until(more: Callable[[], Any], rows: list[Row], is_enough: Callable[[list[Row]], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_enough(rows):
            rows += await more()


def keys(rows: list[Row]) -> set[bytes]:
    return {key for _, key, _, _ in rows}


def expected(rows: list[Row], topic: str) -> Report:
    campaigns = load_campaigns(CAMPAIGNS)
    found = ((partition, value, timestamp, topic) for partition, _, value, timestamp in rows)
    return recount(found, campaigns, Matcher(campaigns), retention=False).report()


def was_sent(run: DemoRun, rows: list[Row], topic: str) -> None:
    """Tell the run what it has to wait for."""
    counts = Counter(partition for partition, _, _, _ in rows)
    run.sent.records = len(rows)
    run.sent.next_offsets = {(topic, partition): number for partition, number in counts.items()}


def test_bluesky_cut_off_and_killed_is_counted_as_the_recount_says(bench: Bench) -> None:
    brands = ["تلگرام", "اسنپ", "هیچ", "دیجی کالا"]
    at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}:00Z"
    frames = [frame(number, text=brands[number % 4], at=at) for number in range(2000)]
    for number in range(40):
        delete = frame(2000 + number, operation="delete", at=at)
        frames.append(delete.replace(f"k{2000 + number}", f"k{number}"))
    instance = Instance(frames, cut_after=[300, 500, 900], abort=True)
    rows: list[Row] = []

    async def sending(run: DemoRun, base: str, more: Callable[[], Any]) -> None:
        config = {"kind": "bluesky", "hosts": [base.replace("http", "ws")], "version": "2"}
        for points in (400, 1200, None):
            source = await bench.source(config)
            await read_until(more, rows, lambda it, most=points: len(keys(it)) >= (most or 2000))
            if points is not None:
                source.kill()
                await source.wait()
        await read_until(more, rows, lambda it: sum(b'"op":"delete"' in value for _, _, value, _ in it) >= 40)
        source.terminate()
        assert await source.wait() == 0
        rows.extend(await more())
        was_sent(run, rows, POSTS_TOPIC)

    async def scenario() -> Report:
        async with bench.run() as run, serve(instance.routes()) as base, bench.reader(POSTS_TOPIC) as more:
            ids = [campaign.id for campaign in load_campaigns(CAMPAIGNS).campaigns]
            report = await run.count_sent(sending(run, base, more), ids)
            cursors = await load_cursors(bench.broker.settings, bench.namespace, "it")
        assert cursors[""]["seq"] == 2039
        return report

    report = asyncio.run(scenario())
    assert len(keys(rows)) == 2000
    assert len(instance.queries) >= 5, "it was cut off three times and started three times"
    wanted = expected(rows, POSTS_TOPIC)
    assert report == wanted
    found = [report.campaigns[name] for name in ("telegram", "snapp", "digikala")]
    assert [totals.mentions for totals in found] == [500, 500, 500]


def test_feeds_polled_by_processes_that_die_lose_and_double_nothing(bench: Bench) -> None:
    at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    news = [item(number, "خبر تلگرام" if number % 2 else "خبر", at) for number in range(60)]
    answers = [ok(rss(*news[max(0, end - 20) : end])) for end in (20, 35, 50, 60)]
    site = Site([(500, b"", {}), *answers])
    rows: list[Row] = []

    async def sending(run: DemoRun, base: str, more: Callable[[], Any]) -> None:
        config = {"kind": "feeds", "feeds": [f"{base}/rss"], "pause_s": 0, "full_text": "never", "once": True}
        for number in range(5):
            source = await bench.source(config)
            assert await source.wait() == 0, (bench.directory / "source.log").read_text()
            if number == 2:
                # As if it had died before its cursor was saved: the next reads everything again.
                async with kafka_sink(bench.broker.settings, bench.namespace, "it", ()) as sink:
                    await sink.save({f"{base}/rss": None})
        await read_until(more, rows, lambda it: len(it) == 60 + 5)
        was_sent(run, rows, ARTICLES_TOPIC)

    async def scenario() -> Report:
        async with bench.run() as run, serve(site.routes()) as base, bench.reader(ARTICLES_TOPIC) as more:  # type: ignore[arg-type]
            ids = [campaign.id for campaign in load_campaigns(CAMPAIGNS).campaigns]
            return await run.count_sent(sending(run, base, more), ids)

    report = asyncio.run(scenario())
    assert len(keys(rows)) == 60
    assert report == expected(rows, ARTICLES_TOPIC), "five articles were still in the feed when the cursor was gone"
    assert report.campaigns["telegram"].press_mentions == 30
    ops = Counter(json.loads(value)["op"] for _, _, value, _ in rows)
    assert ops == {"create": 65}
