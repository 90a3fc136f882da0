"""The spike detector: what fires, what never does, what is refused, and the filter around it."""

import csv
import importlib.util
import io
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from listener.errors import UsageProblem
from listener.spikes import spikes
from processors.spikes import RECOMMENDED_THRESHOLD, SpikeDetector

STEP = 300
DAY = 288


def scores(counts: list[float], step: int = STEP, begin: float = 0.0) -> list[float]:
    detector = SpikeDetector()
    return [detector.score(begin + row * step, count) for row, count in enumerate(counts)]


def poisson(rate: float, rows: int, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).poisson(rate, rows).astype(float).tolist()


@pytest.mark.parametrize("rate", [0.5, 5, 500])
def test_a_burst_fires_once_and_noise_never(rate: float) -> None:
    counts = poisson(rate, 6 * DAY)
    burst = 5 * DAY + 7
    counts[burst] = rate * 30 + 20
    fired = [row for row, score in enumerate(scores(counts)) if score >= RECOMMENDED_THRESHOLD]
    assert fired == [burst]


def test_the_same_burst_again_within_a_day_is_habit() -> None:
    counts = poisson(5, 7 * DAY)
    counts[5 * DAY] = counts[5 * DAY + 100] = 150.0
    got = scores(counts)
    assert got[5 * DAY] >= RECOMMENDED_THRESHOLD
    assert got[5 * DAY + 100] == 0.0


def test_a_burst_must_rival_the_record() -> None:
    counts = poisson(5, 12 * DAY)
    counts[9 * DAY] = 60.0
    modest = scores(counts)[9 * DAY]
    counts[3 * DAY] = 5000.0
    assert 0.0 < scores(counts)[9 * DAY] < modest * 0.8


@pytest.mark.parametrize("count", [0.0, 1.0, 1e6])
def test_a_constant_series_scores_nothing(count: float) -> None:
    assert set(scores([count] * (3 * DAY))) == {0.0}


def test_nothing_in_the_first_day() -> None:
    counts = poisson(5, DAY)
    counts[200] = 5000.0
    assert set(scores(counts)) == {0.0}


def test_the_daily_peak_is_expected() -> None:
    day = [2.0 + 100.0 * (120 <= row < 132) for row in range(DAY)]
    got = scores(day * 20)
    assert max(got[5 * DAY :]) < RECOMMENDED_THRESHOLD


@pytest.mark.parametrize("step", [60, 900, 3600])
def test_other_steps(step: int) -> None:
    rows = 8 * 86400 // step
    counts = poisson(5, rows)
    burst = rows - 3
    counts[burst] = 200.0
    assert [row for row, score in enumerate(scores(counts, step)) if score >= RECOMMENDED_THRESHOLD] == [burst]


def test_a_gap_is_not_zeros_and_raises_nothing() -> None:
    detector, week = SpikeDetector(), 7 * DAY
    counts = poisson(50, 2 * week)
    rows = [*range(week), *range(2 * week, 3 * week)]
    got = [detector.score(row * STEP, count) for row, count in zip(rows, counts, strict=True)]
    assert max(got) < RECOMMENDED_THRESHOLD


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf"), 1e300])
def test_what_is_no_count_is_refused_and_not_learnt(count: float) -> None:
    detector = SpikeDetector()
    detector.score(0, 3.0)
    before = detector.snapshot()
    with pytest.raises(ValueError, match="value"):
        detector.score(STEP, count)
    assert detector.snapshot() == before


@pytest.mark.parametrize("at", [100.0, 99.0, float("nan"), float("inf")])
def test_time_must_rise(at: float) -> None:
    detector = SpikeDetector()
    detector.score(100.0, 3.0)
    before = detector.snapshot()
    with pytest.raises(ValueError, match="timestamp"):
        detector.score(at, 3.0)
    assert detector.snapshot() == before


def test_state_stays_small() -> None:
    detector = SpikeDetector()
    for row, count in enumerate(sorted(poisson(50, 4 * DAY), reverse=True)):
        detector.score(row * 1.0, count)
    for row in range(3 * DAY):
        detector.score(1e6 + row * STEP, 1e6 - row)
    assert len(msgspec.msgpack.encode(detector.snapshot())) < 12_000


