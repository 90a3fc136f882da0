"""A worker that is frozen past its session and wakes up again, with compaction in between: equal, to the unit."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from listener.campaigns.files import load_campaigns
from listener.changelog import read_to_end
from listener.demo.run import SESSION_TIMEOUT_S, DemoRun
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.inputs.reading import partition, read_records
from listener.inputs.records import InputRecord
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.recount.counting import recount
from listener.recount.report import Report
from listener.worker.places import posts
from listener.worker.recovery import read_tables
from models.cells import TABLES
from models.topics import Namespace
from processors.match import Matcher

pytestmark = [pytest.mark.broker, pytest.mark.data]

CAMPAIGNS = Path(__file__).resolve().parents[1] / "campaigns" / "real"
NOW_MS = 1_790_000_000_000
#: Small segments that may be compacted at once, so that a cleaner has something to do within seconds.
EAGER = {
    "min.compaction.lag.ms": "0",
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "100",
}


@dataclass
class Freezer:
    """Freezes the first worker after ``at`` records, and wakes it when the other has counted ``until``.

    Records go out at 3,000 a second, so the other is still counting when the zombie wakes.
    """

    at: int
    until: int
    frozen_at: float | None = None
    woken_after: float | None = None
    began: float | None = None

    def __call__(self, run: DemoRun, read: int) -> None:
        if self.frozen_at is None and read >= self.at:
            run.pause_worker(0)
            self.frozen_at = time.monotonic()
        elif self.frozen_at is not None and self.woken_after is None and read >= self.until:
            self.woken_after = time.monotonic() - self.frozen_at
            run.resume_worker(0)

    def wait_s(self, record: InputRecord, number: int, now: float) -> float:
        del record
        if self.began is None:
            self.began = now
        return self.began + number / 3000 - now


def configure(kafka: KafkaSettings, namespace: Namespace, config: dict[str, str]) -> None:
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, namespace.changelog(table), configs=config) for table in TABLES
    ]
    with admin_client(kafka) as admin:
        admin.alter_configs(resources)


async def changelog_records(kafka: KafkaSettings, namespace: Namespace, partitions: int) -> int:
    """How many records the changelogs hold now."""
    held = 0

    def take(_tp: object, records: list[tuple[int, bytes, bytes | None]]) -> None:
        nonlocal held
        held += len(records)

    topics = [namespace.changelog(table) for table in TABLES]
    await read_to_end(kafka, [TopicPartition(topic, one) for topic in topics for one in range(partitions)], take)
    return held


def test_a_zombie_and_compaction_change_nothing(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path, data_dir: Path
) -> None:
    source = Replay(
        (data_dir / "posts_twitter_2018" / "train.jsonl",),
        FieldMap.parse(["post_id=id,created_at=ts"]),
        CAMPAIGNS,
        workers=2,
    )
    records = list(read_records(source.inputs, source.field_map))
    first, rest = records[:38_000], records[38_000:]
    freezer = Freezer(at=6_000, until=30_000)
    said: list[str] = []
    run = DemoRun(source, broker.settings, namespace, tmp_path, said.append, freezer, freezer)

    async def scenario() -> Report:
        campaigns = [campaign.id for campaign in load_campaigns(CAMPAIGNS).campaigns]
        async with run:
            await run.count(campaigns, iter(first))
            await asyncio.to_thread(configure, broker.settings, namespace, EAGER)
            before = await changelog_records(broker.settings, namespace, source.partitions)
            await run.count(campaigns, iter(rest[:1500]))
            await compacted_below(before, broker.settings, namespace, source.partitions)
            for number in range(2):
                run.kill_worker(number)
            return await run.count(campaigns, iter(rest[1500:]))

    report = asyncio.run(scenario())
    assert freezer.woken_after is not None
    assert freezer.woken_after > SESSION_TIMEOUT_S
    assert any("exit code 1" in line for line in said), "the zombie must end itself, not go on"
    assert report == expected(source, records)
    durable = asyncio.run(read_tables(broker.settings, namespace, set(map(posts, range(source.partitions)))))
    assert sum(len(tables["lifetime"]) for tables in durable.values()) > 30


async def compacted_below(before: int, kafka: KafkaSettings, namespace: Namespace, partitions: int) -> None:
    """Wait until the cleaner has run; progress cells are restated every few seconds, which rolls the segments."""
    async with asyncio.timeout(120):
        while await changelog_records(kafka, namespace, partitions) >= before:
            await asyncio.sleep(1)


def expected(source: Replay, records: list[InputRecord]) -> Report:
    campaigns = load_campaigns(source.campaigns)
    rows = ((partition(record.key, source.partitions), record.value, NOW_MS, record.topic) for record in records)
    return recount(rows, campaigns, Matcher(campaigns)).report()
