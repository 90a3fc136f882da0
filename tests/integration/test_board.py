"""Boards as processes: they read what is in the changelogs, agree with one another, and end when they are told to."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from kafka import KafkaProducer
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from listener.board.history import closed_minutes
from listener.changelog import Records, read_to_end
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.naming import namespace_environment
from listener.kafka.topics import create_topics, declared_topics
from models.campaign import Campaign, CampaignSet
from models.cells import (
    LIFETIME,
    METRIC_INDEX,
    METRICS,
    PROGRESS,
    WINDOWS,
    CellName,
    lifetime_key,
    pack_cell,
    window_key,
)
from models.outcome import Outcome
from models.progress import Progress, pack_progress, progress_key
from models.series import ClosedMinute, unpack_minute
from models.topics import Namespace

pytestmark = pytest.mark.broker

PATIENCE_S = 120.0
PARTITIONS = 2
#: 2018-05-05T18:46:00Z, 23:16 in Tehran.
MINUTE = 1_525_545_960
MINUTE_TEXT = "2018-05-05T18:46:00Z"
DAY, DAY_TEXT = 1_525_478_400, "2018-05-05T00:00:00"

Row = tuple[str, int, bytes, bytes | None]


def row(table: str, stamp: int | None, *, partition: int = 0, start: int = MINUTE, **counters: int) -> Row:
    """(table, partition, key, value) of a cell of the campaign ``mellat``; without a stamp a tombstone."""
    name = CellName("mellat", "social.posts.v1", partition, "twitter").text()
    key = lifetime_key(name) if table == LIFETIME else window_key(name, start, WINDOWS[table])
    values = [0] * len(METRICS)
    for metric, value in counters.items():
        values[METRIC_INDEX[metric]] = value
    return table, partition, key, None if stamp is None else pack_cell(stamp, values)


def progress(partition: int, stamp: int) -> Row:
    outcomes = [0] * len(Outcome)
    outcomes[Outcome.COUNTED] = stamp + 1
    cell = Progress(
        stamp=stamp, durable=stamp, outcomes=tuple(outcomes), sets=(), topic_id="t", record_time=MINUTE * 1000
    )
    return PROGRESS, partition, progress_key("social.posts.v1", partition), pack_progress(cell)


def read_until(seconds: int, stamp: int = 9) -> list[Row]:
    """Progress of both partitions: busy, alive, and everything up to a record time is durable."""
    cell = Progress(
        stamp=stamp,
        durable=stamp,
        outcomes=(0,) * len(Outcome),
        sets=(),
        topic_id="t",
        record_time=seconds * 1000,
        written_at=time.time_ns() // 1_000_000,
    )
    return [
        (PROGRESS, number, progress_key("social.posts.v1", number), pack_progress(cell)) for number in range(PARTITIONS)
    ]


@dataclass
class Cluster:
    """The topics of one application."""

    broker: EmbeddedKafka
    namespace: Namespace

    def write(self, rows: Iterable[Row], sets: Iterable[CampaignSet] = ()) -> dict[str, dict[str, int]]:
        """Append records, as a worker does; returns the next offset of each partition written to."""
        positions: dict[str, dict[str, int]] = {}
        with contextlib.closing(KafkaProducer(**self.broker.settings.kafka_python())) as producer:
            for campaigns in sets:
                version = campaigns.version.encode()
                producer.send(self.namespace.campaigns, key=version, value=campaigns.to_json()).get(PATIENCE_S)
            for table, partition, key, value in rows:
                topic = self.namespace.changelog(table)
                sent = producer.send(topic, key=key, value=value, partition=partition).get(PATIENCE_S)
                positions.setdefault(topic, {})[str(partition)] = sent.offset + 1
        return positions


@dataclass
class BoardProcess:
    """A running ``listener board``."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where it says that it serves."""
        found = wait_for(lambda: re.search(r"(http://127\.0\.0\.1:\d+)/metrics", self.log.read_text()))
        return str(found[1])

    def get(self, path: str, accept: str = "*/*") -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, headers={"Accept": accept})  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path: str) -> Any:
        status, body = self.get(path)
        assert status == 200, body
        return json.loads(body)

    def wait_ready(self) -> None:
        wait_for(lambda: self.get("/readyz")[0] == 200)

    def has_read(self, positions: dict[str, dict[str, int]]) -> bool:
        found = self.json("/api/progress")["positions"]
        return all(found[topic][part] >= end for topic, ends in positions.items() for part, end in ends.items())

    def counts(self) -> dict[str, Any]:
        """All that it says about the campaigns."""
        page = self.get("/metrics", "application/openmetrics-text")[1]
        samples = [sample for family in parse_openmetrics(page) for sample in family.samples]
        return {
            "campaigns": self.json("/api/campaigns"),
            **{window: self.json(f"/api/campaigns/mellat/series?window={window}") for window in WINDOWS},
            "metrics": sorted(
                (one.name, sorted(one.labels.items()), one.value)
                for one in samples
                if one.name.startswith(("listener_campaign_", "listener_records_"))
            ),
        }

    def closed(self, campaign: str = "mellat") -> Any:
        """The closed minutes of 2018, and up to when they are."""
        return self.json(f"/api/campaigns/{campaign}/closed?from=2018-01-01T00:00:00Z")

    def has_closed(self, seconds: int) -> bool:
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return all(self.closed(name)["closed_until"] == text for name in ("mellat", "snapp"))

    @property
    def leads(self) -> bool:
        return "listener_board_leader 1.0" in self.get("/metrics")[1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def wait_for(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


@pytest.fixture
def cluster(broker: EmbeddedKafka, namespace: Namespace) -> Cluster:
    create_topics(broker.settings, declared_topics(namespace, PARTITIONS))
    return Cluster(broker, namespace)


@pytest.fixture
def start(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., BoardProcess]]:
    with contextlib.ExitStack() as stack:

        def started(*options: str) -> BoardProcess:
            log = tmp_path / f"board-{time.monotonic_ns()}.log"
            environment = cluster.broker.settings.environment() | namespace_environment(cluster.namespace)
            process = subprocess.Popen(
                [sys.executable, "-m", "listener", "board", "--http-port", "0", *options],
                env=os.environ | environment,
                stderr=stack.enter_context(log.open("wb")),
            )
            stack.callback(process.wait, PATIENCE_S)
            stack.callback(process.kill)
            return BoardProcess(process, log)

        yield started


CAMPAIGNS = CampaignSet((Campaign(id="mellat", name="بانک ملت", team="آنلاین"), Campaign(id="snapp", timezone="UTC")))
ROWS = [
    row("minute", 5, mentions=2, likes=1, likes_net=1),
    row("minute", 3, partition=1, mentions=1),
    row("minute", 5, start=MINUTE + 60, mentions=9),
    row("minute", None, start=MINUTE + 60),
    row("day", 5, start=DAY, mentions=3),
    row(LIFETIME, 5, mentions=2, likes=1, likes_net=1),
    row(LIFETIME, 3, partition=1, mentions=1),
    progress(0, 5),
    progress(1, 3),
]


def test_what_the_changelogs_hold_is_what_a_board_says(cluster: Cluster, start: Callable[[], BoardProcess]) -> None:
    positions = cluster.write(ROWS, [CampaignSet(), CAMPAIGNS])
    board = start()
    board.wait_ready()
    said = board.counts()
    assert board.has_read(positions), "ready means that all of it was read"
    mellat, snapp = said["campaigns"]["campaigns"]
    assert (mellat["name"], mellat["totals"]["mentions"], mellat["totals"]["likes_net"]) == ("بانک ملت", 3, 1)
    assert (snapp["id"], snapp["totals"]["mentions"]) == ("snapp", 0)
    assert [(one["start"], one["mentions"], one["likes"]) for one in said["minute"]["series"]] == [(MINUTE_TEXT, 3, 1)]
    assert [(one["start"], one["mentions"]) for one in said["day"]["series"]] == [(DAY_TEXT, 3)]
    labels = [("campaign", "mellat"), ("platform", "twitter")]
    assert ("listener_campaign_mentions_total", labels, 3) in said["metrics"]
    assert [one["read"] for one in board.json("/api/progress")["partitions"]] == [6, 4]
    assert board.stop() == 0


def test_two_boards_started_at_different_times_agree(cluster: Cluster, start: Callable[[], BoardProcess]) -> None:
    cluster.write(ROWS[:4], [CAMPAIGNS])
    first = start()
    first.wait_ready()
    cluster.write(ROWS[4:])
    zombie = [row("minute", 2, mentions=70), row(LIFETIME, 4, mentions=1), progress(0, 2)]
    newer = [row("minute", 8, mentions=4, likes=1, likes_net=-1), row(LIFETIME, 8, mentions=4, likes=1), progress(0, 8)]
    positions = cluster.write([*zombie, *newer, *zombie])
    second = start()
    for board in (first, second):
        board.wait_ready()
        wait_for(lambda board=board: board.has_read(positions))
    said = first.counts()
    assert said == second.counts()
    assert [one["mentions"] for one in said["minute"]["series"]] == [5]
    assert said["campaigns"]["campaigns"][0]["totals"]["mentions"] == 5
    assert [one["read"] for one in first.json("/api/progress")["partitions"]] == [9, 4]
    assert "listener_board_stale_records_total 6.0" in first.get("/metrics")[1]
    assert [board.stop() for board in (first, second)] == [0, 0]


def series_of(cluster: Cluster) -> list[ClosedMinute]:
    """All records of the series topic."""
    found: list[ClosedMinute] = []
    series = [TopicPartition(cluster.namespace.series, 0)]

    def take(_: TopicPartition, records: Records) -> None:
        found.extend(unpack_minute(value) for _, _, value in records if value is not None)

    asyncio.run(read_to_end(cluster.broker.settings, series, take))
    return found


def history_of(cluster: Cluster, campaign: str, first: int, end: int) -> list[int]:
    """The minutes of a campaign as a back-test reads them, since MINUTE."""

    async def read() -> list[int]:
        minutes = closed_minutes(cluster.broker.settings, cluster.namespace, {campaign}, first, end)
        return [(one.minute - MINUTE) // 60 async for one in minutes]

    return asyncio.run(read())


def test_the_leader_is_killed_and_the_other_goes_on_without_a_gap(
    cluster: Cluster, start: Callable[..., BoardProcess]
) -> None:
    cluster.write([*ROWS[:2], *read_until(MINUTE + 210)], [CAMPAIGNS])
    boards = [start(), start()]
    for board in boards:
        board.wait_ready()
        wait_for(lambda board=board: board.has_closed(MINUTE + 180))
    said = boards[0].closed()
    assert said == boards[1].closed()
    assert [(one["start"], one["counts"]) for one in said["minutes"]] == [
        (MINUTE_TEXT, {"twitter": {"mentions": 3, "likes": 1, "likes_net": 1}}),
        ("2018-05-05T18:47:00Z", {}),
        ("2018-05-05T18:48:00Z", {}),
    ]
    wait_for(lambda: sum(board.leads for board in boards) == 1)
    leader, other = sorted(boards, key=lambda board: board.leads, reverse=True)
    leader.process.kill()
    late = row("minute", 12, mentions=50)
    cluster.write([row("minute", 12, start=MINUTE + 240, mentions=7), late, *read_until(MINUTE + 390, stamp=12)])
    wait_for(lambda: other.has_closed(MINUTE + 360))
    third = start()
    third.wait_ready()
    wait_for(lambda: third.has_closed(MINUTE + 360))
    assert other.closed() == third.closed()
    assert other.counts() == third.counts()
    mentions = [one["counts"].get("twitter", {}).get("mentions", 0) for one in third.closed()["minutes"]]
    assert mentions == [3, 0, 0, 0, 7, 0], "what came late changes no verdict"
    written = [(one.campaign, (one.minute - MINUTE) // 60) for one in series_of(cluster)]
    assert written == [(name, minute) for minute in range(6) for name in ("mellat", "snapp")]
    assert history_of(cluster, "snapp", MINUTE + 60, MINUTE + 240) == [1, 2, 3]


def test_a_restart_goes_on_from_the_snapshot_and_does_without_a_spoiled_one(
    cluster: Cluster, start: Callable[..., BoardProcess], tmp_path: Path
) -> None:
    directory = ("--state-dir", str(tmp_path / "state"))
    cluster.write([*ROWS, *read_until(MINUTE + 210)], [CAMPAIGNS])
    first = start(*directory)
    first.wait_ready()
    wait_for(lambda: first.has_closed(MINUTE + 180))
    assert first.stop() == 0
    cluster.write([row("minute", 9, mentions=4), row(LIFETIME, 9, mentions=4), *read_until(MINUTE + 270, stamp=12)])
    again, fresh = start(*directory), start()
    for board in (again, fresh):
        board.wait_ready()
        wait_for(lambda board=board: board.has_closed(MINUTE + 240))
    assert "going on from the snapshot: 5 cells" in again.log.read_text()
    assert again.counts() == fresh.counts()
    assert again.closed() == fresh.closed()
    assert again.stop() == 0
    snapshot = tmp_path / "state" / "board.snapshot"
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    last = start(*directory)
    last.wait_ready()
    assert "left aside" in last.log.read_text()
    wait_for(lambda: last.has_closed(MINUTE + 240))
    assert last.counts() == fresh.counts()


def test_a_record_of_a_newer_program_ends_the_board_and_says_so(
    cluster: Cluster, start: Callable[[], BoardProcess]
) -> None:
    table, partition, key, value = row("minute", 5, mentions=2)
    assert value is not None
    cluster.write([(table, partition, key, value.replace(b"\x01", b"\x02", 1))])
    board = start()
    assert board.process.wait(PATIENCE_S) == 1
    assert "cell of version 2" in board.log.read_text()


def test_without_topics_the_user_is_told_what_to_do(broker: EmbeddedKafka, namespace: Namespace) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "listener", "board", "--http-port", "0"],
        env=os.environ | broker.settings.environment() | namespace_environment(namespace),
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert result.returncode == 2
    assert b"listener topics create" in result.stderr
    assert b"Traceback" not in result.stderr
