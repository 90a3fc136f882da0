"""A process that stood still must not send any more; one that only works hard may."""

import logging
import os
from typing import NoReturn

import pytest

from listener.errors import CapHalt, Halt, RefusedHalt
from listener.worker import guard
from listener.worker.guard import StallGuard, end_process


class Ended(Exception):  # noqa: N818
    pass


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def end(error: BaseException) -> NoReturn:
    raise Ended from error


def test_a_gap_of_a_session_ends_the_process() -> None:
    clock = Clock()
    watched = StallGuard(10.0, now=clock, end=end)
    clock.now += 10.1
    with pytest.raises(Ended) as ended:
        watched.beat()
    assert isinstance(ended.value.__cause__, Halt)
    assert "10 s" in str(ended.value.__cause__)


def test_a_slow_start_is_no_gap() -> None:
    """Before it joins its group nobody can have taken anything from it; on a busy machine that takes a while."""
    clock = Clock()
    watched = StallGuard(10.0, now=clock, end=end)
    clock.now += 32
    watched.begin()
    watched.beat()
    clock.now += 10.1
    with pytest.raises(Ended):
        watched.beat()


def test_gaps_do_not_add_up() -> None:
    clock = Clock()
    watched = StallGuard(10.0, now=clock, end=end)
    for _ in range(5):
        clock.now += 9.9
        watched.beat()
    clock.now += 4
    assert watched.age == pytest.approx(4)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Halt("a gap"), 1, "halt: a gap"),
        (CapHalt("too many"), 3, "halt: too many"),
        (RefusedHalt("another topic"), 4, "halt: another topic"),
        (RuntimeError("a bug"), 1, "crash: RuntimeError('a bug')"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: int,
    said: str,
) -> None:
    codes: list[int] = []

    def leave(number: int) -> None:
        codes.append(number)
        raise Ended

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(guard.logging, "shutdown", lambda: None)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Ended):
        end_process(error)
    assert codes == [code]
    assert [record.getMessage() for record in caplog.records] == [said]
