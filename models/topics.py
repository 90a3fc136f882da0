"""The names of the topics: inputs by domain, what we write by product, changelogs as Faust names them."""

import re
from dataclasses import dataclass

from models.cursor import CURSORS_TOPIC
from models.feedback import FEEDBACK_TOPIC
from models.mention import MENTIONS_TOPIC
from models.series import SERIES_TOPIC
from models.streams import ALL_TABLES, Stream

_LEGAL = re.compile(r"[A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Namespace:
    """Whose topics: ``app`` is the Faust app (and consumer group), ``prefix`` goes before every other topic name.

    Raises ValueError for characters that Kafka allows in no topic name.
    """

    app: str = "listener"
    prefix: str = ""

    def __post_init__(self) -> None:
        if not self.app or not _LEGAL.fullmatch(self.app) or not _LEGAL.fullmatch(self.prefix):
            raise ValueError(f"app {self.app!r}, prefix {self.prefix!r}: only letters, digits, '.', '_' and '-'")

    @property
    def posts(self) -> str:
        """Posts and everything that happens to them, keyed by post id."""
        return f"{self.prefix}social.posts.v1"

    @property
    def dead_letters(self) -> str:
        """Records that could not be counted, with the reason."""
        return f"{self.prefix}listener.dead_letters.v1"

    @property
    def campaigns(self) -> str:
        """The versions of the campaign set."""
        return f"{self.prefix}listener.campaigns.v1"

    @property
    def mentions(self) -> str:
        """Every matched, enriched mention."""
        return f"{self.prefix}{MENTIONS_TOPIC}"

    @property
    def series(self) -> str:
        """Closed campaign minutes."""
        return f"{self.prefix}{SERIES_TOPIC}"

    @property
    def incidents(self) -> str:
        """Detector snapshots and incidents."""
        return f"{self.prefix}listener.incidents.v1"

    @property
    def feedback(self) -> str:
        """What people say back: marks, answers to alerts, target history, erasure."""
        return f"{self.prefix}{FEEDBACK_TOPIC}"

    @property
    def source_cursors(self) -> str:
        """How far each connector has read its source."""
        return f"{self.prefix}{CURSORS_TOPIC}"

    def input(self, stream: Stream) -> str:
        """The topic of a counted stream."""
        return f"{self.prefix}{stream.topic}"

    def changelog(self, table: str) -> str:
        """The changelog of a table, by its full name (``models.streams.ALL_TABLES``)."""
        if table not in ALL_TABLES:
            raise ValueError(f"{table!r} is none of the tables {', '.join(ALL_TABLES)}")
        return f"{self.app}-{table}-changelog"
