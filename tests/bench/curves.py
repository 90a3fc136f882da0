"""What a post costs the counting without Kafka, by keywords, share and length: ``python -m tests.bench.curves``.

Microseconds of CPU per post, the best of some rounds, for skim, search, match, fold and flush into tables in memory;
and what it costs in proportion to the standing case (200 keywords, 5 %, 16 words), measured before and after.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from listener.worker.sets import compile_set
from models.cells import TABLES
from models.progress import NO_OUTCOMES, Progress
from processors.overlay import Chunk, CompiledSet
from processors.plane import PartitionPlane
from processors.resume import Resume
from tests.bench.posts import campaign_set, posts

CHUNK, FLUSH = 2_500, 10_000
ROUNDS = 5


class Point(NamedTuple):
    """One place on a curve."""

    keywords: int = 200
    share: float = 0.05
    length: int = 16


CURVES = {
    "keywords": [Point(keywords=count) for count in (100, 1_000, 10_000, 100_000)],
    "share": [Point(share=share) for share in (0.0, 0.05, 0.5, 1.0)],
    "words": [Point(length=length) for length in (4, 16, 64, 256)],
}


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


def cost(point: Point, count: int) -> tuple[float, float, float]:
    """(µs per post, bytes per post, seconds to compile the set)."""
    campaigns = campaign_set(point.keywords)
    values = [value for _, value in posts(count, campaigns, point.share, length=point.length)]
    began = time.process_time()
    compiled = compile_set(campaigns)
    built = time.process_time() - began
    best = min(count_all(values, compiled) for _ in range(ROUNDS))
    return best / count * 1e6, sum(map(len, values)) / count, built


def main() -> None:
    """Print one table per curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--curves", nargs="*", default=list(CURVES), choices=list(CURVES))
    options = parser.parse_args()
    for name in options.curves:
        points = CURVES[name]
        standing, _, _ = cost(Point(), options.posts)
        print(f"| {name} | bytes per post | µs per post | of the standing case | compiled in | peak memory |")
        print("|---|---|---|---|---|---|")
        for point in points:
            taken, size, built = cost(point, options.posts)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            shown = {"keywords": f"{point.keywords:,}", "share": f"{point.share:.0%}", "words": str(point.length)}[name]
            print(
                f"| {shown} | {size:.0f} | {taken:.2f} | {taken / standing:.2f} | {built:.1f} s | {peak:.0f} MB |",
                flush=True,
            )
        print()


if __name__ == "__main__":
    main()
