"""A few of the faults of ``make chaos``, and that its judge notices a wrong count."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from listener.kafka.embedded import EmbeddedKafka
from listener.recount.counting import Recount
from tests.chaos import scenarios, supervisor
from tests.chaos.oracle import Fault, Figures, Found, Step, in_force, judge, longest_pause, recovery
from tests.chaos.soak import Series

MINUTE = timedelta(minutes=3)
WANTED = Recount({"counted": 5}, {}, {"brand": {"mentions": 5}}, {("brand", MINUTE): {"mentions": 5}})


def have(amount: int) -> Found:
    totals = Counter({("brand", "mentions"): amount})
    sums = {"hour": Counter(totals), "day": Counter(totals)}
    return Found(totals, Counter({("brand", 180, "mentions"): amount}), Counter({"counted": 5}), sums)


@pytest.mark.parametrize(("amount", "lost", "double"), [(5, 0, 0), (4, 2, 0), (7, 0, 4), (0, 10, 0)])
def test_the_judge_notices_what_is_lost_and_double(amount: int, lost: int, double: int) -> None:
    figures = Figures("x")
    judge(figures, WANTED, have(amount))
    assert (figures.lost, figures.double, figures.passed) == (lost, double, amount == 5)


def test_hours_that_do_not_sum_up_are_a_problem() -> None:
    found = have(5)
    found.sums["hour"]["brand", "mentions"] = 4
    figures = Figures("x")
    judge(figures, WANTED, found)
    assert figures.problems == ["the hours do not sum to the totals"]


def test_recovery_ends_when_the_last_partition_has_something_newer_durable() -> None:
    steps = {
        0: [Step(1.0, 9, []), Step(4.0, 10, []), Step(5.0, 12, [])],
        1: [Step(1.0, 3, []), Step(2.5, 7, [])],
    }
    assert recovery(Fault(2.0, {0: 11, 1: 7}), steps) == 3.0
    assert recovery(Fault(2.0, {0: 13, 1: 7}), steps) is None
    assert longest_pause(steps, 0.0, 9.0) == 3.0


def test_every_set_that_ever_held_is_known() -> None:
    assert in_force([Step(1, 5, [(0, "a")]), Step(2, 9, [(0, "a"), (6, "b")]), Step(3, 20, [(6, "b")])]) == [
        (0, "a"),
        (6, "b"),
    ]


def test_parts_of_a_scenario_add_up() -> None:
    whole = Figures("x", faults=1, records=10, pause=2.0)
    whole.add(
        Figures("x", faults=2, records=5, lost=1, recoveries=[3.0], pause=4.0, notes=["slow"], alerts=4, duplicates=1)
    )
    assert whole.line() == (
        "faults 3, records 15, lost 1, double 0, duplicate alerts 1 of 4, recovery p50 3.0 s max 3.0 s, "
        "longest pause 4.0 s"
    )
    assert (whole.notes, whole.passed) == (["slow"], False)


def test_what_creeps_up_is_told_from_what_has_settled() -> None:
    settled, creeping = Series(), Series()
    for second in range(0, 90, 5):
        settled.add(second, 100.0 if second >= 30 else second)
        creeping.add(second, 100.0 + second)
    assert settled.slope(30) == (0.0, 0.0)
    per_hour, growth = creeping.slope(30)
    assert per_hour == pytest.approx(3600)
    assert growth == pytest.approx(55 / 157.5)


@pytest.fixture
def own_broker() -> EmbeddedKafka:
    with EmbeddedKafka(properties={"log.cleaner.backoff.ms": "500"}) as broker:
        yield broker


@pytest.mark.chaos
@pytest.mark.broker
def test_workers_die_and_the_broker_restarts(
    own_broker: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs everywhere is short; `make chaos` has the rest."""
    monkeypatch.setattr(supervisor, "SESSION_TIMEOUT_S", 6.0)
    for scenario, times in ((scenarios.kill, 2), (scenarios.outage, 1)):
        figures = scenario(own_broker, tmp_path, 1, times=times)
        assert figures.passed, figures.problems
        assert figures.faults == times
        assert len(figures.recoveries) == figures.faults
