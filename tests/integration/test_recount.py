"""What workers have counted on a real broker, counted again from the retained records."""

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from listener.kafka.embedded import EmbeddedKafka
from models.cells import METRIC_INDEX, pack_cell, parse_window_key, unpack_cell
from models.streams import STREAMS
from models.topics import Namespace
from tests.business import a_bit_of_everything, campaign
from tests.integration.workers import PATIENCE_S, Cluster, Worker, cluster, post, posts, until

pytestmark = pytest.mark.broker

BOTH = "- {id: brand, keywords: [snapp, اسنپ]}\n- {id: rival, keywords: [tapsi]}\n"


@pytest.fixture
def one(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        shop = json.loads(msgspec.json.encode(campaign("shop")))
        (tmp_path / "campaigns" / "shop.yaml").write_text(json.dumps(shop, ensure_ascii=False))
        yield made


def produce(made: Cluster, records: Iterable[tuple[str, bytes]]) -> None:
    """Records of any topic, each entity in one partition."""

    async def send() -> None:
        producer = AIOKafkaProducer(**made.kafka.aiokafka())
        await producer.start()
        try:
            for topic, value in records:
                name = made.namespace.prefix + topic
                body = msgspec.json.decode(value)
                ids = [str(body[name]) for name in ("article_id", "session_id", "post_id") if name in body]
                partitions = len(await producer.partitions_for(name)) if ids else 1
                await producer.send_and_wait(name, value, partition=zlib.crc32("".join(ids).encode()) % partitions)
        finally:
            await producer.stop()

    asyncio.run(send())


def all_counted(made: Cluster, worker: Worker) -> None:
    """Wait until the records of all topics are counted and durable."""

    async def ends() -> dict[str, int]:
        consumer = AIOKafkaConsumer(**made.kafka.aiokafka())
        await consumer.start()
        try:
            found = {}
            for stream in STREAMS:
                topic = made.namespace.input(stream)
                for number in range(stream.partitions or made.partitions):
                    tp = TopicPartition(topic, number)
                    found[f"{stream.topic}/{number}"] = (await consumer.end_offsets([tp]))[tp]
            return found
        finally:
            await consumer.stop()

    wanted = asyncio.run(ends())

    def done() -> bool:
        body = worker._get("/api/status")
        found = json.loads(body)["partitions"] if body else {}
        return all(
            name in found
            and found[name]["position"] >= end
            and found[name]["unflushed"] == 0
            and found[name]["durable"] == found[name]["stamp"]
            for name, end in wanted.items()
        )

    until(done, f"{wanted} to be counted")


def test_nothing_differs_whatever_happened_and_a_tampered_cell_is_told(one: Cluster) -> None:
    everything = a_bit_of_everything()
    worker = one.worker().ready()
    one.produce([*posts(0, 300), *posts(1000, 50, partition=1, text="tapsi"), post(2000, counts={"likes": 3})])
    produce(one, everything[::2])
    one.counted()

    (one.directory / "campaigns" / "brand.yaml").write_text(BOTH)
    until(lambda: worker.metrics()["listener_campaigns_changes_total", ""] == 1, "the new campaigns")
    one.produce([*posts(3000, 4000), post(2000, op="engagement", text=None, counts={"likes": 9})])
    worker.kill()
    worker = one.worker().ready()
    produce(one, [*everything[1::2], ("marketing.web.v1", b'{"no": "session"}')])
    all_counted(one, worker)
    assert worker.terminate() == 0
    done = one.command("backfill", "--campaign", "rival", "--wait", "20")
    assert done.returncode == 0, done.stderr

    worker = one.worker().ready()
    one.produce(
        [post(1000, partition=1, op="engagement", text=None, counts={"likes": 7}), *posts(8000, 20, text="tapsi")]
    )
    all_counted(one, worker)
    equal = one.command("recount", "--from-kafka")
    assert (equal.returncode, equal.stdout) == (0, ""), equal.stderr
    assert ": 0 differences" in equal.stderr.splitlines()[-1]
    assert worker.terminate() == 0

    line = tamper(one)
    differs = one.command("recount", "--from-kafka")
    assert (differs.returncode, differs.stdout) == (1, line), differs.stderr
    report = json.loads(one.command("recount", "--from-kafka", "--json").stdout)
    assert (report["equal"], len(report["differences"]), report["not_covered"]) == (False, 1, [])
    audited(one, 'listener_audit_difference{topic="social.posts.v1"} 1.0', line.strip())


def audited(made: Cluster, sample: str, line: str) -> None:
    """Run the audit until it exports ``sample``; it logs the difference and stops when it is told to."""
    log = made.directory / "audit.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "listener", "audit", "--every", "1h", "--http-port", "0"]
        audit = subprocess.Popen(command, env=made.environment, stdout=out, stderr=out)
    try:
        found = until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/metrics", log.read_text()), "the audit to serve")

        def page() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/metrics", timeout=PATIENCE_S) as answer:
                text: str = answer.read().decode()
                return text

        until(lambda: sample in page(), sample)
        assert line in log.read_text()
        audit.terminate()
        assert audit.wait(PATIENCE_S) == 0
    finally:
        audit.kill()
        audit.wait()


def tamper(made: Cluster) -> str:
    """Add 5 to the likes of one hour; the line that is to be told."""
    cells = made.tables()[0]["hour"]
    key, value = next(item for item in sorted(cells.items()) if parse_window_key(item[0])[0].campaign == "brand")
    stamp, counters = unpack_cell(value)
    likes = counters[METRIC_INDEX["likes"]]
    counters[METRIC_INDEX["likes"]] += 5

    async def send() -> None:
        producer = AIOKafkaProducer(**made.kafka.aiokafka())
        await producer.start()
        topic = made.namespace.changelog("hour")
        await producer.send_and_wait(topic, pack_cell(stamp, counters), key, partition=0)
        await producer.stop()

    asyncio.run(send())
    _, start = parse_window_key(key)
    hour = datetime.fromtimestamp(start, UTC).replace(tzinfo=None).isoformat()
    return f"brand\thour {hour}\tlikes\t{likes}\t{likes + 5}\tsocial.posts.v1/0 twitter\n"