def test_a_snapshot_is_a_copy() -> None:
    detector = SpikeDetector()
    detector.score(0, 3.0)
    kept = detector.snapshot()
    detector.score(STEP, 3.0)
    assert kept.last == 0.0
    assert kept.banks[0].seen == 1


def csv_of(counts: list[float]) -> str:
    return "timestamp,value\n" + "".join(
        f"1970-01-{1 + r // DAY:02}T{r % DAY // 12:02}:{r % 12 * 5:02}:00,{c:g}\n" for r, c in enumerate(counts)
    )


def invoke(data: str, *options: str) -> Result:
    return CliRunner().invoke(spikes, list(options), input=data)


def rows_of(result: Result) -> list[list[str]]:
    return list(csv.reader(io.StringIO(result.stdout)))


def test_filter_scores_as_the_detector() -> None:
    counts = poisson(5, 2 * DAY)
    counts[400] = 200.0
    result = invoke(csv_of(counts))
    assert result.exit_code == 0
    header, *rows = rows_of(result)
    assert header == ["timestamp", "score"]
    assert [row[1] for row in rows] == [f"{score:.6f}" for score in scores(counts)]
    assert rows[400][0] == "1970-01-02T09:20:00"
    assert float(rows[400][1]) >= RECOMMENDED_THRESHOLD


def test_filter_threshold_leaves_only_alerts() -> None:
    counts = poisson(5, 2 * DAY)
    counts[400] = 200.0
    above = [row for row in rows_of(invoke(csv_of(counts), "--threshold", "0.445"))[1:] if float(row[1]) > 0]
    assert [row[0] for row in above] == ["1970-01-02T09:20:00"]


def test_print_threshold() -> None:
    assert float(invoke("", "--print-threshold").stdout) == RECOMMENDED_THRESHOLD


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-01-01 00:05:00,many", "line 3: value 'many' is not a number"),
        ("2026-01-01 00:05:00,nan", "line 3: value nan is not a count"),
        ("2026-01-01 00:05:00,-2", "line 3: value -2.0 is not a count"),
        ("soon,2", "line 3: timestamp 'soon' is not ISO 8601"),
        ("2026-01-01 00:00:00,2", "line 3: timestamp is not later"),
        ("2026-01-01 00:05:00", "line 3: expected 2 fields"),
        ('"2026-01-01 00:05:00,2', "line 3: expected 2 fields"),
    ],
)
def test_filter_names_bad_lines_and_goes_on(line: str, message: str) -> None:
    result = invoke(f"timestamp,value\n2026-01-01 00:00:00,1\n{line}\n2026-01-01 00:10:00,1\n")
    assert isinstance(result.exception, UsageProblem)
    assert message in result.stderr
    assert [row[1] for row in rows_of(result)] == ["score", "0.000000", "0.000000", "0.000000"]


def test_filter_takes_missing_values_blank_lines_and_offsets() -> None:
    result = invoke("\ufefftimestamp,value\r\n2026-01-01T00:00:00+03:30,1\r\n\r\n2026-01-01T00:05:00+03:30,\r\n")
    assert result.exit_code == 0
    assert [row[1] for row in rows_of(result)] == ["score", "0.000000", "0.000000"]


@pytest.mark.parametrize("data", ["", "time,count\n1,2\n"])
def test_filter_wants_its_header(data: str) -> None:
    result = invoke(data)
    assert isinstance(result.exception, UsageProblem)
    assert "line 1: expected the header timestamp,value" in str(result.exception)


@pytest.mark.data
def test_labelled_brands_pass_the_gate() -> None:
    spec_at = Path(__file__).resolve().parents[2] / "bench" / "spikes_eval.py"
    default = Path(__file__).resolve().parents[3].parent / "shared" / "spikes"
    if not Path(os.environ.get("LISTENER_SPIKES", default)).is_dir():
        pytest.skip("no labelled series: set LISTENER_SPIKES")
    spec = importlib.util.spec_from_file_location("spikes_eval", spec_at)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    scorer = bench.load_scorer(bench.folder())
    brands = bench.load_brands(scorer, bench.folder())
    assert bench.leave_one_out(scorer, brands, "best") >= 72
    assert bench.leave_one_out(scorer, brands, "plateau") >= 72
