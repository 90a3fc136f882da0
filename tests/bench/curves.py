"""What a post costs the counting, without Kafka, by one thing at a time; writes ``build/curves.json`` and a chart.

Microseconds of CPU per post for skim, search, match, fold and flush into tables in memory. Each point is measured in a
process of its own, in turn with the standing case (200 keywords of 200 campaigns, 5 % of posts match, 16 words), and
told as the median of the ratios: that travels. Memory: what the compiled set takes, and the peak of the process, the
posts included. Partitions and workers need Kafka: tests/bench/scaling.py.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from listener.worker.allocator import give_back
from listener.worker.sets import compile_set
from models.cells import TABLES
from models.progress import NO_OUTCOMES, Progress
from processors.overlay import Chunk, CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Resume
from tests.bench.charts import panels
from tests.bench.memory import rss
from tests.bench.posts import campaign_set, posts
from tests.bench.record import markdown, record, record_chart
from tests.bench.run import say

CHUNK, FLUSH = 2_500, 10_000
OUT: Final = Path("build/curves.json")
Figures = dict[str, float]


class Point(NamedTuple):
    """One place on a curve."""

    keywords: int = 200
    campaigns: int | None = None
    share: float = 0.05
    length: int = 16


#: Curve → what is said of a point → the point.
CURVES: Final[dict[str, dict[str, Point]]] = {
    "keywords": {f"{count:,}": Point(keywords=count) for count in (100, 1_000, 10_000, 100_000)},
    "campaigns (10,000 keywords)": {
        f"{count:,}": Point(keywords=10_000, campaigns=count) for count in (10, 100, 1_000, 10_000)
    },
    "posts that match": {f"{share:.0%}": Point(share=share) for share in (0.0, 0.05, 0.5, 1.0)},
    "words per post": {str(length): Point(length=length) for length in (4, 16, 64, 256)},
}


class Case:
    """The posts and the compiled set of a point."""

    def __init__(self, point: Point, count: int) -> None:
        campaigns = campaign_set(point.keywords, campaigns=point.campaigns)
        self.values = [value for _, value in posts(count, campaigns, point.share, length=point.length)]
        before, began = rss(), time.process_time()
        self.compiled = compile_set(campaigns)
        self.compile_s = time.process_time() - began
        give_back()  # as a worker does
        self.compiled_mb = (rss() - before) / 2**20

    def cost(self) -> float:
        """CPU microseconds per post, once."""
        return count_all(self.values, self.compiled) / len(self.values) * 1e6


def count_all(values: Sequence[bytes], compiled: CompiledSet) -> float:
    """CPU seconds of counting the posts, flushes included."""
    start = Resume(Progress(-1, -1, NO_OUTCOMES, (), "t"), 0, None, -1)
    tables: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
    plane = PartitionPlane(0, tables, start, [(0, compiled)], clock=lambda: datetime.now(UTC), author_key=b"0" * 32)
    produced = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
    began = time.process_time()
    for at in range(0, len(values), CHUNK):
        some = values[at : at + CHUNK]
        plane.count(Chunk(at, at + len(some), range(at, at + len(some)), [produced] * len(some), some))
        if plane.overlay.records >= FLUSH:
            plane.flushed(plane.take_flush())
    plane.flushed(plane.take_flush())
    return time.process_time() - began


def measure(point: Point, count: int, rounds: int) -> Figures:
    """One point beside the standing case."""
    standing, case = Case(Point(), count), Case(point, count)
    pairs = [(standing.cost(), case.cost()) for _ in range(rounds)]
    return {
        "ratio": statistics.median(mine / other for other, mine in pairs),
        "us_per_post": min(mine for _, mine in pairs),
        "bytes_per_post": sum(map(len, case.values)) / count,
        "compile_s": case.compile_s,
        "compiled_mb": case.compiled_mb,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(point: Point, options: argparse.Namespace) -> Figures:
    """``measure`` in a process of its own."""
    numbers = ["--posts", str(options.posts), "--rounds", str(options.rounds)]
    command = [sys.executable, "-m", "tests.bench.curves", "--point", json.dumps(point), *numbers]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def shown(name: str, points: dict[str, Figures]) -> str:
    """One table."""
    costs_of = (
        "bytes per post",
        "µs per post",
        "of the standing case",
        "compiled in",
        "set in memory",
        "peak memory",
    )
    return markdown(
        (name, *costs_of),
        (
            (
                label,
                f"{one['bytes_per_post']:,.0f}",
                f"{one['us_per_post']:.1f}",
                f"{one['ratio']:.2f}",
                f"{one['compile_s']:.1f} s",
                f"{one['compiled_mb']:.0f} MB",
                f"{one['peak_mb']:,.0f} MB",
            )
            for label, one in points.items()
        ),
    )


def main() -> None:
    """Print one table per curve, write the figures and the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--curves", nargs="*", default=list(CURVES), choices=list(CURVES))
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(Point(*json.loads(options.point)), options.posts, options.rounds)))
        return
    found: dict[str, dict[str, Figures]] = {}
    for name in options.curves:
        found[name] = {label: measured(point, options) for label, point in CURVES[name].items()}
        say(f"{name}: {found[name]}")
    record("curves", "\n".join(shown(name, points) for name, points in found.items()))
    result: dict[str, Any] = {"posts": options.posts, "rounds": options.rounds, "curves": found}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    lines = {name: [(label, one["ratio"]) for label, one in points.items()] for name, points in found.items()}
    record_chart("curves", panels("CPU per post, of the standing case", lines, "ratio"))


if __name__ == "__main__":
    main()
