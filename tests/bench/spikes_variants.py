"""Detectors compared on variants of the labelled series: the figures of decision 030. Some minutes.

    python tests/bench/spikes_variants.py [PROCESSES]

Eleven variants of each of five brands: as it is, thinned to a half and a quarter, multiplied by four with noise, begun
a week and two weeks later, days outside windows drawn anew (three times), stretched and compressed in time. Each brand
is scored at the threshold (the middle of the best plateau) of the other four brands' variants; beside it the same on
the five originals, by both rules of spikes_eval.py.
"""

import copy
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC
from typing import Any

import numpy as np
import spikes_eval as labelled

from processors.spikes import SpikeDetector

DAY = labelled.ROWS_A_DAY
SEED = 7


class Arithmetic(SpikeDetector):
    """The views' plain mean."""

    def _agree(self, against: list[float]) -> float:
        return sum(against) / len(against)


DETECTORS: dict[str, type[SpikeDetector]] = {"geometric": SpikeDetector, "arithmetic": Arithmetic}

#: Counts and windows (first row, last row).
Shape = tuple[np.ndarray, list[tuple[int, int]]]


def thinned(share: float) -> Callable[..., Shape]:
    def make(counts: np.ndarray, windows: list[tuple[int, int]], generator: np.random.Generator, _first: int) -> Shape:
        return generator.binomial(counts.astype(int), share), windows

    return make


def multiplied(counts: np.ndarray, windows: list[tuple[int, int]], generator: np.random.Generator, _: int) -> Shape:
    return generator.poisson(counts * 4 * generator.gamma(20, 1 / 20, len(counts))), windows


def begun_later(days: int) -> Callable[..., Shape]:
    """Windows that would begin in probation are left out."""

    def make(counts: np.ndarray, windows: list[tuple[int, int]], _: np.random.Generator, _first: int) -> Shape:
        rows = days * DAY
        return counts[rows:], [(first - rows, last - rows) for first, last in windows if first - rows > 750]

    return make


def drawn_anew(counts: np.ndarray, windows: list[tuple[int, int]], generator: np.random.Generator, first: int) -> Shape:
    """Days without a window are drawn, with return, from such days of their kind (weekend or not)."""
    within = np.zeros(len(counts), bool)
    for start, last in windows:
        within[start : last + 1] = True
    free = [day for day in range(len(counts) // DAY) if not within[day * DAY : (day + 1) * DAY].any()]
    weekend = {day: (first // 86_400 + day + 3) % 7 >= 5 for day in free}
    anew = counts.copy()
    for day in free:
        pool = [other for other in free if weekend[other] == weekend[day]]
        other = pool[generator.integers(len(pool))]
        anew[day * DAY : (day + 1) * DAY] = counts[other * DAY : (other + 1) * DAY]
    return anew, windows


def stretched(factor: float) -> Callable[..., Shape]:
    """Rows repeated or left out, half of each count drawn anew."""

    def make(counts: np.ndarray, windows: list[tuple[int, int]], generator: np.random.Generator, _first: int) -> Shape:
        rows = (np.arange(int(len(counts) * factor)) / factor).astype(int)
        taken = counts[np.minimum(rows, len(counts) - 1)]
        drawn = generator.poisson(taken / 2) + generator.binomial(taken.astype(int), 0.5)
        return drawn, [(int(first * factor), int(last * factor)) for first, last in windows]

    return make


VARIANTS: tuple[Callable[..., Shape], ...] = (
    lambda counts, windows, _generator, _first: (counts, windows),
    *(thinned(0.5), thinned(0.25), multiplied, begun_later(7), begun_later(14)),
    *(drawn_anew, drawn_anew, drawn_anew, stretched(0.9), stretched(1.15)),
)


def judged(brand: int, variant: int) -> dict[str, tuple[Any, list[float]]]:
    """By detector: the variant of the brand, and its scores."""
    where = labelled.folder()
    scorer = labelled.load_scorer(where)
    series = copy.copy(scorer.load_all(where / "dev", where / "dev" / "labels.json")[brand])
    first = int(series.times[0].replace(tzinfo=UTC).timestamp())
    counts = np.array([float(value) for value in series.values])
    generator = np.random.default_rng((SEED, brand, variant))
    counts, series.windows = VARIANTS[variant](counts, list(series.windows), generator, first)
    if variant:
        # The scorer needs the time span and the number of rows; gaps are left behind.
        step = np.timedelta64(labelled.STEP, "s")
        series.times = list((np.datetime64(first, "s") + np.arange(len(counts)) * step).astype(object))
    times = [time.replace(tzinfo=UTC).timestamp() for time in series.times]
    scorer.prepare(series)
    found = {}
    for name, kind in DETECTORS.items():
        detector = kind()
        scores = [detector.score(at, float(count)) for at, count in zip(times, counts, strict=True)]
        found[name] = series, scores
    return found


def curve(scorer: Any, series: Any, scores: list[float]) -> labelled.Brand:
    windows = sum(last >= series.probation for _, last in series.windows)
    at = [scorer.score_at([series], [scores], t, "standard") if windows else 0.0 for t in labelled.THRESHOLDS]
    return labelled.Brand(series, scores, windows, np.array(at) * windows)


def compare(scorer: Any, name: str, brands: list[list[labelled.Brand]]) -> None:
    """Print how a detector does on all variants, and on the originals."""
    total, windows, found, false, weeks = 0.0, 0, 0, 0, 0.0
    for index, held in enumerate(brands):
        others = [one for other, variants in enumerate(brands) if other != index for one in variants]
        threshold = labelled.smooth_best(others)
        at = int(np.abs(labelled.THRESHOLDS - threshold).argmin())
        seen = scorer.practice([one.series for one in held], [one.scores for one in held], threshold, 60, 60)
        total += sum(float(one.curve[at]) for one in held)
        windows += sum(one.windows for one in held)
        found, false, weeks = found + seen["detected"], false + seen["false_events"], weeks + seen["weeks"]
    print(
        f"{name}, {sum(map(len, brands))} variants: {total / windows:.1f}, windows {found}/{windows}, "
        f"false a week {false / weeks:.2f}"
    )
    for rule in ("plateau", "best"):
        print(f"{name}, originals, ", end="")
        labelled.leave_one_out(scorer, [variants[0] for variants in brands], rule)


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    where = labelled.folder()
    scorer = labelled.load_scorer(where)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [[pool.submit(judged, brand, variant) for variant in range(len(VARIANTS))] for brand in range(5)]
        results = [[job.result() for job in row] for row in jobs]
    for name in DETECTORS:
        compare(scorer, name, [[curve(scorer, *one[name]) for one in row] for row in results])


if __name__ == "__main__":
    main()
