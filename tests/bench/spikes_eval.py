"""How well the spike detector does: labelled brands, each with a threshold from the others, and simulated traffic.

    python tests/bench/spikes_eval.py [labels|simulate]

Labels and the scorer are read from ../shared/spikes (or LISTENER_SPIKES).
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from processors.spikes import RECOMMENDED_THRESHOLD, SpikeDetector

STEP = 300
ROWS_A_DAY = 288
THRESHOLDS = np.arange(0.02, 0.99, 0.005)
#: Thresholds averaged over before the best is taken: the plain best of 13 windows sits on a cliff.
NEIGHBOURS = 7


def folder() -> Path:
    default = Path(__file__).resolve().parents[2].parent / "shared" / "spikes"
    return Path(os.environ.get("LISTENER_SPIKES", default))


def load_scorer(where: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_spikes", where / "score_spikes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["score_spikes"] = module
    spec.loader.exec_module(module)
    return module


def run(times: list[float], counts: list[float]) -> list[float]:
    detector = SpikeDetector()
    return [detector.score(at, count) for at, count in zip(times, counts, strict=True)]


class Brand(NamedTuple):
    """One labelled series, its scores and its raw benchmark score at each of THRESHOLDS."""

    series: Any
    scores: list[float]
    windows: int
    curve: np.ndarray


def load_brands(scorer: ModuleType, where: Path) -> list[Brand]:
    brands = []
    for series in scorer.load_all(where / "dev", where / "dev" / "labels.json"):
        times = [time.replace(tzinfo=UTC).timestamp() for time in series.times]
        scores = run(times, [float(value) for value in series.values])
        windows = sum(last >= series.probation for _, last in series.windows)
        at = [scorer.score_at([series], [scores], t, "standard") for t in THRESHOLDS]
        brands.append(Brand(series, scores, windows, np.array(at) * windows))
    return brands


def smooth_best(brands: list[Brand]) -> float:
    """The threshold in the middle of the best plateau of these brands."""
    edge = NEIGHBOURS // 2
    curve = np.pad(sum(brand.curve for brand in brands), edge, mode="edge")
    return float(THRESHOLDS[int(np.convolve(curve, np.ones(NEIGHBOURS) / NEIGHBOURS, "valid").argmax())])


def plain_best(scorer: ModuleType, brands: list[Brand]) -> float:
    return float(scorer.best_threshold([b.series for b in brands], [b.scores for b in brands], "standard")[0])


def leave_one_out(scorer: ModuleType, brands: list[Brand], rule: str) -> float:
    """Print each brand at the threshold of the others; the score of all windows together."""
    total, found, false, weeks, scores = 0.0, 0, 0, 0.0, []
    for held in brands:
        others = [brand for brand in brands if brand is not held]
        threshold = smooth_best(others) if rule == "plateau" else plain_best(scorer, others)
        score = scorer.score_at([held.series], [held.scores], threshold, "standard")
        seen = scorer.practice([held.series], [held.scores], threshold, 60, 60)
        print(
            f"  {held.series.name:26} at {threshold:.3f}: {score:5.1f}, windows {seen['detected']}/{seen['windows']}, "
            f"false a week {seen['false_alarms_per_series_week']:.2f}"
        )
        scores.append(score)
        total += score * held.windows
        found, false, weeks = found + seen["detected"], false + seen["false_events"], weeks + seen["weeks"]
    windows = sum(brand.windows for brand in brands)
    spread = f"brands {min(scores):.0f} to {max(scores):.0f}, sd {np.std(scores, ddof=1):.0f}"
    print(f"{rule}: {total / windows:.1f} ({spread}), windows {found}/{windows}, false a week {false / weeks:.2f}")
    return total / windows


def labels() -> None:
    where = folder()
    if not where.is_dir():
        print(f"no labelled series at {where}: set LISTENER_SPIKES")
        return
    scorer = load_scorer(where)
    brands = load_brands(scorer, where)
    for rule in ("plateau", "best"):
        leave_one_out(scorer, brands, rule)
    print(f"threshold of all five, plateau: {smooth_best(brands):.3f}; shipped: {RECOMMENDED_THRESHOLD:g}")
    for threshold in np.arange(-0.02, 0.0201, 0.005) + RECOMMENDED_THRESHOLD:
        score = scorer.score_at([b.series for b in brands], [b.scores for b in brands], threshold, "standard")
        print(f"  all five at {threshold:.3f}: {score:.1f}")


class World(NamedTuple):
    """Simulated traffic: mentions an hour, and what happens now and then."""

    name: str
    event_factor: float = 1.0
    event_rows: int = 36
    shift: float = 1.0
    outage_rows: int = 0
    outage_as_gap: bool = False


WORLDS = (
    World("quiet"),
    World("3 h x3", 3.0),
    World("3 h x5", 5.0),
    World("15 min x10", 10.0, 3),
    World("level x2", shift=2.0),
    World("6 h of zeros", outage_rows=72),
    World("6 h gap", outage_rows=72, outage_as_gap=True),
)
RATES = (2, 20, 200)
SEEDS = range(3)
SENSITIVITIES = (RECOMMENDED_THRESHOLD, 0.35, 0.25)
WEEKS = 12
LEARNING_DAYS = 14


def levels(world: World, rate: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Expected counts, whether a row exists, and where the happenings start: one about every five days."""
    rows = np.arange(WEEKS * 7 * ROWS_A_DAY)
    wave = 1 + 7 / 9 * np.sin(2 * np.pi * rows / ROWS_A_DAY)  # day to night 8 : 1
    weekend = np.where(rows // ROWS_A_DAY % 7 >= 5, 0.6, 1.0)
    level = rate / 12 * wave * weekend
    present = np.ones(len(rows), dtype=bool)
    days = range(LEARNING_DAYS, WEEKS * 7 - 2, 5)
    starts = [day * ROWS_A_DAY + int(generator.integers(ROWS_A_DAY)) for day in days]
    for number, start in enumerate(starts):
        level[start : start + world.event_rows] *= world.event_factor
        level[start : start + world.outage_rows] = 0.0
        if world.outage_as_gap:
            present[start : start + world.outage_rows] = False
        if number == len(starts) // 2:
            level[start:] *= world.shift
    return level, present, starts


def simulate_one(world: World, rate: float, seed: int) -> list[tuple[float, float]]:
    """(false alerts a week, share of events found) at each of SENSITIVITIES, for one series."""
    generator = np.random.default_rng(seed)
    level, present, starts = levels(world, rate, generator)
    counts = generator.poisson(level * generator.gamma(100, 0.01, len(level)))
    rows = np.flatnonzero(present)
    scores = np.array(run([float(row * STEP) for row in rows], [float(counts[row]) for row in rows]))
    scores[rows < LEARNING_DAYS * ROWS_A_DAY] = 0.0
    events = [(start, start + world.event_rows + 12) for start in starts if world.event_factor > 1]
    return [judge([int(row) for row in rows[scores >= threshold]], events) for threshold in SENSITIVITIES]


def judge(alerts: list[int], events: list[tuple[int, int]]) -> tuple[float, float]:
    """False alerts within an hour of each other are one; an event is found up to an hour after its end."""
    found = [any(start <= row < end for row in alerts) for start, end in events]
    late = [row for row in alerts if not any(start <= row < end for start, end in events)]
    false = sum(row - before > ROWS_A_DAY // 24 for before, row in pairwise([-ROWS_A_DAY, *late]))
    return false / (WEEKS - LEARNING_DAYS / 7), float(np.mean(found)) if found else float("nan")


def simulations() -> Iterator[str]:
    yield "false a week / share found, at thresholds " + ", ".join(f"{one:g}" for one in SENSITIVITIES)
    for world in WORLDS:
        for rate in RATES:
            means = np.mean([simulate_one(world, rate, seed) for seed in SEEDS], axis=0)
            figures = [f"{false:.2f} / {'-' if np.isnan(found) else f'{found:.2f}'}" for false, found in means]
            yield f"{world.name:14} {rate:4} an hour: " + "   ".join(figures)


def main() -> None:
    wanted = sys.argv[1:] or ["labels", "simulate"]
    if "labels" in wanted:
        labels()
    if "simulate" in wanted:
        for line in simulations():
            print(line, flush=True)


if __name__ == "__main__":
    main()
