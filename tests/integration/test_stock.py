"""Our engine against stock Faust: event by event, through its own consumer, tables and recovery, it counts the same."""

import asyncio
import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from listener.worker.places import posts
from listener.worker.recovery import read_tables
from models.cells import CELL_TABLES, ENTITIES, WINDOWS, parse_window_key, unpack_cell
from models.entity import unpack_entity
from models.topics import Namespace
from tests.integration.workers import Cluster, Record, cluster, until

pytestmark = pytest.mark.broker

STOCK = Path(__file__).with_name("stock_app.py")
POSTS = 300
RECORDS = 3000
START = datetime.now(UTC) - timedelta(hours=60)


def history(seed: int) -> list[Record]:
    """Posts, likes, edits and deletes of 50 hours, out of order here and there, on two partitions."""
    chance = random.Random(seed)  # noqa: S311
    records = []
    for number in range(RECORDS):
        entity = chance.randrange(POSTS)
        observed = START + timedelta(minutes=number, seconds=chance.randrange(-300, 300))
        created = START + timedelta(minutes=entity * RECORDS / POSTS)
        body: dict[str, Any] = {
            "event_id": f"e{number}",
            "schema_version": 1,
            "observed_at": observed.isoformat(),
            "op": chance.choices(["create", "update", "engagement", "delete"], [5, 2, 6, 1])[0],
            "post_id": f"twitter:{entity}",
            "platform": chance.choice(["twitter", "instagram"]),
            "created_at": created.isoformat(),
            "counts": {"likes": chance.randrange(number + 1), "shares": chance.choice([None, number // 7])},
        }
        if body["op"] in ("create", "update"):
            body["text"] = chance.choice(["snapp", "پیام اسنپ", "nothing", "snapp again"])
        value = json.dumps(body, ensure_ascii=False).encode()
        records.append(Record(value if number % 97 else value[:-1], entity % 2, body["post_id"].encode()))
    return records


@contextmanager
def stock(made: Cluster, namespace: Namespace, mode: str, *arguments: str) -> Iterator[list[str]]:
    """Run the stock app until it is done, and end it; gives what it found."""
    environment = {**made.environment, "LISTENER_APP": namespace.app, "LISTENER_PARTITIONS": str(made.partitions)}
    found, log = made.directory / f"stock-{mode}.out", made.directory / f"stock-{mode}.log"
    found.touch()
    command = [sys.executable, str(STOCK), mode, str(found), *arguments]
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=made.directory)
    try:
        until(lambda: process.poll() is not None or found.read_text().endswith("done\n"), "the stock app", seconds=120)
        assert process.poll() is None, "it ended by itself"
        yield found.read_text().splitlines()[:-1]
        process.terminate()
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        print(f"── {log.name}\n{log.read_text()}")  # noqa: T201


def counters(tables: dict[int, dict[str, dict[bytes, bytes]]]) -> dict[tuple[int, str, bytes], list[int]]:
    return {
        (partition, table, key): unpack_cell(value).counters
        for partition, by_table in tables.items()
        for table in CELL_TABLES
        for key, value in by_table[table].items()
    }


def entities(tables: dict[int, dict[str, dict[bytes, bytes]]]) -> dict[tuple[int, bytes], object]:
    found = {}
    for partition, by_table in tables.items():
        for key, value in by_table[ENTITIES].items():
            entity = unpack_entity(value)
            entity.stamp = 0
            found[partition, key] = entity
    return found


def test_stock_faust_counts_the_same(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> None:
    other = Namespace(f"{namespace.app}-stock", namespace.prefix)
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        create_topics(broker.settings, declared_topics(other, 2))
        made.produce(history(7))
        with stock(made, other, "count", str(RECORDS)):
            pass
        worker = made.worker("--retention", "off").ready()
        made.counted()
        assert worker.terminate() == 0
        theirs = asyncio.run(read_tables(broker.settings, other, {posts(0), posts(1)}))
        theirs = {place.partition: tables for place, tables in theirs.items()}
        ours = made.tables()
        assert counters(ours) == counters(theirs)
        assert entities(ours) == entities(theirs)
        assert len(counters(ours)) > 500, "there was something to compare"
        assert made.outcomes()["counted"] > RECORDS / 4
        assert made.total("likes") > 0
        stock_faust_reads_our_changelogs(made)


def stock_faust_reads_our_changelogs(made: Cluster) -> None:
    """Stock recovery, and every windowed value through Faust's own API."""
    with stock(made, made.namespace, "read") as lines:
        read = {(table, name, start): base64.b64decode(value) for table, name, start, value in map(json.loads, lines)}
    written = {}
    for by_table in made.tables().values():
        for table in WINDOWS:
            for key, value in by_table[table].items():
                name, start = parse_window_key(key)
                written[table, name.text(), float(start)] = value
    assert read == written
