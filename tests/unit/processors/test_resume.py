"""Where counting goes on, and when it must not."""

from collections.abc import Mapping

import msgspec
import pytest

from models import cells
from models.cells import TABLES
from models.entity import PostEntity, pack_entity
from models.progress import NO_OUTCOMES, Progress, pack_progress, progress_key
from processors.resume import Refused, Source, highest_stamp, resume

SOURCE = Source(partition=2, topic_id="id", first=0, end=100, committed=None)
PROGRESS = Progress(
    stamp=60, durable=40, outcomes=NO_OUTCOMES, sets=(), topic_id="id", record_time=6, durable_record_time=4
)


def tables(progress: Progress | None = PROGRESS, **filled: Mapping[bytes, bytes]) -> dict[str, dict[bytes, bytes]]:
    found = {table: dict(filled.get(table, {})) for table in TABLES}
    if progress is not None:
        found[cells.PROGRESS][progress_key("social.posts.v1", 2)] = pack_progress(progress)
    return found


def cell(stamp: int) -> dict[bytes, bytes]:
    return {b"key": cells.pack_cell(stamp, [1])}


def entity(stamp: int) -> dict[bytes, bytes]:
    return {b"key": pack_entity(PostEntity(stamp, 0, 0, 0, 0, 0, 0, 0, [], [], []))}


def test_the_first_start_counts_from_the_first_record() -> None:
    found = resume(tables(None), SOURCE._replace(first=7))
    assert (found.start, found.record_time, found.horizon) == (7, None, 6)
    assert (found.progress.stamp, found.progress.durable, found.progress.topic_id) == (6, 6, "id")
    assert found.progress.outcomes == NO_OUTCOMES


def test_a_group_that_has_committed_zero_has_counted_nothing() -> None:
    assert resume(tables(None), SOURCE._replace(committed=0)).start == 0


def test_behind_the_flush_before_the_last_when_the_last_may_be_cut_short() -> None:
    found = resume(tables(), SOURCE)
    assert (found.start, found.record_time, found.horizon) == (41, 4, 60)
    assert found.progress == PROGRESS


def test_behind_the_last_flush_when_the_group_has_committed_it() -> None:
    found = resume(tables(), SOURCE._replace(committed=61))
    assert (found.start, found.record_time, found.horizon) == (61, 6, 60)


@pytest.mark.parametrize("committed", [0, 41, 60])
def test_an_older_commit_says_nothing_about_the_last_flush(committed: int) -> None:
    assert resume(tables(), SOURCE._replace(committed=committed)).start == 41


@pytest.mark.parametrize("table", cells.CELL_TABLES)
def test_the_horizon_is_the_highest_stamp_of_any_cell(table: str) -> None:
    assert resume(tables(**{table: cell(75)}), SOURCE).horizon == 75


def test_or_of_an_entity() -> None:
    assert resume(tables(entities=entity(75), minute=cell(70)), SOURCE).horizon == 75
    assert highest_stamp(tables(None)) == -1


def test_stamps_are_offsets_plus_base() -> None:
    rebased = msgspec.structs.replace(PROGRESS, stamp=1060, durable=1040, base=1000)
    assert resume(tables(rebased), SOURCE).start == 1041
    assert resume(tables(rebased), SOURCE._replace(committed=61)).start == 1061
    assert resume(tables(rebased), SOURCE._replace(first=41)).start == 1041


@pytest.mark.parametrize(
    ("known", "source", "message"),
    [
        (tables(None), SOURCE._replace(committed=60), r"progress changelog is gone.*listener rebase --rebuild"),
        (tables(None, minute=cell(5)), SOURCE, r"progress changelog is gone.*listener rebase --rebuild"),
        (tables(None, entities=entity(5)), SOURCE, r"progress changelog is gone.*listener rebase --rebuild"),
        (tables(), SOURCE._replace(topic_id="new"), r"created anew \(id new, counted was id\).*listener rebase"),
        (tables(), SOURCE._replace(end=60), r"counted up to offset 60, but the topic ends at 60.*listener rebase"),
        (tables(day=cell(100)), SOURCE, r"counted up to offset 100, but the topic ends at 100.*listener rebase"),
        (tables(), SOURCE._replace(committed=62), r"committed offset 62.*up to 60.*listener rebase --rebuild"),
        (tables(), SOURCE._replace(first=42), r"records 41 to 41 were removed.*listener rebase --accept-loss"),
        (
            tables(),
            SOURCE._replace(first=70, committed=61),
            r"records 61 to 69 were removed.*listener rebase --accept-loss",
        ),
    ],
    ids=[
        "commit without progress",
        "cells without progress",
        "entities without progress",
        "another topic",
        "shorter topic",
        "cell beyond the end",
        "commit beyond progress",
        "records removed",
        "records removed behind the commit",
    ],
)
def test_refused_with_the_command_that_helps(
    known: dict[str, dict[bytes, bytes]], source: Source, message: str
) -> None:
    with pytest.raises(Refused, match=f"partition 2: .*{message}"):
        resume(known, source)


def test_the_last_record_may_be_the_last_of_the_topic() -> None:
    assert resume(tables(), SOURCE._replace(end=61)).horizon == 60


def test_removed_records_that_were_counted_are_no_loss() -> None:
    assert resume(tables(), SOURCE._replace(first=41)).start == 41
    assert resume(tables(), SOURCE._replace(first=61, committed=61)).start == 61
