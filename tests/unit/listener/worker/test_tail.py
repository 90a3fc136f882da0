"""What a former owner wrote behind the owner's last record is written over; what the owner wrote is left alone."""

from listener.worker.tail import stale
from models.cells import LIFETIME, METRICS, PROGRESS, pack_cell
from models.progress import NO_OUTCOMES, Progress, SetInForce, pack_progress

NOTHING: list[int] = [0] * len(METRICS)


def cell(stamp: int) -> bytes:
    return pack_cell(stamp, NOTHING)


def progress(stamp: int, set_since: int = 0) -> bytes:
    return pack_progress(Progress(stamp, stamp, NO_OUTCOMES, (SetInForce("set", set_since),), "topic"))


def test_nothing_was_written_behind_us() -> None:
    assert stale({}, {LIFETIME: {b"a": cell(9)}}) == {}
    assert stale({LIFETIME: {b"a": cell(9)}}, {LIFETIME: {b"a": cell(9), b"b": cell(3)}}) == {}


def test_a_lower_stamp_is_written_over_with_our_value() -> None:
    ours = {LIFETIME: {b"a": cell(9), b"b": cell(9)}}
    assert stale({LIFETIME: {b"a": cell(8), b"b": cell(9)}}, ours) == {LIFETIME: [(b"a", cell(9))]}


def test_a_higher_stamp_is_left_for_the_replay_to_reach() -> None:
    assert stale({LIFETIME: {b"a": cell(12)}}, {LIFETIME: {b"a": cell(9)}}) == {}


def test_what_we_retired_is_retired_again() -> None:
    assert stale({LIFETIME: {b"a": cell(8)}}, {LIFETIME: {}}) == {LIFETIME: [(b"a", None)]}
    assert stale({LIFETIME: {b"a": None}}, {LIFETIME: {}}) == {}


def test_what_a_former_owner_retired_is_written_again() -> None:
    assert stale({LIFETIME: {b"a": None}}, {LIFETIME: {b"a": cell(8)}}) == {LIFETIME: [(b"a", cell(8))]}


def test_tables_are_apart() -> None:
    ours = {LIFETIME: {b"a": cell(9)}, PROGRESS: {b"a": progress(9, 5)}}
    last: dict[str, dict[bytes, bytes | None]] = {LIFETIME: {b"a": cell(9)}, PROGRESS: {b"a": progress(9, 4)}}
    assert stale(last, ours) == {PROGRESS: [(b"a", progress(9, 5))]}
