"""The spike detector on any series: causal, resumable anywhere, always a score, nothing refused that is a count."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.spikes import SpikeDetector
from processors.spikes.state import DetectorState

#: Seconds to the next row: mostly the step, sometimes off by a little, a day or a week.
GAPS = st.sampled_from([300.0] * 6 + [299.5, 60.0, 0.001, 3600.0, 86_400.0, 604_800.0])
COUNTS = st.one_of(st.integers(0, 20), st.integers(0, 10**6), st.just(10**15)).map(float)
ROWS = st.lists(st.tuples(GAPS, COUNTS), min_size=2, max_size=120)

Rows = list[tuple[float, float]]


def timed(rows: Rows) -> Rows:
    """Rows with times, after two days of quiet so that scores are not all zero."""
    out = [(at * 3600.0, float(at % 3)) for at in range(48)]
    at = out[-1][0]
    for gap, count in rows:
        at += gap
        out.append((at, count))
    return out


def run(detector: SpikeDetector, rows: Rows) -> list[float]:
    return [detector.score(at, count) for at, count in rows]


@settings(deadline=None, max_examples=60)
@given(ROWS, st.data())
def test_a_prefix_scores_the_same(rows: Rows, data: st.DataObject) -> None:
    series = timed(rows)
    cut = data.draw(st.integers(40, len(series)))
    changed = [(at, 7.0 - count % 7) for at, count in series[cut:]]
    whole = run(SpikeDetector(), series)
    assert run(SpikeDetector(), series[:cut] + changed)[:cut] == whole[:cut]
    assert all(0.0 <= score <= 1.0 for score in whole)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.data())
def test_resuming_anywhere_scores_the_same(rows: Rows, data: st.DataObject) -> None:
    series = timed(rows)
    cut = data.draw(st.integers(0, len(series)))
    detector = SpikeDetector()
    before = run(detector, series[:cut])
    kept = msgspec.json.decode(msgspec.json.encode(detector.snapshot()), type=DetectorState)
    resumed = SpikeDetector(kept)
    assert before + run(resumed, series[cut:]) == run(SpikeDetector(), series)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.floats(0, 1e15), GAPS)
def test_more_never_scores_less(rows: Rows, more: float, gap: float) -> None:
    series = timed(rows)
    detector = SpikeDetector()
    run(detector, series)
    at, less = series[-1][0] + gap, min(series[-1][1], more)
    lower = SpikeDetector(detector.snapshot()).score(at, less)
    assert detector.score(at, more) >= lower


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**9).map(float), st.lists(GAPS, max_size=300))
def test_a_constant_series_never_alerts(count: float, gaps: list[float]) -> None:
    at, detector = 0.0, SpikeDetector()
    for gap in [3600.0] * 30 + gaps:
        assert detector.score(at, count) < 1e-6
        at += gap
