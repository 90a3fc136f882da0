"""The audit: what it exports, that it goes on after a failure, and how often it runs."""

import asyncio
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from listener.errors import UsageProblem
from listener.exposition import plain_page
from listener.recount import audit as module
from listener.recount.audit import AuditCollector, Auditor, Span
from listener.recount.live.comparing import Difference, NotCovered
from listener.recount.live.recount import Result

DIFFERENCE = Difference("brand", "lifetime", "likes", 3, 4, "social.posts.v1", 0, "twitter")
OPEN = NotCovered("brand", "social.posts.v1", 1, "minute", 7, "minute a", "minute b", "gone")


def page(auditor: Auditor) -> str:
    registry = CollectorRegistry()
    registry.register(AuditCollector(auditor))
    return plain_page(registry).decode()


def clock() -> Iterator[float]:
    yield from (1_000.0, 1_030.0, 2_000.0, 2_001.0, 3_000.0)


def test_before_the_first_recount_there_is_nothing_to_say() -> None:
    assert [line for line in page(Auditor(Result, 60)).splitlines() if line[0] != "#"] == [
        "listener_audit_failures_total 0.0"
    ]


def test_differences_are_exported_by_topic_and_logged_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    found = Result(10, 40, [DIFFERENCE, DIFFERENCE], [OPEN])
    auditor = Auditor(lambda: found, 60, clock=clock().__next__)
    asyncio.run(auditor.once())
    lines = page(auditor).splitlines()
    assert 'listener_audit_difference{topic="social.posts.v1"} 2.0' in lines
    assert 'listener_audit_difference{topic="press.articles.v1"} 0.0' in lines
    assert 'listener_audit_not_covered_windows{topic="social.posts.v1"} 7.0' in lines
    assert "listener_audit_compared_cells 40.0" in lines
    assert "listener_audit_last_success_timestamp_seconds 1030.0" in lines
    assert "listener_audit_duration_seconds 30.0" in lines
    assert sum(DIFFERENCE.line() in one.getMessage() for one in caplog.records) == 2


def test_a_recount_that_cannot_be_made_is_counted_and_the_last_one_stands() -> None:
    answers: list[Result | Exception] = [Result(compared=5), UsageProblem("no broker")]

    def recount() -> Result:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    auditor = Auditor(recount, 60, clock=clock().__next__)
    for _ in range(2):
        asyncio.run(auditor.once())
    lines = page(auditor).splitlines()
    assert "listener_audit_failures_total 1.0" in lines
    assert "listener_audit_compared_cells 5.0" in lines
    assert "listener_audit_last_success_timestamp_seconds 1030.0" in lines


def test_a_fault_of_ours_ends_it() -> None:
    def recount() -> Result:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        asyncio.run(Auditor(recount, 60).run())


def test_it_runs_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Auditor(Result, 3600).run())
    assert naps == [3600, 3600, 3600]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800)])
def test_spans(text: str, seconds: int) -> None:
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1 h", "1w"])
def test_what_is_no_span_is_refused(text: str) -> None:
    done = CliRunner().invoke(module.audit, ["--bootstrap-servers", "k:1", "--every", text])
    assert done.exit_code == 2
    assert "is no span of time" in done.output
