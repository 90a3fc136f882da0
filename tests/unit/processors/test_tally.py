"""The running figures of a partition."""

import msgspec
import pytest

from models.outcome import Outcome, Reason
from models.progress import Progress
from processors.cap import CapReached
from processors.tally import Tally
from processors.windows import from_ms

START = Progress(
    stamp=41,
    durable=30,
    outcomes=(10, 20, 3, 4, 5, 6),
    sets=(),
    topic_id="id",
    record_time=2_000,
    durable_record_time=1_000,
    reasons={"json": 6},
    invalid_run=2,
    invalid_blocks=(6,),
)


def tally(*, capped: bool = True) -> Tally:
    return Tally(START, START.durable_record_time, capped=capped)


def test_nothing_judged_changes_nothing_but_the_record_time_that_a_replay_begins_with() -> None:
    assert tally().onto(START) == msgspec.structs.replace(START, record_time=1_000)


def test_every_outcome_is_counted_where_it_belongs() -> None:
    one = tally()
    for outcome in Outcome:
        if outcome is not Outcome.INVALID:
            one.valid(outcome, outcome + 1)
    one.invalid(Reason.JSON)
    one.invalid(Reason.FUTURE)
    after = one.onto(START)
    assert after.outcomes == (11, 22, 6, 8, 10, 8)
    assert after.reasons == {"json": 7, "future": 1}
    assert (after.invalid_run, sum(after.invalid_blocks)) == (2, 8)
    assert sum(after.reasons.values()) == after.outcomes[Outcome.INVALID]


def test_what_it_began_with_is_not_touched() -> None:
    tally().invalid(Reason.JSON)
    assert START.reasons == {"json": 6}


def test_record_time_is_kept_in_milliseconds() -> None:
    one = tally()
    one.newest = from_ms(7_777)
    assert one.onto(START).record_time == 7_777


def test_no_record_no_time() -> None:
    assert Tally(START, None, capped=True).onto(START).record_time is None


def test_the_cap_goes_on_where_the_progress_cell_says() -> None:
    near = msgspec.structs.replace(START, outcomes=(500, 0, 0, 0, 0, 999), invalid_run=999, invalid_blocks=(501, 498))
    with pytest.raises(CapReached):
        Tally(near, None, capped=True).invalid(Reason.JSON)
    Tally(near, None, capped=False).invalid(Reason.JSON)
