"""What a worker holds in memory: per tracked post, per cell, per campaign. ``python -m tests.bench.memory``.

The counting plane over tables in memory, without Kafka, as a worker runs it (retention on). Each figure is measured in
a process of its own: resident memory afterwards, less before.
"""

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from listener.worker.sets import compile_set
from models.campaign import Campaign, CampaignSet
from models.cells import CELL_TABLES, ENTITIES, TABLES
from models.progress import NO_OUTCOMES, Progress
from processors.overlay import Chunk, CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Resume

CHUNK, FLUSH = 2_500, 10_000
NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
PRODUCED = int((NOON + timedelta(days=30)).timestamp() * 1000)
#: In the measurement of cells every campaign has one post, which is liked once in each of so many minutes.
MINUTES = 30

Tables = dict[str, dict[bytes, bytes]]


def rss() -> int:
    """Resident memory now, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def campaigns(count: int) -> CampaignSet:
    """Campaigns with one keyword each."""
    return CampaignSet(tuple(Campaign(id=f"c{n}", keywords=(f"brand{n}",)) for n in range(count)))


def record(number: int, op: str, text: str, seen: datetime, likes: int) -> bytes:
    """A post, as a source writes it."""
    words = f'"text": "a word about {text} today", ' if op == "create" else ""
    return (
        f'{{"event_id": "e{number}", "schema_version": 1, "op": "{op}", "post_id": "twitter:{10**18 + number}", '
        f'"platform": "twitter", {words}"observed_at": "{seen.isoformat()}", "created_at": "{NOON.isoformat()}", '
        f'"counts": {{"likes": {likes}, "shares": 1, "comments": 2, "views": 900}}}}'
    ).encode()


def count(values: Iterator[bytes], compiled: CompiledSet) -> Tables:
    """Count all of them; returns the tables."""
    tables: Tables = {table: {} for table in TABLES}
    start = Resume(Progress(-1, -1, NO_OUTCOMES, (), "t"), 0, None, -1)
    plane = PartitionPlane(0, tables, start, [(0, compiled)], clock=lambda: NOON, author_key=b"0" * 32)
    at = 0
    while some := list(islice(values, CHUNK)):
        plane.count(Chunk(at, at + len(some), range(at, at + len(some)), [PRODUCED] * len(some), some))
        at += len(some)
        if plane.overlay.records >= FLUSH:
            plane.flushed(plane.take_flush())
    plane.flushed(plane.take_flush())
    KEPT.append(plane)
    return tables


#: What must not be collected before memory is read.
KEPT: list[object] = []


def tracked(amount: int) -> dict[str, float]:
    """So many posts that match, each of one campaign."""
    compiled = compile_set(campaigns(200))
    before = rss()
    tables = count((record(n, "create", f"brand{n % 200}", NOON, n % 7) for n in range(amount)), compiled)
    grown, posts = rss() - before, len(tables[ENTITIES])
    packed = sum(len(key) + len(value) for key, value in tables[ENTITIES].items()) / posts
    return {"tracked posts": posts, "MB": grown / 1e6, "bytes per tracked post": grown / posts, "packed": packed}


def cells(amount: int) -> dict[str, float]:
    """Cells of so many campaigns; their posts, one each, are in the figure."""
    began = rss(), time.process_time()
    compiled = compile_set(campaigns(amount))
    set_mb, compiled_s = (rss() - began[0]) / 1e6, time.process_time() - began[1]
    before = rss()

    def values() -> Iterator[bytes]:
        for minute in range(MINUTES):
            seen = NOON + timedelta(minutes=minute)
            for n in range(amount):
                yield record(n, "engagement" if minute else "create", f"brand{n}", seen, minute)

    tables = count(values(), compiled)
    grown, made = rss() - before, sum(len(tables[table]) for table in CELL_TABLES)
    one = next(iter(tables["minute"].items()))
    return {
        "campaigns": amount,
        "compiled (s)": compiled_s,
        "set (MB)": set_mb,
        "cells": made,
        "MB": grown / 1e6,
        "bytes per cell, its share of a post included": grown / made,
        "packed": sum(map(len, one)),
    }


PARTS: dict[str, Callable[[int], dict[str, float]]] = {"tracked": tracked, "cells": cells}


def main() -> None:
    """Measure each part in a process of its own, and print what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--campaigns", type=int, default=10_000)
    parser.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    amounts = {"tracked": options.posts, "cells": options.campaigns}
    if options.part:
        print(json.dumps(PARTS[options.part](amounts[options.part])))
        return
    for part, amount in amounts.items():
        name = "--posts" if part == "tracked" else "--campaigns"
        command = [sys.executable, "-m", "tests.bench.memory", "--part", part, name, str(amount)]
        for what, value in json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout).items():
            print(f"{part}: {what} {value:,.1f}")


if __name__ == "__main__":
    main()
