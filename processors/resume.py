"""Where counting goes on after a crash, a stop or a rebalance, decided from durable things only."""

from collections.abc import Mapping
from typing import NamedTuple

from models import cells
from models.post import POSTS_TOPIC
from models.progress import NO_OUTCOMES, Holding, Progress, progress_key, unpack_progress
from processors.holding import held, missing, stamps_of
from processors.overlay import Tables


class Refused(Exception):  # noqa: N818 - the worker refuses to start, it did not fail
    """The changelogs and the source topic do not belong together; the message names the command that helps."""


class Source(NamedTuple):
    """The source partition as the broker knows it: ``first`` and ``end`` are its log start and end offsets.

    ``committed`` is the consumer group's next offset, None where there is none.
    """

    partition: int
    topic_id: str
    first: int
    end: int
    committed: int | None


class Resume(NamedTuple):
    """``start``: stamp of the first record to count; ``record_time``: that of the stamp before it.

    ``horizon``: highest stamp found anywhere; records up to there are replayed. ``held``: what the tables hold, None:
    not looked at.
    """

    progress: Progress
    start: int
    record_time: int | None
    horizon: int
    held: Mapping[str, Holding] | None = None


def resume(tables: Tables, source: Source, topic: str = POSTS_TOPIC) -> Resume:
    """Where to go on in ``source`` with these recovered tables; Refused where that cannot be told without loss.

    Counting goes on behind the last flush that is surely durable as a whole: the one the group committed if the
    progress cell knows it, else the one before the progress cell's own.
    """
    value = tables[cells.PROGRESS].get(progress_key(topic, source.partition))
    if value is None:
        return _first_start(tables, source)
    progress = unpack_progress(value)
    stamps = stamps_of(tables)
    horizon = max(progress.stamp, _highest(stamps))
    _check(progress, horizon, source)
    found = held(stamps)
    _whole(progress, found, source)
    start, record_time = progress.durable + 1, progress.durable_record_time
    if source.committed is not None and source.committed + progress.base == progress.stamp + 1:
        start, record_time = progress.stamp + 1, progress.record_time
    if start - progress.base < source.first:
        raise Refused(
            f"partition {source.partition}: records {start - progress.base} to {source.first - 1} were removed by "
            f"retention before they were counted. To go on without them: listener rebase --accept-loss"
        )
    return Resume(progress, start, record_time, horizon, found)


def highest_stamp(tables: Tables) -> int:
    """The highest stamp of any cell or entity, -1 where there is none."""
    return _highest(stamps_of(tables))


def _highest(stamps: Mapping[str, list[int]]) -> int:
    return max((max(some) for some in stamps.values() if some), default=-1)


def _first_start(tables: Mapping[str, Mapping[bytes, bytes]], source: Source) -> Resume:
    """No progress cell: nothing of this partition can have been counted, since progress is written first."""
    if any(tables.values()) or source.committed:
        raise Refused(
            f"partition {source.partition}: the group has counted up to offset {source.committed} but the progress "
            f"changelog is gone. To count again from the retained posts: listener rebase --rebuild"
        )
    progress = Progress(
        stamp=source.first - 1,
        durable=source.first - 1,
        outcomes=NO_OUTCOMES,
        sets=(),
        topic_id=source.topic_id,
    )
    return Resume(progress, source.first, None, source.first - 1)


def _check(progress: Progress, horizon: int, source: Source) -> None:
    """Offsets must mean what they meant when the stamps were given."""
    if progress.topic_id != source.topic_id:
        raise Refused(
            f"partition {source.partition}: the topic was created anew (id {source.topic_id}, counted was "
            f"{progress.topic_id}), its offsets mean other records now. To go on counting it: listener rebase"
        )
    if horizon - progress.base >= source.end:
        raise Refused(
            f"partition {source.partition}: counted up to offset {horizon - progress.base}, but the topic ends at "
            f"{source.end}: records were lost or the topic was mirrored. To go on counting it: listener rebase"
        )
    if source.committed is not None and source.committed + progress.base > progress.stamp + 1:
        raise Refused(
            f"partition {source.partition}: the group has committed offset {source.committed}, but the progress cell "
            f"knows only up to {progress.stamp - progress.base}: the changelog lost its end. To count again from the "
            f"retained posts: listener rebase --rebuild"
        )


def _whole(progress: Progress, found: Mapping[str, Holding], source: Source) -> None:
    """The tables must hold at least what the progress cell states."""
    gone = missing(progress.held, found)
    if gone is not None:
        raise Refused(
            f"partition {source.partition}: the changelog of the table {gone.table} has lost records: it holds "
            f"{gone.found[0]} keys (stamps {gone.found[1]}), the progress cell states {gone.stated[0]} (stamps "
            f"{gone.stated[1]}). To count again from the retained posts: listener rebase --rebuild. To go on with "
            f"what is left: listener rebase --accept-loss"
        )
