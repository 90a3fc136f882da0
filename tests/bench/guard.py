"""``make bench-guard``: has counting become much slower than it was at the last release? For CI, half a minute.

The worker, counting alone, and the bare aiokafka loop do the same posts on the same broker, in turn, round by round.
Compared is CPU time, never wall time: the median of the rounds' ratios, with the one that baseline.json beside this
file holds. It prints both, and fails where the present one is more than twice the other: that is no noise.
``--update`` writes baseline.json anew, which a release does (``make bench-baseline``).
"""

import argparse
import asyncio
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from listener import __version__
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from tests.bench.run import PARTITIONS, _ends, measure_bare, measure_worker, produce, say

BASELINE: Final = Path(__file__).parent / "baseline.json"
#: How many times the recorded ratio is a regression.
FAR: Final = 2.0
KEYWORDS: Final = 200
SHARE: Final = 0.05


class Baseline(msgspec.Struct, frozen=True):
    """The ratio of a release: CPU seconds of the worker by those of the bare loop, and how it came about."""

    ratio: float
    release: str
    commit: str
    measured: str
    command: str
    posts: int
    rounds: list[float]
    python: str
    machine: str


class Measured(msgspec.Struct, frozen=True):
    """The ratio of every round."""

    rounds: list[float]

    @property
    def ratio(self) -> float:
        """The median."""
        return statistics.median(self.rounds)


def verdict(measured: Measured, baseline: Baseline) -> tuple[bool, str]:
    """(whether it passes, what to say)."""
    limit = FAR * baseline.ratio
    rounds = ", ".join(f"{one:.2f}" for one in measured.rounds)
    said = (
        f"worker / bare loop, CPU time: {measured.ratio:.2f} (rounds: {rounds}); {baseline.release} had "
        f"{baseline.ratio:.2f} ({baseline.commit}, {baseline.measured}); fails above {limit:.2f}"
    )
    if measured.ratio <= limit:
        return True, said
    return False, f"{said}\nCounting takes more than {FAR:.0f} times as long as it did. Profile it: docs/performance.md"


def measure(kafka: KafkaSettings, posts: int, rounds: int) -> Measured:
    """Both in turn; ends the process where they do not count the same."""
    topic, ratios = Namespace("bench").posts, []
    create_topics(kafka, declared_topics(Namespace("bench"), PARTITIONS))
    asyncio.run(produce(kafka, topic, posts, KEYWORDS, SHARE))
    ends = asyncio.run(_ends(kafka, topic))
    for number in range(rounds):
        namespace = Namespace(f"guard{number}")
        create_topics(kafka, declared_topics(namespace, PARTITIONS))
        bare = measure_bare(kafka, topic, KEYWORDS)
        worker = measure_worker(kafka, namespace, ends)
        if worker["mentions"] != bare["mentions"]:
            raise SystemExit(f"the worker counted {worker['mentions']} mentions, the bare loop {bare['mentions']}")
        ratios.append(worker["cpu_s"] / bare["cpu_s"])
        say(f"round {number + 1}: worker {worker['cpu_s']:.2f} s, bare loop {bare['cpu_s']:.2f} s of CPU")
    return Measured(ratios)


def baseline_of(measured: Measured, posts: int) -> Baseline:
    """What a release records."""
    asked = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return Baseline(
        ratio=round(measured.ratio, 3),
        release=__version__,
        commit=commit,
        measured=datetime.now(UTC).date().isoformat(),
        command=f"python -m tests.bench.guard --posts {posts} --rounds {len(measured.rounds)}",
        posts=posts,
        rounds=[round(one, 3) for one in measured.rounds],
        python=platform.python_version(),
        machine=platform.machine(),
    )


def main() -> None:
    """Measure and compare, or record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--update", action="store_true", help="record the ratio instead of comparing it")
    options = parser.parse_args()
    with EmbeddedKafka(progress=say) as broker:
        measured = measure(broker.settings, options.posts, options.rounds)
    if options.update:
        made = baseline_of(measured, options.posts)
        BASELINE.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
        print(f"recorded {made.ratio} in {BASELINE.name}")
        return
    passes, said = verdict(measured, msgspec.json.decode(BASELINE.read_bytes(), type=Baseline))
    print(said)
    sys.exit(not passes)


if __name__ == "__main__":
    main()
