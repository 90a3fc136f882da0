"""Worker processes for integration tests, posts for them, and what they made durable."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from prometheus_client.parser import text_string_to_metric_families

from listener.kafka.naming import namespace_environment
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from listener.worker.places import posts as place
from listener.worker.recovery import read_tables
from models.cells import LIFETIME, METRIC_INDEX, PROGRESS, parse_lifetime_key, unpack_cell
from models.outcome import OUTCOMES
from models.post import POSTS_TOPIC
from models.progress import Progress, unpack_progress
from models.topics import Namespace

PATIENCE_S = 120.0
_STARTED = re.compile(r"worker: http://127\.0\.0\.1:(\d+)/metrics")


def until(met: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    """Poll until ``met`` gives something truthy; fails with ``what`` when it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = met()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@dataclass
class Record:
    """A record to produce; ``value`` None is a tombstone."""

    value: bytes | None
    partition: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp_ms: int | None = None


def post(number: int, text: str = "snapp", partition: int = 0, **fields: Any) -> Record:
    """A post that the campaign matches, seen as it was written, now."""
    now = datetime.now(UTC).isoformat()
    body = {
        "event_id": f"e{number}",
        "schema_version": 1,
        "observed_at": now,
        "op": "create",
        "post_id": f"twitter:{number}",
        "platform": "twitter",
        "created_at": now,
        "text": text,
        **fields,
    }
    return Record(json.dumps(body, ensure_ascii=False).encode(), partition, f"twitter:{number}".encode())


def posts(first: int, count: int, partition: int = 0, text: str = "snapp") -> list[Record]:
    return [post(number, text, partition) for number in range(first, first + count)]


@dataclass
class Cluster:
    """The topics of one test and everything that is done to them from outside."""

    kafka: KafkaSettings
    namespace: Namespace
    directory: Path
    partitions: int = 1
    workers: list["Worker"] = field(default_factory=list)
    replicas: int = 1

    def create(self) -> Self:
        """Make the topics, and a campaign file with the campaign ``brand``."""
        create_topics(self.kafka, declared_topics(self.namespace, self.partitions, replication_factor=self.replicas))
        (self.directory / "campaigns").mkdir(exist_ok=True)
        (self.directory / "campaigns" / "brand.yaml").write_text("{id: brand, keywords: [snapp, اسنپ]}\n")
        return self

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("LISTENER_")},
            **self.kafka.environment(),
            **namespace_environment(self.namespace),
            "LISTENER_CAMPAIGNS": str(self.directory / "campaigns"),
            "LISTENER_WORKER_HTTP_PORT": "0",
            # The shortest that brokers allow by default: a killed worker is missed sooner.
            "LISTENER_SESSION_TIMEOUT": "6",
            # Models take seconds to load; what they say is tested elsewhere.
            "LISTENER_UNDERSTANDING": "off",
        }

    def worker(self, *options: str, **environment: str) -> "Worker":
        """Start a worker; it is ended with the test."""
        worker = Worker(self, options, environment, self.directory / f"worker-{len(self.workers)}.log")
        self.workers.append(worker)
        worker.start()
        return worker

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the program to its end."""
        return subprocess.run(
            [sys.executable, "-m", "listener", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def produce(self, records: Iterable[Record], transaction: str | None = None) -> None:
        """Append to the posts topic; in a transaction that is then committed (``"commit"``) or aborted."""
        asyncio.run(self._produce(list(records), transaction))

    async def _produce(self, records: list[Record], transaction: str | None) -> None:
        transactional = f"{self.namespace.app}-{time.monotonic_ns()}" if transaction else None
        producer = AIOKafkaProducer(
            **self.kafka.aiokafka(), transactional_id=transactional, linger_ms=5, max_request_size=2 * 1024 * 1024
        )
        await producer.start()
        try:
            if transaction:
                await producer.begin_transaction()
            sent = [
                await producer.send(
                    self.namespace.posts,
                    one.value,
                    one.key,
                    one.partition,
                    one.timestamp_ms,
                    headers=list(one.headers) or None,
                )
                for one in records
            ]
            await producer.flush()
            await asyncio.gather(*sent)
            if transaction == "commit":
                await producer.commit_transaction()
            elif transaction:
                await producer.abort_transaction()
        finally:
            await producer.stop()

    def read(self, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
        """(partition, key, value) of all records of a topic that has as many partitions as the posts."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
        consumer = AIOKafkaConsumer(**self.kafka.aiokafka(), auto_offset_reset="earliest", enable_auto_commit=False)
        await consumer.start()
        try:
            tps = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            found = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [(one.partition, one.key, one.value) for one in records]
            return found
        finally:
            await consumer.stop()

    def offsets(self) -> dict[int, tuple[int, int, int | None]]:
        """(log start, end, committed) of the posts topic, by partition."""
        return asyncio.run(self._offsets())

    async def _offsets(self) -> dict[int, tuple[int, int, int | None]]:
        consumer = AIOKafkaConsumer(**self.kafka.aiokafka(), group_id=self.namespace.app, enable_auto_commit=False)
        await consumer.start()
        try:
            tps = [TopicPartition(self.namespace.posts, number) for number in range(self.partitions)]
            consumer.assign(tps)
            first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
            return {tp.partition: (first[tp], end[tp], await consumer.committed(tp)) for tp in tps}
        finally:
            await consumer.stop()

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Set the group's offsets."""
        asyncio.run(self._commit(offsets))

    async def _commit(self, offsets: Mapping[int, int]) -> None:
        consumer = AIOKafkaConsumer(**self.kafka.aiokafka(), group_id=self.namespace.app, enable_auto_commit=False)
        await consumer.start()
        try:
            tps = {TopicPartition(self.namespace.posts, number): offset for number, offset in offsets.items()}
            consumer.assign(list(tps))
            await consumer.commit({tp: OffsetAndMetadata(offset, "") for tp, offset in tps.items()})
        finally:
            await consumer.stop()

    def tables(self) -> dict[int, dict[str, dict[bytes, bytes]]]:
        """What is durable: partition → table → key → value."""
        places = {place(number) for number in range(self.partitions)}
        found = asyncio.run(read_tables(self.kafka, self.namespace, places))
        return {where.partition: tables for where, tables in found.items()}

    def progress(self) -> dict[int, Progress]:
        """The progress of every partition that has some."""
        return {
            number: unpack_progress(value)
            for number, tables in self.tables().items()
            for value in tables[PROGRESS].values()
        }

    def outcomes(self) -> dict[str, int]:
        """The outcomes that are not 0, over all partitions."""
        sums = dict.fromkeys(OUTCOMES, 0)
        for progress in self.progress().values():
            for name, amount in zip(OUTCOMES, progress.outcomes, strict=True):
                sums[name] += amount
        return {name: amount for name, amount in sums.items() if amount}

    def total(self, metric: str = "mentions") -> int:
        """A metric of the campaign since it began, over all partitions."""
        cells = [(key, value) for tables in self.tables().values() for key, value in tables[LIFETIME].items()]
        assert {parse_lifetime_key(key).campaign for key, _ in cells} <= {"brand"}
        return sum(unpack_cell(value).counters[METRIC_INDEX[metric]] for _, value in cells)

    def counted(self, seconds: float = PATIENCE_S) -> None:
        """Wait until all records of the topic are counted and durable, whoever owns them."""
        ends = {number: end for number, (_, end, _) in self.offsets().items()}

        def done() -> bool:
            found: dict[int, Any] = {}
            for worker in self.workers:
                if worker.running:
                    found |= worker.partitions()
            return all(
                number in found
                and found[number]["position"] >= end
                and found[number]["unflushed"] == 0
                and found[number]["durable"] == found[number]["stamp"]
                for number, end in ends.items()
            )

        until(done, f"offsets {ends} to be counted", seconds)


