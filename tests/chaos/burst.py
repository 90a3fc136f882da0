"""Far more than a worker and its broker can take: what is in memory must stay bounded, and nothing may be lost."""

import time
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.crew import Crew, crew
from tests.chaos.oracle import Figures
from tests.chaos.resources import rss_mb

#: What the manifests ask for a worker (deploy/kustomize/base); one that takes twice as much is killed.
LIMIT_MB = 1024
_TIMES = 10
_SECONDS = 30
_STILL_S, _ALIVE_S = 0.7, 0.3


def burst(broker: EmbeddedKafka, directory: Path, seed: int, backlog: int = 30_000) -> Figures:
    """Minutes of posts wait at once, on a broker that stands still two thirds of the time."""
    with crew(broker, directory, "burst", seed) as one:
        one.flow(1000)
        before = peak = _most(one)
        usual, one.load.rate, one.wanted = one.load.rate, one.load.rate * _TIMES, 0
        done = one.fault(one.tend)
        one.flow(backlog, 600)
        one.load.rate, one.wanted = usual, 3
        one.tend()
        one.ready()
        for _ in range(int(_SECONDS / (_STILL_S + _ALIVE_S))):
            broker.pause()
            time.sleep(_STILL_S)
            broker.resume()
            time.sleep(_ALIVE_S)
            one.tend()
            peak = max(peak, _most(one))
        one.recovered(done)
        peak = max(peak, _most(one))
        one.figures.notes.append(f"a worker's memory: {before:.0f} MB before, {peak:.0f} MB at most")
        if peak > LIMIT_MB:
            one.figures.problems.append(f"a worker took {peak:.0f} MB, it is to take {LIMIT_MB} at most")
        figures = one.verdict()
        # Nobody was to count while the posts piled up.
        figures.recoveries.clear()
        figures.pause = None
        return figures


def _most(one: Crew) -> float:
    return max(rss_mb(worker.pid) for worker in one.members)
