"""``make soak MINUTES=30``: steady load for a long time; what a process holds must not creep up.

Four months of record time pass while it runs, so that posts and minutes are dropped as fast as new ones come, and
the changelogs are compacted every minute: after a first third, in which state builds up, all is to stay flat. Reports
slopes (least squares) of resident memory and open files of every worker and the board, and of the changelogs on disk.
Exit code 1 where something grows, or where a count is wrong at the end.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, linear_regression

from kafka.admin import ConfigResource, ConfigResourceType

from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from models.streams import ALL_TABLES
from tests.chaos.crew import Crew, crew
from tests.chaos.oracle import Figures
from tests.chaos.resources import open_files, rss_mb
from tests.chaos.stream import Hurried

#: Hours are kept for 35 days: after a first third as many go as come.
DAYS = 120.0
EVERY_S = 5.0
#: Growth over the measured part, as a share of the mean, that is still called flat. The board's memory is reported
#: only: it keeps closed minutes for 400 days, and a hundred days of them come while it runs.
FLAT = {"memory (MB)": 0.10, "files": 0.05, "changelogs (MB)": 0.25}
_GROWS = ("memory (MB)", "board")
_COMPACTED = {"min.compaction.lag.ms": "30000", "segment.ms": "20000", "delete.retention.ms": "1000"}

#: What is measured, of which process.
Name = tuple[str, str]


@dataclass
class Series:
    """Seconds since the start and values."""

    at: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, at: float, value: float) -> None:
        self.at.append(at)
        self.values.append(value)

    def slope(self, since: float) -> tuple[float, float]:
        """(per hour, growth over the measured part as a share of the mean), from ``since`` on."""
        points = [(at, value) for at, value in zip(self.at, self.values, strict=True) if at >= since]
        times, values = zip(*points, strict=True)
        per_second = linear_regression(times, values).slope
        return per_second * 3600, per_second * (times[-1] - times[0]) / (fmean(values) or 1.0)


def soak(broker: EmbeddedKafka, directory: Path, seed: int, seconds: float, rate: int) -> tuple[Figures, list[str]]:
    """Run, and judge; the lines say what was measured."""
    clock = Hurried(DAYS, DAYS * 86_400 / (seconds * 1.1))
    with crew(broker, directory, "soak", seed, workers=2, rate=rate, clock=clock) as one:
        _compact_soon(one)
        board = one.board()
        board.wait_ready()
        found: dict[Name, Series] = defaultdict(Series)
        begin = time.monotonic()
        while (at := time.monotonic() - begin) < seconds:
            _sample(one, broker, found, at)
            one.pause(EVERY_S)
            print(f"\r{at:.0f} of {seconds:.0f} s, {one.load.sent:,} records", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if len({id(worker) for worker in one.cluster.workers}) > one.wanted:
            one.figures.problems.append("a worker ended in the middle")
        lines = _judged(one.figures, found, seconds / 3)
        return one.verdict(whole=["day"]), lines  # the hours of the first months are gone, as they are to be


def _compact_soon(one: Crew) -> None:
    topics = [one.cluster.namespace.changelog(table) for table in ALL_TABLES]
    with admin_client(one.cluster.kafka) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=_COMPACTED) for topic in topics])


def _sample(one: Crew, broker: EmbeddedKafka, found: dict[Name, Series], at: float) -> None:
    processes = {f"worker {number}": worker.pid for number, worker in enumerate(one.members)}
    processes["board"] = one.boards[0].process.pid
    for name, pid in processes.items():
        found["memory (MB)", name].add(at, rss_mb(pid))
        found["files", name].add(at, open_files(pid))
    logs = broker.log_file.parent.rglob(f"{one.cluster.namespace.app}-*-changelog-*/*.log")
    found["changelogs (MB)", "broker"].add(at, sum(_size(log) for log in logs) / 1e6)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # the cleaner was faster
        return 0


def _judged(figures: Figures, found: dict[Name, Series], since: float) -> list[str]:
    lines = []
    for (what, name), series in found.items():
        per_hour, growth = series.slope(since)
        lines.append(
            f"{what}, {name}: {series.values[0]:.1f} at first, {series.values[-1]:.1f} at last, "
            f"{per_hour:+.2f} an hour ({growth:+.1%} while measured)"
        )
        if growth > FLAT[what] and (what, name) != _GROWS:
            figures.problems.append(f"{what} of {name} grows: {growth:+.1%}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=200, help="records a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="directory for the logs, which stay")
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp(prefix="listener-soak-"))
    properties = {"log.cleaner.backoff.ms": "500", "log.segment.delete.delay.ms": "1000"}
    with EmbeddedKafka(properties=properties, start_timeout_s=180) as broker:
        figures, lines = soak(broker, directory, options.seed, options.minutes * 60, options.rate)
    for line in (*lines, *figures.problems):
        print(line)
    print(f"soak of {options.minutes:g} minutes: {figures.line()}")
    return 0 if figures.passed else 1


if __name__ == "__main__":
    sys.exit(main())
