"""Far more than a worker and its broker can take: what is in memory must stay bounded, and nothing may be lost."""

import time
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.crew import crew
from tests.chaos.oracle import Figures
from tests.chaos.resources import rss_mb

#: What the manifests ask for a worker (deploy/kustomize/base); one that takes twice as much is killed.
LIMIT_MB = 1024
_TIMES = 10
_SECONDS = 30
_STILL_S, _ALIVE_S = 0.7, 0.3


def burst(broker: EmbeddedKafka, directory: Path, seed: int, rate: int = 300) -> Figures:
    """Ten times the posts for half a minute, from a broker that stands still two thirds of the time."""
    with crew(broker, directory, "burst", seed, rate=rate) as one:
        one.flow(5 * rate)
        before = max(rss_mb(worker.pid) for worker in one.members)
        peak = before
        one.load.rate = rate * _TIMES
        done = one.fault(lambda: None)
        for _ in range(int(_SECONDS / (_STILL_S + _ALIVE_S))):
            broker.pause()
            time.sleep(_STILL_S)
            broker.resume()
            time.sleep(_ALIVE_S)
            one.tend()
            peak = max([peak, *(rss_mb(worker.pid) for worker in one.members)])
        one.load.rate = rate
        one.recovered(done)
        peak = max([peak, *(rss_mb(worker.pid) for worker in one.members)])
        one.figures.notes.append(f"a worker's memory: {before:.0f} MB before, {peak:.0f} MB at most")
        if peak > LIMIT_MB:
            one.figures.problems.append(f"a worker took {peak:.0f} MB, it is to take {LIMIT_MB} at most")
        return one.verdict()
