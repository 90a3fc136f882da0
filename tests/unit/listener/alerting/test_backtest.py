"""The back-test: the same watch over the past, and what it would have said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from listener.alerting.backtest import Span, backtest, backtest_minutes
from listener.errors import UsageProblem
from models.series import ClosedMinute, pack_minute
from processors.incidents import CampaignWatch
from tests.unit.processors.incidents.minutes import CAMPAIGN, MIDNIGHT, quiet, spike

EVENT = 2040


def past() -> Iterator[ClosedMinute]:
    yield from quiet(0, EVENT)
    yield from spike(EVENT, 60, 20)
    yield from quiet(EVENT + 60, EVENT + 240)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("past") / "series.ndjson"
    found.write_bytes(b"".join(pack_minute(one) + b"\n" for one in past()))
    return found


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(backtest, [str(one) for one in arguments], catch_exceptions=False)


def report(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_it_finds_what_the_watch_finds(file: Path) -> None:
    watch = CampaignWatch(CAMPAIGN)
    changes = [change for one in past() for change in watch.take(one)]
    (said,) = backtest_minutes(CAMPAIGN, past(), Span(None, None)).incidents
    assert said.incident == changes[-1].incident
    found = report("--campaign", "berimo", "--input", file)
    assert found["incidents"][0]["incident"]["id"] == changes[0].incident.id
    assert found["minutes"] == EVENT + 240
    assert found["weeks"] == pytest.approx((EVENT + 240) / 10080, abs=0.001)
    assert found["per_week"] == pytest.approx(10080 / (EVENT + 240), abs=0.01)
    assert found["median_delay_s"] == 300.0


def test_it_prints_what_each_would_have_said(file: Path) -> None:
    printed = run("--campaign", "berimo", "--input", file).stdout
    assert "berimo: 1 alerts in 0.2 weeks, 4.42 a week" in printed
    assert "Opened 5 minutes after the rise began (median)." in printed
    assert "mentions, " in printed
    assert "By platform: " in printed


def test_minutes_before_the_span_only_teach(file: Path) -> None:
    after = "2025-10-12T12:00:00+03:30"
    found = report("--campaign", "berimo", "--input", file, "--from", after)
    assert found["incidents"] == []
    assert found["minutes"] == 120
    before = report("--campaign", "berimo", "--input", file, "--to", "2025-10-11")
    assert before["incidents"] == []
    assert before["minutes"] == 1440


def test_sensitivity_is_a_budget(file: Path) -> None:
    assert report("--campaign", "berimo", "--input", file, "--sensitivity", "0.25")["false_per_week"] == 0.25
    assert MIDNIGHT % 300 == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"campaign": "berimo"}', ":1: no closed minute"), ("[]", ":1: no closed minute"), ("", "no closed minute of")],
)
def test_bad_input_is_named_with_its_line(content: str, message: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ndjson"
    bad.write_text(content + "\n")
    with pytest.raises(UsageProblem, match=message):
        run("--campaign", "berimo", "--input", bad)


def test_without_kafka_or_file_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTENER_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(UsageProblem, match="--input FILE"):
        run("--campaign", "berimo")


def test_a_bad_date_names_its_option(file: Path) -> None:
    with pytest.raises(UsageProblem, match="--from: "):
        run("--campaign", "berimo", "--input", file, "--from", "1404-07-20")