@dataclass
class Worker:
    """A ``listener worker`` process."""

    cluster: Cluster
    options: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "listener", "worker", *self.options],
                env={**self.cluster.environment, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def begun(self) -> bool:
        """Whether it has got as far as to serve its endpoints; signals are handled by then."""
        return _STARTED.search(self.said()) is not None

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> Self:
        """Wait until it says that it is ready."""
        until(lambda: not self.running or self._get("/readyz"), "the worker to be ready")
        assert self.running, self.said()
        return self

    def partitions(self) -> dict[int, Any]:
        """Its status, by partition; empty while it does not answer."""
        body = self._get("/api/status")
        places = json.loads(body)["partitions"] if body else {}
        return {int(name.rpartition("/")[2]): state for name, state in places.items() if name.startswith(POSTS_TOPIC)}

    def metrics(self) -> dict[tuple[str, str], float]:
        """Its samples by name and partition; the page must be what Prometheus can read."""
        page = self._get("/metrics")
        assert page, "the worker has no metrics"
        families = list(text_string_to_metric_families(page))
        return {
            (sample.name, sample.labels.get("partition", "")): sample.value
            for family in families
            for sample in family.samples
            if sample.labels.get("topic", POSTS_TOPIC) == POSTS_TOPIC
        }

    def _get(self, path: str) -> str | None:
        found = _STARTED.search(self.said())
        if not found:
            return None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE_S)


@contextmanager
def cluster(kafka: KafkaSettings, namespace: Namespace, directory: Path, partitions: int = 1) -> Iterator[Cluster]:
    """A cluster whose workers end with the context; what they said is shown where the test failed."""
    made = Cluster(kafka, namespace, directory, partitions)
    try:
        yield made
    finally:
        for worker in made.workers:
            if worker.running:
                worker.kill()
            print(f"── {worker.log.name}\n{worker.said()}")  # noqa: T201
