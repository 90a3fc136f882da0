"""New footing for a partition whose offsets do not mean what its stamps say any more."""

import enum
from typing import NamedTuple

import msgspec

from models import cells
from models.post import POSTS_TOPIC
from models.progress import NO_OUTCOMES, Progress, SetInForce, pack_progress, progress_key, unpack_progress
from processors.overlay import Tables
from processors.resume import Source, highest_stamp


class Mode(enum.StrEnum):
    """What to do with a partition.

    ``CONTINUE``     the topic was made anew or mirrored: keep all counts, take its records as new ones
    ``ACCEPT_LOSS``  keep all counts that are left and go on at the first record that retention left
    ``REBUILD``      forget all counts of the partition and count again from the first retained record
    """

    CONTINUE = "continue"
    ACCEPT_LOSS = "accept-loss"
    REBUILD = "rebuild"


class Rebased(NamedTuple):
    """What to write, in this order: ``tombstones`` per table, the progress cell; then commit ``next_offset``."""

    tombstones: dict[str, list[bytes]]
    progress: Progress
    next_offset: int


def rebase(tables: Tables, source: Source, mode: Mode, topic: str = POSTS_TOPIC) -> Rebased:
    """A progress cell that ``resume`` accepts for ``source``, with these recovered tables."""
    if mode is Mode.REBUILD:
        stamp = source.first - 1
        progress = Progress(stamp=stamp, durable=stamp, outcomes=NO_OUTCOMES, sets=(), topic_id=source.topic_id)
        gone = {table: list(part) for table, part in tables.items() if table != cells.PROGRESS and part}
        return Rebased(gone, progress, source.first)
    before = _known(tables, source, topic)
    horizon = max(before.stamp, highest_stamp(tables))
    base = before.base if mode is Mode.ACCEPT_LOSS else horizon + 1 - source.first
    stamp = max(horizon, source.first - 1 + base)
    progress = msgspec.structs.replace(
        before,
        stamp=stamp,
        durable=stamp,
        durable_record_time=before.record_time,
        base=base,
        topic_id=source.topic_id,
        held={} if mode is Mode.ACCEPT_LOSS else before.held,
        # Adopted behind transaction markers, it may begin past the first stamp that is given now.
        sets=tuple(SetInForce(one.version, min(one.since, stamp + 1)) for one in before.sets[-1:]),
    )
    return Rebased({}, progress, stamp + 1 - base)


def record(progress: Progress, partition: int, topic: str = POSTS_TOPIC) -> tuple[bytes, bytes]:
    """(changelog key, value) of the new progress cell."""
    return progress_key(topic, partition), pack_progress(progress)


def _known(tables: Tables, source: Source, topic: str) -> Progress:
    value = tables[cells.PROGRESS].get(progress_key(topic, source.partition))
    if value is None:
        raise LookupError(f"partition {source.partition} has no progress cell: only --rebuild can count it again")
    return unpack_progress(value)
