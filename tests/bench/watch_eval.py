"""False incidents a week of the whole watch, all series of a campaign together, by threshold: the table of the budget.

    python tests/bench/watch_eval.py [PROCESSES]           the table
    python tests/bench/watch_eval.py events [PROCESSES]    found and false at budgets of 2, 1 and ½ a week
    python tests/bench/watch_eval.py cost                  what a minute costs

Labelled brands are split at random into three platforms, authors, stories, negative mentions and engagement;
simulated ones have days and nights, weekends and holidays. A worthy signal within three hours of another is the same
incident.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC

import numpy as np
import spikes_eval as labelled
from msgspec.structs import replace

from listener.alerting.watching import Watching
from models.campaign import Campaign
from models.incident import Signal
from models.series import ClosedMinute
from processors.incidents.budget import thresholds
from processors.incidents.views import ROW, Scored
from processors.incidents.watch import CampaignWatch, Change, margin

LIMITS = np.arange(0.20, 0.66, 0.02)
LOWEST = 0.2
MERGE_S = 3 * 3600
PLATFORMS = {"twitter": 0.6, "instagram": 0.3, "telegram": 0.1}
DRIFT = 9.0


class Listening(CampaignWatch):
    """Never opens an incident; keeps (time, highest worthy score) of every row."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(campaign)
        self.heard: list[tuple[int, float]] = []

    def _row(self, scored: Scored) -> list[Change]:
        found = [self._signal(score) for score in scored.scores if score.value >= LOWEST]
        if scored.drift is not None and scored.drift[0] >= 5:
            self._state.drift.sum = 0.0
            found.append(Signal("mentions", "drift", DRIFT, scored.drift[1], scored.drift[2]))
        worthy = [signal.score - margin(signal.series) for signal in found if self._worth(signal, scored.row.start)]
        if worthy:
            self.heard.append((scored.row.start, max(worthy)))
        return []


def minutes(start: int, counts: np.ndarray, generator: np.random.Generator) -> Iterator[ClosedMinute]:
    """Closed minutes of a campaign whose mentions in rows of five minutes are ``counts``."""
    for index, count in enumerate(counts):
        split = generator.multinomial(int(count), list(PLATFORMS.values()))
        by_platform = {}
        for platform, amount in zip(PLATFORMS, split, strict=True):
            if amount:
                negative = int(generator.binomial(amount, 0.2))
                likes = int(generator.poisson(4 * amount * generator.gamma(0.5, 2)))
                by_platform[platform] = {"mentions": int(amount), "mentions_negative": negative, "likes": likes}
        for part in range(5):
            yield ClosedMinute(
                campaign="c",
                minute=start + index * ROW + part * 60,
                counts=by_platform if part == 0 else {},
                authors=int(generator.binomial(int(count), 0.85)) if part == 0 else 0,
                stories=int(generator.binomial(int(count), 0.7)) if part == 0 else 0,
            )


def rates(heard: list[tuple[int, float]], weeks: float) -> list[float]:
    """Incidents a week at each of LIMITS."""
    out = []
    for limit in LIMITS:
        count, last = 0, float("-inf")
        for at, score in heard:
            if score >= limit:
                count += at - last > MERGE_S
                last = at
        out.append(count / weeks)
    return out


