"""A board with a year of cells: memory, snapshot, restart, queries, page. ``python -m tests.bench.board``.

Cells of 200 campaigns in 12 partitions on two platforms as retention keeps them: minutes of 4 days, hours of 35, days
of 400. ``--density`` is the share of (campaign, partition, minute) with a mention; hours and days are always full.
No Kafka: what is measured is the board. The restart is measured in a process of its own. Seconds are CPU seconds of the
process where the name says so.
"""

import argparse
import gc
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from listener.board.board import Board
from listener.board.metrics import BoardCollector
from listener.board.snapshot import FILE, Snapshot, load
from listener.board.topics import Cluster, read_topics
from listener.exposition import openmetrics_page
from models.campaign import Campaign, CampaignSet
from models.cells import LIFETIME, METRICS, WINDOWS, CellName, lifetime_key, pack_cell, window_key
from models.series import ClosedMinute
from models.topics import Namespace

CAMPAIGNS, PARTITIONS, PLATFORMS = 200, 12, ("twitter", "instagram")
KEEP = {"minute": 4 * 86_400, "hour": 35 * 86_400, "day": 400 * 86_400}
NOW = 1_760_000_000 // 86_400 * 86_400
BATCH = 20_000

Row = tuple[bytes, bytes]


def cell_name(number: int, partition: int) -> str:
    """Every campaign is on one platform."""
    return CellName(f"campaign-{number:03}", "social.posts.v1", partition, PLATFORMS[number % 2]).text()


def rows(short: str, partition: int, density: float, rng: random.Random) -> Iterator[Row]:
    """The changelog of one partition, in the order of time."""
    size = WINDOWS[short]
    share = density if short == "minute" else 1.0
    names = [
        CellName(f"campaign-{n:03}", "social.posts.v1", partition, PLATFORMS[n % 2]).text() for n in range(CAMPAIGNS)
    ]
    stamp = 0
    for start in range(NOW - KEEP[short], NOW, size):
        for name in names:
            stamp += 40
            if rng.random() < share:
                scale = size // 60
                likes, views = rng.randrange(4 * scale), rng.randrange(90 * scale)
                counters = [rng.randrange(1, 1 + scale + 1), 1, likes, likes, rng.randrange(2), 0, 0, 0, views, views]
                yield window_key(name, start, size), pack_cell(stamp, counters + [0] * (len(METRICS) - 10))


def fill(board: Board, density: float) -> int:
    """Read all of it as a board does: the partitions side by side, batch by batch."""
    count = 0
    for short in WINDOWS:
        seeds = [random.Random(partition) for partition in range(PARTITIONS)]  # noqa: S311 - counts, not secrets
        streams = [rows(short, partition, density, rng) for partition, rng in enumerate(seeds)]
        while streams:
            for stream in list(streams):
                batch = [row for row, _ in zip(stream, range(BATCH), strict=False)]
                if not batch:
                    streams.remove(stream)
                board.state.apply(short, batch)
                count += len(batch)
                board.state.tidy(1000)
    for partition in range(PARTITIONS):
        for n in range(CAMPAIGNS):
            name = cell_name(n, partition)
            board.state.apply(LIFETIME, [(lifetime_key(name), pack_cell(10**9, [1 + m for m in range(len(METRICS))]))])
    return count


def close(board: Board) -> None:
    """Eight days of closed minutes for every campaign."""
    for start in range(NOW - 8 * 86_400, NOW, 60):
        for n in range(CAMPAIGNS):
            counts = {PLATFORMS[n % 2]: {"mentions": 1 + start % 7, "likes": start % 11, "likes_net": start % 11}}
            board.closed.take(ClosedMinute(f"campaign-{n:03}", start, counts, 1 + start % 7, 1, 1.0, 31.0))


def rss_mb() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class Reading:
    """Where a board would have read up to."""

    caught_up, silent, ends = True, False, {}

    def __init__(self, cluster: Cluster) -> None:
        self.positions = dict.fromkeys(cluster.assignment(), 1)


def cluster_of(namespace: Namespace) -> Cluster:
    topics = read_topics(namespace)
    return Cluster(dict.fromkeys(topics, PARTITIONS), dict.fromkeys(topics, "id"))


def restart(directory: Path) -> dict[str, float]:
    """What a fresh process takes to have the state again."""
    board = Board(Namespace())
    before, began, cpu = rss_mb(), time.perf_counter(), time.process_time()
    assert load(board, directory, cluster_of(board.namespace), NOW * 1000) is not None
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    gc.collect()
    cells = sum(map(len, board.state.tables.values()))
    return {
        "cells": cells,
        "restart_s": seconds,
        "restart_cpu_s": cpu,
        "rss_mb": rss_mb(),
        "rss_before_mb": before,
        **asked(board),
    }


def asked(board: Board) -> dict[str, float]:
    """How long questions take, in milliseconds."""
    board.reading = Reading(cluster_of(board.namespace))  # type: ignore[assignment]
    took = {}
    for short in WINDOWS:
        began = time.perf_counter()
        found = list(board.state.series(short, "campaign-007"))
        took[f"series_{short}_ms"] = (time.perf_counter() - began) * 1000
        assert found
    collector = BoardCollector(board)
    registry = CollectorRegistry()
    registry.register(collector)
    for name in ("first", "next"):
        began = time.perf_counter()
        collector.prepare()
        took[f"prepare_{name}_ms"] = (time.perf_counter() - began) * 1000
    began, cpu = time.perf_counter(), time.process_time()
    page = openmetrics_page(registry)
    took["render_ms"] = (time.perf_counter() - began) * 1000
    took["render_cpu_ms"] = (time.process_time() - cpu) * 1000
    took["series"] = sum(not line.startswith(b"#") for line in page.splitlines())
    took["page_bytes"] = len(page)
    return took


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--density", type=float, default=1.0)
    parser.add_argument("--restart", type=Path)
    options = parser.parse_args()
    if options.restart:
        print(json.dumps(restart(options.restart)))
        return
    board = Board(Namespace())
    board.campaigns = CampaignSet(tuple(Campaign(id=f"campaign-{n:03}") for n in range(CAMPAIGNS)))
    began = time.perf_counter()
    cells = fill(board, options.density)
    took = {"cells": cells, "read_and_make_cpu_s": time.process_time(), "rss_after_cells_mb": rss_mb()}
    took["read_and_make_s"] = time.perf_counter() - began
    close(board)
    took["rss_mb"] = rss_mb()
    took["warm_cells"] = sum(len(table.cells) for table in board.state.tables.values())
    board.reading = Reading(cluster_of(board.namespace))  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        snapshot = Snapshot(board, cluster_of(board.namespace), NOW * 1000)
        took["snapshot_take_ms"] = (time.perf_counter() - began) * 1000
        took["snapshot_mb"] = snapshot.write(Path(directory)) / 1e6
        took["snapshot_write_s"] = time.perf_counter() - began
        assert (Path(directory) / FILE).exists()
        again = subprocess.run(
            [sys.executable, "-m", "tests.bench.board", "--restart", directory], check=True, capture_output=True
        )
    print(json.dumps(took | {"restarted": json.loads(again.stdout)}, indent=1))


if __name__ == "__main__":
    main()
