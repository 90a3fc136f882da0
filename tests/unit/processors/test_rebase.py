"""A rebased partition is one that a worker goes on with: nothing counted twice, nothing forgotten unasked."""

from typing import Any

import pytest

from models.cells import ENTITIES, LIFETIME, METRICS, PROGRESS, TABLES, lifetime_key, pack_cell
from models.entity import PostEntity, pack_entity
from models.outcome import Outcome
from models.post import POSTS_TOPIC
from models.progress import NO_OUTCOMES, Progress, SetInForce, pack_progress, progress_key, unpack_progress
from processors.rebase import Mode, Rebased, rebase, record
from processors.resume import Refused, Source, resume

CELL = lifetime_key("brand|social.posts.v1|3|twitter")
OUTCOMES = tuple(range(1, len(Outcome) + 1))


def progress(**changes: Any) -> Progress:
    fields: dict[str, Any] = {
        "stamp": 99,
        "durable": 79,
        "outcomes": OUTCOMES,
        "sets": (SetInForce("old", 0), SetInForce("new", 40)),
        "topic_id": "first",
        "record_time": 1000,
        "durable_record_time": 900,
        "reasons": {"json": 6},
        "invalid_run": 2,
        "invalid_blocks": (6,),
    }
    return Progress(**{**fields, **changes})


def entity(stamp: int) -> bytes:
    return pack_entity(PostEntity(stamp, 1, 2, 3, 4, 0, 0, 0, [], [], []))


def tables(before: Progress | None, *, cell: int = 99, known: int = 98) -> dict[str, dict[bytes, bytes]]:
    found: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
    found[LIFETIME][CELL] = pack_cell(cell, [0] * len(METRICS))
    found[ENTITIES][b"twitter:1"] = entity(known)
    if before is not None:
        found[PROGRESS][progress_key(POSTS_TOPIC, 3)] = pack_progress(before)
    return found


def applied(found: dict[str, dict[bytes, bytes]], done: Rebased) -> dict[str, dict[bytes, bytes]]:
    after = {table: dict(part) for table, part in found.items()}
    for table, keys in done.tombstones.items():
        for key in keys:
            del after[table][key]
    after[PROGRESS].update([record(done.progress, 3)])
    return after


def test_a_topic_made_anew_is_counted_on_from_its_beginning() -> None:
    found, source = tables(progress()), Source(3, "second", 0, 50, None)
    with pytest.raises(Refused, match="listener rebase"):
        resume(found, source)
    done = rebase(found, source, Mode.CONTINUE)
    assert (done.tombstones, done.next_offset) == ({}, 0)
    went_on = resume(applied(found, done), source._replace(committed=done.next_offset))
    assert went_on.start == 100, "the first new record has a stamp above all that were given"
    assert went_on.start - went_on.progress.base == 0, "… and is the first of the topic"
    assert went_on.progress.topic_id == "second"
    assert (went_on.progress.outcomes, went_on.progress.reasons) == (OUTCOMES, {"json": 6})
    assert went_on.record_time == 1000, "lateness is judged against the record time of all that was counted"


def test_stamps_above_the_progress_cell_are_passed_too() -> None:
    done = rebase(tables(progress(), cell=120, known=119), Source(3, "second", 5, 50, None), Mode.CONTINUE)
    assert done.progress.stamp == 120
    assert done.next_offset == 5
    assert done.next_offset + done.progress.base == 121


def test_a_second_new_topic_goes_on_from_the_first() -> None:
    once = rebase(tables(progress()), Source(3, "second", 0, 50, None), Mode.CONTINUE)
    after = tables(once.progress, cell=120, known=110)
    twice = rebase(after, Source(3, "third", 7, 50, None), Mode.CONTINUE)
    assert twice.next_offset == 7
    assert twice.next_offset + twice.progress.base == 121


def test_loss_is_accepted_up_to_the_log_start() -> None:
    found, source = tables(progress()), Source(3, "first", 150, 200, 100)
    with pytest.raises(Refused, match="--accept-loss"):
        resume(found, source)
    done = rebase(found, source, Mode.ACCEPT_LOSS)
    assert (done.tombstones, done.next_offset, done.progress.base) == ({}, 150, 0)
    went_on = resume(applied(found, done), source._replace(committed=done.next_offset))
    assert (went_on.start, went_on.horizon) == (150, 149)
    assert went_on.progress.outcomes == OUTCOMES


def test_nothing_that_is_still_there_is_lost_by_accepting_loss() -> None:
    """What is counted goes up to the horizon; records behind it are there and are counted."""
    done = rebase(tables(progress(), cell=120), Source(3, "first", 90, 200, 80), Mode.ACCEPT_LOSS)
    assert done.next_offset == 121


def test_rebuild_forgets_all_but_the_retained_records() -> None:
    found, source = tables(None), Source(3, "first", 20, 50, 50)
    with pytest.raises(Refused, match="--rebuild"):
        resume(found, source)
    done = rebase(found, source, Mode.REBUILD)
    assert done.tombstones == {LIFETIME: [CELL], ENTITIES: [b"twitter:1"]}
    after = applied(found, done)
    went_on = resume(after, source._replace(committed=done.next_offset))
    assert (went_on.start, went_on.record_time) == (20, None)
    assert (went_on.progress.outcomes, went_on.progress.sets) == (NO_OUTCOMES, ())


@pytest.mark.parametrize("mode", [Mode.CONTINUE, Mode.ACCEPT_LOSS])
def test_only_a_rebuild_does_without_progress(mode: Mode) -> None:
    with pytest.raises(LookupError, match="--rebuild"):
        rebase(tables(None), Source(3, "first", 0, 50, None), mode)


@pytest.mark.parametrize("mode", [Mode.CONTINUE, Mode.ACCEPT_LOSS])
def test_the_latest_set_holds_from_the_first_record_on(mode: Mode) -> None:
    """A set adopted at a position behind transaction markers begins past stamps that a new topic gives."""
    before = progress(sets=(SetInForce("old", 0), SetInForce("new", 103)))
    done = rebase(tables(before), Source(3, "first", 0, 50, None), mode)
    assert done.progress.sets == (SetInForce("new", 100),)


def test_a_record_is_what_a_worker_reads() -> None:
    key, value = record(progress(), 3)
    assert key == b'"social.posts.v1|3"'
    assert unpack_progress(value) == progress()


def test_accepting_the_loss_takes_what_is_left_of_the_changelogs() -> None:
    source, stated = Source(3, "first", 0, 200, None), {LIFETIME: (2, 198)}
    found = tables(progress(held=stated))
    with pytest.raises(Refused, match="the changelog of the table lifetime has lost records"):
        resume(found, source)
    went_on = rebase(found, source, Mode.CONTINUE)
    assert went_on.progress.held == stated, "a topic made anew is no reason to go on with less"
    done = rebase(found, source, Mode.ACCEPT_LOSS)
    assert resume(applied(found, done), source).start == 100
