"""``make chaos SEED=n``: all faults, one after the other; exit code 1 when a count is wrong.

The last line says how many faults were injected into how many records, how many were lost or counted twice, and how
many alerts were told twice.
"""

import argparse
import inspect
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.disk import small_disk
from tests.chaos.oracle import Aborted, Figures, LeftOut
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.trio import Trio

#: The programs of a scenario have started by then; the next broker must not take their time.
_AFTER_S = 20.0

#: A broker that starts, and what ends it.
Ahead = Future[tuple[ExitStack, EmbeddedKafka | Trio]]


def run(names: list[str], seed: int, directory: Path, times: int | None, minutes: float) -> list[Figures]:
    results = []
    over = time.monotonic() + minutes * 60
    with closing(_brokers(names)) as each:
        for name, broker in each:
            if time.monotonic() > over:
                results.append(Figures(name, problems=[f"not begun within {minutes:g} minutes"]))
                print(f"{name}: {results[-1].problems[0]}", flush=True)
                continue
            began = time.monotonic()
            figures = _played(name, broker, directory, seed, times)
            if figures is None:
                continue
            figures.phases["all"] = time.monotonic() - began
            phases = ", ".join(f"{phase} {seconds:.0f}" for phase, seconds in figures.phases.items())
            print(f"{name}: {figures.line()} (seconds: {phases})", flush=True)
            for line in figures.notes + figures.problems:
                print(f"  {line}", flush=True)
            results.append(figures)
    return results


def _played(
    name: str, broker: Callable[[], EmbeddedKafka | Trio], directory: Path, seed: int, times: int | None
) -> Figures | None:
    """A scenario's figures, whatever became of it; None where it cannot be played here."""
    try:
        return SCENARIOS[name](broker(), directory, seed, **_times(name, times))
    except LeftOut as why:
        print(f"{name}: left out, {why}", flush=True)
        return None
    except Aborted as aborted:
        traceback.print_exc()
        return aborted.figures
    except Exception as error:
        traceback.print_exc()
        return Figures(name, problems=[f"{type(error).__name__}: {error}"])


def _brokers(names: list[str]) -> Generator[tuple[str, Callable[[], EmbeddedKafka | Trio]], None, None]:
    """A broker each: one that was killed and paused would judge the next scenario too.

    The next one starts while a scenario runs, once the programs of that have started.
    """
    with ThreadPoolExecutor(1) as pool:
        ahead: Ahead | None = pool.submit(_started, names[0], 0)
        try:
            for number, name in enumerate(names):
                now, ahead = ahead, None
                assert now is not None
                wait([now])
                if number + 1 < len(names):
                    ahead = pool.submit(_started, names[number + 1], _AFTER_S)
                try:
                    yield name, lambda it=now: it.result()[1]  # type: ignore[misc]
                finally:
                    _close(now)
        finally:
            if ahead is not None:
                _close(ahead)


def _close(started: Ahead) -> None:
    if started.exception() is None:
        started.result()[0].close()


def _started(name: str, after_s: float) -> tuple[ExitStack, EmbeddedKafka | Trio]:
    time.sleep(after_s)
    with ExitStack() as stack:
        if name == "replicas":
            broker: EmbeddedKafka | Trio = stack.enter_context(Trio())
        else:
            directory = stack.enter_context(small_disk()) if name == "diskfull" else None
            properties = {"log.cleaner.backoff.ms": "500"}
            broker = stack.enter_context(EmbeddedKafka(data_dir=directory, properties=properties, start_timeout_s=180))
        return stack.pop_all(), broker


def _times(name: str, times: int | None) -> dict[str, int]:
    """How often a fault is repeated, for those that are."""
    repeated = "times" in inspect.signature(SCENARIOS[name]).parameters
    return {"times": times} if times and repeated else {}


def summary(results: list[Figures]) -> str:
    whole = Figures("all")
    for one in results:
        whole.add(one)
    whole.pause = None
    return whole.line()


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
