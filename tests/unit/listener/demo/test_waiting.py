from pathlib import Path

import pytest

from listener.demo.waiting import STALL_S, Patience, Reporter
from listener.errors import UsageProblem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_patience_lasts_while_anything_moves() -> None:
    clock = Clock()
    patience = Patience("records are counted", Path("logs"), clock)
    for value in range(5):
        clock.now += STALL_S
        patience.look(value)
    clock.now += STALL_S
    patience.look(4)
    clock.now += 0.1
    with pytest.raises(UsageProblem, match=r"no progress for 120 s while records are counted.*logs"):
        patience.look(4)


def test_a_step_is_reported_every_two_seconds() -> None:
    clock, said = Clock(), []
    reporter = Reporter(said.append, clock)
    for moment in (0.0, 1.9, 2.0, 3.9, 4.1):
        clock.now = moment
        reporter.look(str(moment))
    assert said == ["2.0", "4.1"]
