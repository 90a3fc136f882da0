"""What a recount must know: which sets held where, and what was backfilled."""

import msgspec

from models.campaign import Campaign, CampaignSet
from models.progress import SetInForce
from models.trace import (
    Adopted,
    Backfilled,
    Record,
    Trace,
    adopted_record,
    backfilled_record,
    is_trace,
    set_record,
)

SET = CampaignSet((Campaign(id="brand", keywords=("snapp",)),))
V1, V2, V3 = (SetInForce(f"v{number}", since) for number, since in ((1, 0), (2, 50), (3, 80)))


def trace(*records: Record) -> Trace:
    made = Trace()
    for key, value in records:
        made.take(key, value)
    return made


def adopted(*sets: SetInForce, partition: int = 0) -> list[Record]:
    return [adopted_record("posts", partition, Adopted(one.version, one.since)) for one in sets]


def versions(made: Trace, partition: int = 0) -> dict[int, str]:
    return {since: one.version for since, one in made.adopted["posts", partition].items()}


def test_traces_are_told_from_sets_by_their_keys() -> None:
    assert not is_trace(SET.version.encode())
    assert all(is_trace(key) for key, _ in (*adopted(V1), set_record(SET)))


def test_what_is_written_is_read() -> None:
    one = Backfilled("brand", "v1", 3, 70, 1_000)
    begun = trace(*adopted(V1, V2), *adopted(V3, partition=1), set_record(SET), backfilled_record("posts", 0, one))
    assert versions(begun) == {0: "v1", 50: "v2"}
    assert versions(begun, 1) == {80: "v3"}
    assert begun.sets == {SET.version: SET}
    assert list(begun.backfilled["posts", 0].values()) == [one]
    done = msgspec.structs.replace(one, done=True)
    begun.take(*backfilled_record("posts", 0, done))
    assert list(begun.backfilled["posts", 0].values()) == [done]


def test_a_tombstone_takes_back_and_what_is_not_known_is_passed_over() -> None:
    ((key, _),) = adopted(V2)
    assert versions(trace(*adopted(V1, V2), (key, None), (b"from|the|future", b"{}"))) == {0: "v1"}


def test_what_never_came_into_force_is_taken_back() -> None:
    """The worker died between the trace and the progress cell, and its successor adopted nothing."""
    made = trace(*adopted(V1, V2, V3))
    for record in made.settled("posts", 0, [V2]):
        made.take(*record)
    assert versions(made) == {0: "v1", 50: "v2"}
    assert made.settled("posts", 0, [V2]) == []


def test_what_the_progress_cell_knows_and_the_trace_does_not_is_told() -> None:
    assert trace().settled("posts", 0, [V1, V2]) == adopted(V1, V2)
    other = adopted(SetInForce("other", 50))
    assert trace(*adopted(V1), *other).settled("posts", 0, [V2]) == adopted(V2), "a rebase gave it another beginning"


def test_a_partition_that_begins_anew_has_no_past() -> None:
    backfilled = backfilled_record("posts", 0, Backfilled("brand", "v1", 3, 70, 1_000, done=True))
    made = trace(*adopted(V1, V2), *adopted(V1, partition=1), backfilled)
    for record in made.settled("posts", 0, []):
        made.take(*record)
    assert versions(made) == {}
    assert made.backfilled["posts", 0] == {}
    assert versions(made, 1) == {0: "v1"}
