"""What every peer shares: the matcher, and a meter that ends the process when the totals are reached.

Arguments of every peer: bootstrap server, topic, whose matcher, partitions, keywords, posts, expected mentions.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import NoReturn

from tests.bench.matchers import Match, matcher

#: After the last mention the engine gets this long to make its state durable; what it costs is counted.
SETTLE_S = 2.0
PATIENCE_S = 280.0


@dataclass(frozen=True)
class Job:
    """The arguments."""

    server: str
    topic: str
    whose: str
    partitions: int
    keywords: int
    posts: int
    mentions: int

    @classmethod
    def of(cls, arguments: list[str]) -> "Job":
        """From the command line."""
        server, topic, whose, *numbers = arguments
        return cls(server, topic, whose, *map(int, numbers))

    def matcher(self) -> Match:
        """Text → ids of the campaigns that it matches: the worker's own matcher, or one of the engine's users."""
        return matcher(self.whose, self.keywords)


class Meter:
    """CPU and wall seconds from the first post to the last mention counted, and what makes it durable."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.seen = 0
        self.counted = 0
        self._cpu = self._wall = 0.0
        threading.Thread(target=self._give_up, daemon=True).start()

    def begin(self) -> None:
        """The engine starts: for one that reads and decodes much before it asks for the first match."""
        self._cpu, self._wall = time.process_time(), time.monotonic()

    def post(self) -> None:
        """One post was read."""
        if not self._wall:
            self.begin()
        self.seen += 1
        self._look()

    def mentions(self, total: int) -> None:
        """So many mentions are in the counts by now."""
        self.counted = total
        self._look()

    def _look(self) -> None:
        if self.seen == self._job.posts and self.counted == self._job.mentions:
            wall = time.monotonic() - self._wall
            threading.Thread(target=self._end, args=(wall,)).start()

    def _end(self, wall: float) -> NoReturn:
        time.sleep(SETTLE_S)
        figures = {"cpu_s": time.process_time() - self._cpu, "wall_s": wall, "mentions": self.counted}
        print(json.dumps(figures), flush=True)
        os._exit(0)

    def _give_up(self) -> NoReturn:
        time.sleep(PATIENCE_S)
        print(f"{self.seen} posts, {self.counted} mentions after {PATIENCE_S:.0f} s", file=sys.stderr, flush=True)
        os._exit(1)


def figures_in(peer: str, done: "subprocess.CompletedProcess[str]") -> dict[str, float]:
    """The figures that a peer printed; ends the benchmark without them.

    Engines print lines of their own, before and after; Faust makes what is printed a warning in its log.
    """
    said = done.stdout + done.stderr
    found = re.findall(r'\{"cpu_s".*?\}', said)
    if done.returncode or not found:
        raise SystemExit(f"{peer} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    figures: dict[str, float] = json.loads(found[-1])
    return figures
