"""What a post costs by partitions and by workers, with a real Kafka; writes ``build/scaling.json``.

The workers are started on an empty topic and held (SIGSTOP) while the posts are produced, so that none begins before
the partitions are shared and the producer takes no CPU from them. From there on CPU and time are measured until all is
durable; totals that differ end it. Kafka runs on the same machine: with two cores, two workers cannot be twice as fast,
so CPU per post is told as well. Efficiency: posts a second with n workers, by n times those with one.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from tests.bench.record import markdown, record
from tests.bench.run import _durable, _ends, _mentions, produce, say
from tests.bench.serving import Served, wait_for

OUT: Final = Path("build/scaling.json")
STANDING: Final = (1, 4)
#: (workers, partitions); the first is the standing case.
POINTS: Final = (STANDING, (1, 1), (1, 12), (1, 36), (2, 4))
#: Long enough to be held while posts are produced.
SESSION_S: Final = 60
Figures = dict[str, float]


def measure(kafka: KafkaSettings, namespace: Namespace, workers: int, partitions: int, posts: int) -> Figures:
    """One run."""
    create_topics(kafka, declared_topics(namespace, partitions))
    asyncio.run(produce(kafka, namespace.posts, 0, 200, 0.0, namespace))
    with ExitStack() as stack:
        options = ("--mentions", "off", "--session-timeout", str(SESSION_S))
        group = [stack.enter_context(Served(kafka, namespace, "worker", *options)) for _ in range(workers)]
        wait_for(group, _shared(group, partitions), 0.1)
        for one in group:
            one.process.suspend()
        asyncio.run(produce(kafka, namespace.posts, posts, 200, 0.05, namespace))
        ends = asyncio.run(_ends(kafka, namespace.posts, partitions))
        cpu, began = sum(one.cpu_s for one in group), time.monotonic()
        for one in group:
            one.process.resume()
        wait_for(group, _done(group, ends), 0.25)
        wall = time.monotonic() - began
        figures = {
            "cpu_s": sum(one.cpu_s for one in group) - cpu,
            "wall_s": wall,
            "peak_mb": max(one.peak_mb for one in group),
        }
    return figures | {"mentions": _mentions(kafka, namespace, partitions)}


def _shared(group: list[Served], partitions: int) -> Callable[[], bool]:
    """Whether every partition is owned and no worker is without."""

    def check() -> bool:
        owned = [set(_durable(one.port)) for one in group]
        return all(owned) and sorted(n for some in owned for n in some) == list(range(partitions))

    return check


def _done(group: list[Served], ends: dict[int, int]) -> Callable[[], bool]:
    def check() -> bool:
        durable = {partition: at for one in group for partition, at in _durable(one.port).items()}
        return all(durable.get(partition, -1) >= end - 1 for partition, end in ends.items())

    return check


def main() -> None:
    """Print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    runs: dict[tuple[int, int], list[Figures]] = {point: [] for point in POINTS}
    numbers = count()
    for _ in range(options.rounds):
        with EmbeddedKafka(progress=say) as broker:
            for workers, partitions in POINTS:
                name = f"s{next(numbers)}"
                found = measure(broker.settings, Namespace(name, f"{name}."), workers, partitions, options.posts)
                runs[workers, partitions].append(found)
                say(f"{workers} workers, {partitions} partitions: {found}")
    totals = {one["mentions"] for found in runs.values() for one in found}
    if len(totals) != 1:
        raise SystemExit(f"the totals differ: {totals}")
    _report(runs, options.posts)


def _report(runs: dict[tuple[int, int], list[Figures]], posts: int) -> None:
    medians = {
        point: {name: statistics.median(one[name] for one in found) for name in found[0]}
        for point, found in runs.items()
    }
    standing = medians[STANDING]
    rows = []
    for (workers, partitions), one in sorted(medians.items()):
        cost, ratio = one["cpu_s"] * 1e6 / posts, one["cpu_s"] / standing["cpu_s"]
        speed, efficiency = posts / one["wall_s"], standing["wall_s"] / one["wall_s"] / workers
        shown = f"{efficiency:.0%}" if workers > 1 else ""
        costs = (f"{cost:.1f}", f"{ratio:.2f}", f"{speed:,.0f}", shown, f"{one['peak_mb']:.0f} MB")
        rows.append((str(workers), str(partitions), *costs))
    costs_of = ("CPU s per million posts", "of one worker with four", "posts/s", "efficiency", "peak memory of one")
    record("scaling", markdown(("workers", "partitions", *costs_of), rows))
    OUT.parent.mkdir(exist_ok=True)
    flat = {f"{workers} workers, {partitions} partitions": found for (workers, partitions), found in runs.items()}
    OUT.write_text(json.dumps({"posts": posts, "runs": flat}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
