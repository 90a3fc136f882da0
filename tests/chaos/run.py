"""``make chaos SEED=n``: all faults, one after the other; exit code 1 when a count is wrong.

The last line says how many faults were injected into how many records, and how many were lost or counted twice.
"""

import argparse
import inspect
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.disk import small_disk
from tests.chaos.oracle import Aborted, Figures, LeftOut
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.trio import Trio


def run(names: list[str], seed: int, directory: Path, times: int | None, minutes: float) -> list[Figures]:
    results = []
    over = time.monotonic() + minutes * 60
    for name in names:
        if time.monotonic() > over:
            results.append(Figures(name, problems=[f"not begun within {minutes:g} minutes"]))
            print(f"{name}: {results[-1].problems[0]}", flush=True)
            continue
        # A broker each: one that was killed and paused would judge the next scenario too.
        began = time.monotonic()
        try:
            with _broker(name) as broker:
                figures = SCENARIOS[name](broker, directory, seed, **_times(name, times))
        except LeftOut as why:
            print(f"{name}: left out, {why}", flush=True)
            continue
        except Aborted as aborted:
            traceback.print_exc()
            figures = aborted.figures
        except Exception as error:
            traceback.print_exc()
            figures = Figures(name, problems=[f"{type(error).__name__}: {error}"])
        print(f"{name}: {figures.line()} ({time.monotonic() - began:.0f} s)", flush=True)
        for line in figures.notes + figures.problems:
            print(f"  {line}", flush=True)
        results.append(figures)
    return results


@contextmanager
def _broker(name: str) -> Iterator[EmbeddedKafka | Trio]:
    with ExitStack() as stack:
        if name == "replicas":
            yield stack.enter_context(Trio())
            return
        directory = stack.enter_context(small_disk()) if name == "diskfull" else None
        yield stack.enter_context(
            EmbeddedKafka(data_dir=directory, properties={"log.cleaner.backoff.ms": "500"}, start_timeout_s=180)
        )


def _times(name: str, times: int | None) -> dict[str, int]:
    """How often a fault is repeated, for those that are."""
    repeated = "times" in inspect.signature(SCENARIOS[name]).parameters
    return {"times": times} if times and repeated else {}


def summary(results: list[Figures]) -> str:
    recoveries = [seconds for one in results for seconds in one.recoveries]
    times = f", recovery p50 {median(recoveries):.1f} s max {max(recoveries):.1f} s" if recoveries else ""
    sums = {what: sum(getattr(one, what) for one in results) for what in ("faults", "records", "lost", "double")}
    return ", ".join(f"{what} {amount}" for what, amount in sums.items()) + times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=sorted(SCENARIOS), help="these faults; without it all")
    parser.add_argument("--times", type=int, help="how often each fault is repeated; without it as often as usual")
    parser.add_argument("--minutes", type=float, default=55, help="nothing is begun after so many; what is left fails")
    parser.add_argument("--keep", type=Path, help="directory for the logs, which stay")
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp(prefix="listener-chaos-"))
    results = run(
        options.only or list(SCENARIOS), options.seed, directory / str(options.seed), options.times, options.minutes
    )
    failed = [one.name for one in results if not one.passed]
    if failed:
        print(f"failed: {', '.join(failed)}; logs in {directory}")
    print(summary(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
