"""The names of the topics: inputs by domain, what we write by product, changelogs as Faust names them."""

import re
from dataclasses import dataclass

from models.cells import TABLES

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

    def changelog(self, table: str) -> str:
        """The changelog of one of ``TABLES``."""
        if table not in TABLES:
            raise ValueError(f"{table!r} is none of the tables {', '.join(TABLES)}")
        return f"{self.app}-{table}-changelog"
