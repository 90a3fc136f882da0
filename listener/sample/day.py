"""Which day is told, and a record with the time of its delivery: what all sources of the sample share."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from listener.sample.records import Record
from models.campaign import DEFAULT_TIMEZONE

DEFAULT_SEED: Final = 1
DEFAULT_POSTS: Final = 3000
DEFAULT_ARTICLES: Final = 600
DEFAULT_SESSIONS: Final = 0
DEFAULT_DAY: Final = datetime(2026, 11, 20, tzinfo=ZoneInfo(DEFAULT_TIMEZONE))


class Timed(NamedTuple):
    """A record and when it is delivered; bytes are no record at all."""

    moment: datetime
    topic: str
    record: Record | bytes


@dataclass(frozen=True)
class Day:
    """Which day is told. ``taken``: ids of earlier days that must not come again; those of this day are added.

    ``posts`` is how many people and outlets write, ``articles`` how many newsrooms publish,
    ``sessions`` how many visit a shop; the rest comes on top.
    """

    seed: int = DEFAULT_SEED
    posts: int = DEFAULT_POSTS
    date: datetime = DEFAULT_DAY
    taken: set[str] = field(default_factory=set)
    articles: int = DEFAULT_ARTICLES
    sessions: int = DEFAULT_SESSIONS

    @property
    def midnight(self) -> datetime:
        """Its beginning, in UTC."""
        return self.date.astimezone(UTC)

    def rng(self, kind: str = "") -> Random:
        """Chance for one kind of record: another kind more changes nothing of it."""
        return Random(f"{self.seed}/{kind}" if kind else self.seed)  # noqa: S311 - a story, not a secret
