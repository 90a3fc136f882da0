"""Dead letters on a real broker: seen, produced again once, and never twice."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from listener.kafka.embedded import EmbeddedKafka
from models.outcome import HEADER_REPLAY
from models.topics import Namespace
from tests.integration.workers import Cluster, Record, cluster, post, posts

pytestmark = pytest.mark.broker


def run(one: Cluster, *arguments: str) -> str:
    done = one.command("dlq", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_letters_are_listed_replayed_once_and_dropped(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    # Observed long after it was produced: a producer whose clock was wrong. Produced again, it is right.
    early = replace(post(1), timestamp_ms=int((time.time() - 7200) * 1000))
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as one:
        one.create()
        spoiled = [Record(b"{snapp", 1, b"twitter:2"), Record(b"snapp" * 20_000, 0, b"twitter:3")]
        one.produce([*posts(10, 5), early, *spoiled])
        one.worker("--dlq-cap", "off").ready()
        one.counted()
        rows = [line.split("\t") for line in run(one, "list").splitlines()]
        assert {(row[0], row[1], row[2]) for row in rows} == {
            ("social.posts.v1/0/5", "future", "open"),
            ("social.posts.v1/1/0", "json", "open"),
            ("social.posts.v1/0/6", "json", "open"),
        }
        shown = json.loads(run(one, "show", "social.posts.v1/1/0"))
        assert (shown["text"], shown["state"]) == ("{snapp", "open")

        by_reason = ("replay", "--policy", "by-reason", "--reason", "future", "--yes")
        assert [run(one, *by_reason) for _ in range(2)] == ["replayed 1, dropped 0\n", "replayed 0, dropped 0\n"]
        assert run(one, "replay", "--policy", "all", "--yes").startswith("replayed 1, dropped 0, 1 left: cut at 64 KiB")
        one.counted()
        assert one.total() == 6
        assert one.outcomes() == {"counted": 6, "invalid": 4}
        produced = one.read(namespace.posts)
        assert produced.count((0, b"twitter:1", early.value)) == 2
        assert produced.count((1, b"twitter:2", b"{snapp")) == 2
        assert headers(one)[HEADER_REPLAY] == b"social.posts.v1/1/0"
        # What is no JSON will never be: it came back, and nobody asks for it again by accident.
        assert run(one, "replay", "--policy", "all", "--yes").startswith("replayed 0, dropped 0")
        assert "returned" in run(one, "list", "--summary")

        run(one, "replay", "--policy", "drop", "--yes")
        assert run(one, "list") == ""
        assert run(one, "list", "--all", "--summary").splitlines() == [
            "social.posts.v1\tfuture\treplayed\t1",
            "social.posts.v1\tjson\tdropped\t2",
            "social.posts.v1\tjson\treplayed\t1",
        ]


def headers(one: Cluster) -> dict[str, bytes]:
    """Those of the last record of partition 1."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(**one.kafka.kafka_python(), auto_offset_reset="earliest")
    try:
        tp = TopicPartition(one.namespace.posts, 1)
        consumer.assign([tp])
        found = []
        while not found or found[-1].offset < 1:
            found += consumer.poll(1000).get(tp, [])
        return dict(found[-1].headers)
    finally:
        consumer.close()
