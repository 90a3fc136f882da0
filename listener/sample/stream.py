"""The sample day, put together: ``timed_records`` with the time of delivery, ``sample_records``, ``write`` for a file.

Each kind of record has a source here: a function from a ``Day`` to its records in no order. A new kind is one more.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

import msgspec

from listener.sample.business import business
from listener.sample.day import DEFAULT_ARTICLES, DEFAULT_DAY, DEFAULT_POSTS, DEFAULT_SEED, Day, Timed
from listener.sample.delivery import delivered
from listener.sample.drafts import Draft, Writer
from listener.sample.life import life
from listener.sample.poison import poison
from listener.sample.press import press
from listener.sample.records import Record
from models.post import POSTS_TOPIC


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
    return (one.record for one in timed_records(Day(seed, posts, day, articles=0)) if one.topic == POSTS_TOPIC)


def write(
    path: Path,
    seed: int = DEFAULT_SEED,
    posts: int = DEFAULT_POSTS,
    day: datetime = DEFAULT_DAY,
    articles: int = DEFAULT_ARTICLES,
) -> None:
    """Write a day as an NDJSON file; poison is written as it is. Raises OSError."""
    with path.open("wb") as file:
        write_to(file, Day(seed, posts, day, articles=articles))


def write_days(file: BinaryIO, days: int, seed: int, posts: int, articles: int, sessions: int) -> None:
    """Write so many days, the last of them the usual one; each has a seed of its own, and no id comes twice."""
    taken: set[str] = set()
    for number in range(days):
        date = DEFAULT_DAY - timedelta(days=days - 1 - number)
        write_to(file, Day(seed + number, posts, date, taken, articles, sessions))


def write_to(file: BinaryIO, day: Day) -> None:
    """Write a day's lines to an open file: a post as it is, anything else with its topic."""
    file.writelines(line_of(one) + b"\n" for one in timed_records(day))


def line_of(one: Timed) -> bytes:
    """A record as a line of an input file has it."""
    value = one.record if isinstance(one.record, bytes) else msgspec.json.encode(one.record)
    if one.topic == POSTS_TOPIC:
        return value
    return msgspec.json.encode({"topic": one.topic, "record": msgspec.Raw(value)})


def _posts(day: Day) -> Iterator[Timed]:
    rng, midnight = day.rng(), day.midnight
    end = midnight + timedelta(days=1)
    observed = (one for draft in _drafts(rng, day) for one in life(rng, draft, end))
    for moment, record in delivered(rng, observed, midnight):
        yield Timed(moment, POSTS_TOPIC, record)
    for moment, raw in poison(rng, midnight):
        yield Timed(moment, POSTS_TOPIC, raw)


#: What a day is made of.
SOURCES: Final[tuple[Callable[[Day], Iterator[Timed]], ...]] = (_posts, press, business)


def _drafts(rng: Random, day: Day) -> list[Draft]:
    writer = Writer(rng, day.midnight, day.taken)
    originals = writer.originals(day.posts)
    written = [*originals, *writer.announcements()]
    return [*written, *writer.support(originals), *writer.reposts(written), *writer.late_finds()]