def brand(index: int) -> tuple[str, list[float], float]:
    """False incidents a week of a labelled brand; its probation and its windows are left out."""
    where = labelled.folder()
    scorer = labelled.load_scorer(where)
    series = scorer.load_all(where / "dev", where / "dev" / "labels.json")[index]
    first = int(series.times[0].replace(tzinfo=UTC).timestamp()) // 3600 * 3600
    counts = np.array([float(value) for value in series.values])
    watch = Listening(Campaign(id="c", timezone="UTC"))
    for minute in minutes(first, counts, np.random.default_rng(index)):
        watch.take(minute)
    outside = [
        (at, score)
        for at, score in watch.heard
        if (row := (at - first) // ROW) >= series.probation and series.window_of[row] is None
    ]
    inside = len({series.window_of[(at - first) // ROW] for at, score in watch.heard if score >= 0.42} - {None})
    return f"{series.name} ({inside}/{len(series.windows)} windows at 0.42)", rates(outside, series.weeks), series.weeks


def simulated(rate: float) -> tuple[str, list[float], float]:
    """False incidents a week of ten quiet weeks, two of learning left out; Nowruz in the middle at 40 %."""
    generator = np.random.default_rng(int(rate))
    level, _, _ = labelled.levels(labelled.WORLDS[0], rate, generator)
    day = labelled.ROWS_A_DAY
    level[5 * 7 * day : 5 * 7 * day + 13 * day] *= 0.4
    counts = generator.poisson(level * generator.gamma(100, 0.01, len(level)))
    watch = Listening(Campaign(id="c", timezone="UTC"))
    start = 1_760_000_000 // 86400 * 86400
    for minute in minutes(start, counts, generator):
        watch.take(minute)
    weeks = labelled.WEEKS - labelled.LEARNING_DAYS / 7
    heard = [(at, score) for at, score in watch.heard if at - start >= labelled.LEARNING_DAYS * 86400]
    return f"simulated, {rate:g} an hour", rates(heard, weeks), weeks


BUDGETS = (2.0, 1.0, 0.5)


def happening(name: str, rate: float) -> tuple[str, float, list[tuple[float, float]]]:
    """(false a week, share of events found) at each of BUDGETS, in one of the simulated worlds."""
    world = next(one for one in labelled.WORLDS if one.name == name)
    generator = np.random.default_rng(int(rate) + 100)
    level, present, starts = labelled.levels(world, rate, generator)
    counts = generator.poisson(level * generator.gamma(100, 0.01, len(level)))
    watch = Listening(Campaign(id="c", timezone="UTC"))
    begin = 1_760_000_000 // 86400 * 86400
    for minute in minutes(begin, counts, generator):
        if present[(minute.minute - begin) // ROW]:
            watch.take(minute)
    learning = labelled.LEARNING_DAYS * labelled.ROWS_A_DAY
    events = [(start, start + world.event_rows + 12) for start in starts if world.event_factor > 1]
    heard = [((at - begin) // ROW, score) for at, score in watch.heard if (at - begin) // ROW >= learning]
    limits = [thresholds(budget).score for budget in BUDGETS]
    return name, rate, [labelled.judge([row for row, score in heard if score >= limit], events) for limit in limits]


def events(workers: int) -> None:
    print("false a week / share found, at budgets of", ", ".join(f"{budget:g}" for budget in BUDGETS), "a week")
    names = ("3 h x3", "3 h x5", "6 h of zeros", "6 h gap")
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(happening, name, rate) for name in names for rate in (2, 20, 200)]
        for job in jobs:
            name, rate, found = job.result()
            shown = "   ".join(f"{false:.2f} / {'-' if np.isnan(share) else f'{share:.2f}'}" for false, share in found)
            print(f"{name:14} {rate:4} an hour: {shown}", flush=True)


def cost() -> None:
    """What a minute costs the watch, in milliseconds of a core: five campaigns, three days."""
    campaigns = {f"c{number}": Campaign(id=f"c{number}") for number in range(5)}
    watching = Watching(lambda: campaigns)
    generator = np.random.default_rng(1)
    start = 1_760_000_000 // 86400 * 86400
    days = [minutes(start, generator.poisson(20, 3 * labelled.ROWS_A_DAY), generator) for _ in campaigns]
    took = []
    for row in zip(*days, strict=True):
        for name, minute in zip(campaigns, row, strict=True):
            before = time.thread_time()
            watching.take(replace(minute, campaign=name))
            took.append(1000 * (time.thread_time() - before))
    mean, late, most = np.mean(took), np.percentile(took, 99), max(took)
    print(f"{len(took)} minutes: mean {mean:.2f} ms, p99 {late:.1f} ms, most {most:.0f} ms")


def main() -> None:
    workers = int(sys.argv[-1]) if sys.argv[-1].isdigit() else 1
    if "cost" in sys.argv:
        cost()
        return
    if "events" in sys.argv:
        events(workers)
        return
    print("threshold:", " ".join(f"{limit:6.2f}" for limit in LIMITS))
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(brand, index) for index in range(5)]
        quiet = [pool.submit(simulated, rate) for rate in (2, 20, 200)]
        brands, others = [job.result() for job in jobs], [job.result() for job in quiet]
    for name, found, _ in (*brands, *others):
        print(" ".join(f"{rate:6.2f}" for rate in found), name)
    weeks = sum(one[2] for one in brands)
    mean = np.sum([np.array(found) * span for _, found, span in brands], axis=0) / weeks
    worst = np.maximum(mean, np.max([found for _, found, _ in others], axis=0))
    print(" ".join(f"{rate:6.2f}" for rate in mean), "labelled brands, mean")
    print(" ".join(f"{rate:6.2f}" for rate in worst), "the higher of brands and simulations")


if __name__ == "__main__":
    main()
