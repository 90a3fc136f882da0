"""A back-test for the page: the command in a process of its own, one at a time, with a deadline."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from listener.alerting.backtest import Report, Span, backtest_minutes
from listener.alerting.replay import Backtests, BusyError
from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from models.series import pack_minute
from models.topics import Namespace
from tests.unit.processors.incidents.minutes import CAMPAIGN, MIDNIGHT, quiet, spike

EVENT = 1500
ALL = Span(None, None)
KAFKA = KafkaSettings.parse("localhost:1")


def backtests(*command: str | Path, deadline_s: float = 60.0) -> Backtests:
    return Backtests(KAFKA, Namespace(), deadline_s=deadline_s, command=[str(one) for one in command])


def run(tests: Backtests, false_per_week: float = 2.0, span: Span = ALL) -> Report:
    return asyncio.run(tests.run(CAMPAIGN, false_per_week, span))


def saying(code: str) -> Sequence[str]:
    return (sys.executable, "-c", code)


def test_the_command_says_what_the_rule_says(tmp_path: Path) -> None:
    minutes = [*quiet(0, EVENT), *spike(EVENT, 30, 30), *quiet(EVENT + 30, EVENT + 90)]
    file = tmp_path / "series.ndjson"
    file.write_bytes(b"".join(pack_minute(one) + b"\n" for one in minutes))
    begin = (MIDNIGHT + 1440 * 60) * 1000
    found = run(backtests(sys.executable, "-m", "listener", "backtest", "--input", file), 2.0, Span(begin, None))
    assert found.false_per_week == 2.0
    assert found.minutes == EVENT + 90 - 1440
    (said,) = found.incidents
    # The campaign's own words and settings went with it.
    assert "بریمو" in said.told["summary_fa"]
    campaign = replace(CAMPAIGN, alerts=replace(CAMPAIGN.alerts, false_per_week=2.0))
    assert said == backtest_minutes(campaign, minutes, Span(begin, None)).incidents[0]


def test_only_one_runs_at_a_time() -> None:
    async def scenario() -> None:
        tests = backtests(*saying("import time; time.sleep(60)"))
        first = asyncio.create_task(tests.run(CAMPAIGN, 1.0, Span(None, None)))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await tests.run(CAMPAIGN, 1.0, Span(None, None))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        # Who gave up has left the place free.
        tests._command = saying("import sys; sys.exit('no, thanks')")
        with pytest.raises(UsageProblem, match="no, thanks"):
            await tests.run(CAMPAIGN, 1.0, Span(None, None))

    asyncio.run(scenario())


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(UsageProblem, match="more than 0 s: ask for a shorter time"):
        run(backtests(*saying("import time; time.sleep(60)"), deadline_s=0.2))


def test_the_last_line_of_the_problem_is_told() -> None:
    with pytest.raises(UsageProblem, match=r"^no closed minute$"):
        run(backtests(*saying("import sys; sys.exit('replaying\\nno closed minute')")))


def test_the_process_gets_the_settings_of_kafka_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENER_ALERT_KEY", "secret")
    told = "import os, sys; sys.exit(' '.join(sorted(n for n in os.environ if n.startswith('LISTENER_'))))"
    with pytest.raises(UsageProblem) as error:
        run(backtests(*saying(told)))
    assert "LISTENER_BOOTSTRAP_SERVERS" in str(error.value)
    assert "LISTENER_ALERT_KEY" not in str(error.value)
