"""The sample day, put together: ``sample_records``, and ``write`` for a file of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import msgspec

from listener.sample.delivery import delivered
from listener.sample.drafts import Draft, Writer
from listener.sample.life import life
from listener.sample.poison import poison
from listener.sample.records import Record
from models.campaign import DEFAULT_TIMEZONE

DEFAULT_SEED: Final = 1
DEFAULT_POSTS: Final = 3000
DEFAULT_DAY: Final = datetime(2026, 11, 20, tzinfo=ZoneInfo(DEFAULT_TIMEZONE))


def sample_records(
    seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY
) -> Iterator[Record | bytes]:
    """One day of ``social.posts.v1`` in the order of delivery: a dict is a sound record, bytes are no record at all.

    ``posts`` is how many people and outlets write; announcements, reposts, engagement, edits and the like come on
    top, together about as many again. ``day`` is the day's local midnight and needs a UTC offset; the story is told on
    its clock. Records dated more than an hour ahead of the clock of whoever counts them are invalid, so take a day that
    is over. The same arguments give the same records.
    """
    rng = Random(seed)  # noqa: S311 - a story, not a secret
    midnight = day.astimezone(UTC)
    end = midnight + timedelta(days=1)
    observed = (one for draft in _drafts(rng, midnight, posts) for one in life(rng, draft, end))
    stream: list[tuple[datetime, Record | bytes]] = [*delivered(rng, observed, midnight), *poison(rng, midnight)]
    stream.sort(key=lambda one: one[0])
    return (record for _, record in stream)


def write(path: Path, seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY) -> None:
    """Write the day as an NDJSON file; poison is written as it is. Raises OSError."""
    with path.open("wb") as file:
        write_to(file, seed, posts, day)


def write_to(file: BinaryIO, seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY) -> None:
    """Write the day's lines to an open file."""
    lines = (one if isinstance(one, bytes) else msgspec.json.encode(one) for one in sample_records(seed, posts, day))
    file.writelines(line + b"\n" for line in lines)


def _drafts(rng: Random, midnight: datetime, posts: int) -> list[Draft]:
    writer = Writer(rng, midnight)
    originals = writer.originals(posts)
    written = [*originals, *writer.announcements()]
    return [*written, *writer.support(originals), *writer.reposts(written), *writer.late_finds()]
