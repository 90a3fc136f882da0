"""The sample day, put together: ``timed_records`` with the time of delivery, ``sample_records``, ``write`` for a file.

Each kind of record has a source here: a function from a ``Day`` to its records in no order. A new kind is one more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from listener.sample.delivery import delivered
from listener.sample.drafts import Draft, Writer
from listener.sample.life import life
from listener.sample.poison import poison
from listener.sample.records import Record
from models.campaign import DEFAULT_TIMEZONE
from models.post import POSTS_TOPIC

DEFAULT_SEED: Final = 1
DEFAULT_POSTS: Final = 3000
DEFAULT_DAY: Final = datetime(2026, 11, 20, tzinfo=ZoneInfo(DEFAULT_TIMEZONE))


class Timed(NamedTuple):
    """A record and when it is delivered; bytes are no record at all."""

    moment: datetime
    topic: str
    record: Record | bytes


@dataclass(frozen=True)
class Day:
    """Which day is told. ``taken``: ids of earlier days that must not come again; those of this day are added."""

    seed: int = DEFAULT_SEED
    posts: int = DEFAULT_POSTS
    date: datetime = DEFAULT_DAY
    taken: set[str] = field(default_factory=set)

    @property
    def midnight(self) -> datetime:
        """Its beginning, in UTC."""
        return self.date.astimezone(UTC)

    def rng(self, kind: str = "") -> Random:
        """Chance for one kind of record: another kind more changes nothing of it."""
        return Random(f"{self.seed}/{kind}" if kind else self.seed)  # noqa: S311 - a story, not a secret


def timed_records(day: Day) -> list[Timed]:
    """All records of a day, in the order of delivery."""
    return sorted((one for source in SOURCES for one in source(day)), key=lambda one: one.moment)


def sample_records(
    seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY
) -> Iterator[Record | bytes]:
    """One day of ``social.posts.v1`` in the order of delivery: a dict is a sound record, bytes are no record at all.

    ``posts`` is how many people and outlets write; announcements, reposts, engagement, edits and the like come on
    top, together about as many again. ``day`` is the day's local midnight and needs a UTC offset; the story is told on
    its clock. Records dated more than an hour ahead of the clock of whoever counts them are invalid, so take a day that
    is over. The same arguments give the same records.
    """
    return (one.record for one in timed_records(Day(seed, posts, day)) if one.topic == POSTS_TOPIC)


def write(path: Path, seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY) -> None:
    """Write the day as an NDJSON file; poison is written as it is. Raises OSError."""
    with path.open("wb") as file:
        write_to(file, seed, posts, day)


def write_to(file: BinaryIO, seed: int = DEFAULT_SEED, posts: int = DEFAULT_POSTS, day: datetime = DEFAULT_DAY) -> None:
    """Write the day's lines to an open file."""
    lines = (one if isinstance(one, bytes) else msgspec.json.encode(one) for one in sample_records(seed, posts, day))
    file.writelines(line + b"\n" for line in lines)


def _posts(day: Day) -> Iterator[Timed]:
    rng, midnight = day.rng(), day.midnight
    end = midnight + timedelta(days=1)
    observed = (one for draft in _drafts(rng, day) for one in life(rng, draft, end))
    for moment, record in delivered(rng, observed, midnight):
        yield Timed(moment, POSTS_TOPIC, record)
    for moment, raw in poison(rng, midnight):
        yield Timed(moment, POSTS_TOPIC, raw)


#: What a day is made of.
SOURCES: Final[tuple[Callable[[Day], Iterator[Timed]], ...]] = (_posts,)


def _drafts(rng: Random, day: Day) -> list[Draft]:
    writer = Writer(rng, day.midnight, day.taken)
    originals = writer.originals(day.posts)
    written = [*originals, *writer.announcements()]
    return [*written, *writer.support(originals), *writer.reposts(written), *writer.late_finds()]
