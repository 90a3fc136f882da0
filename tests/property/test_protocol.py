"""Crash safety of the counting plane: whatever happens around it, it comes to what a plain recount comes to.

``LISTENER_TEST_PROFILE=thorough`` plays many more cases, other ones in every run; the default always plays the same.
"""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from processors.plane import Gap
from processors.resume import Refused
from tests.property.protocol_cases import PHRASES, STORM, Case, build, cases
from tests.property.protocol_model import Run
from tests.property.protocol_mutants import MUTANTS
from tests.property.protocol_oracle import Divergence, verify
from tests.property.protocol_world import Rules

COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
PROFILES = {
    "ci": settings(COMMON, max_examples=2500, derandomize=True),
    "thorough": settings(COMMON, max_examples=50_000),
}
#: Mutants that need a rare course of events are looked for where it is common.
FOCUS = {
    "dead letters before cells": ("count flush cut adopt crash", "count flush settle"),
    "a zombie's tombstone removes what was written before it": (
        "count count flush rebalance count count count flush settle zombie zombie zombie crash",
        "count flush settle",
    ),
}
#: How many cases a mutant may survive; most are caught within a hundred.
MOST = 10_000


def play(case: Case, rules: Rules) -> None:
    """Play a case under ``rules``; Divergence where the result is not that of the oracle."""
    world = build(case)
    world.rules = rules
    with rules.patched():
        run = Run(world)
        run.play(case.schedule)
    assert run.worker is not None
    verify(world, run.worker.plane.tables, what="the owner's tables")
    verify(world, Rules().recover(world.logs), what="the changelogs")


@settings(PROFILES[os.environ.get("LISTENER_TEST_PROFILE", "ci")])
@given(st.one_of(cases(), cases(STORM)))
def test_counts_survive_every_fault(case: Case) -> None:
    play(case, Rules())


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str) -> None:
    """The test of the test: with any rule of the protocol dropped, some case counts wrong or cannot go on."""
    rules = MUTANTS[name]

    def noticed(case: Case) -> bool:
        try:
            play(case, rules())
        except (Divergence, Refused, Gap):
            return True
        return False

    search = settings(COMMON, max_examples=MOST, phases=[Phase.generate])
    find(cases(FOCUS.get(name, PHRASES)), noticed, settings=search, random=Random(1))  # noqa: S311 - a test's dice
