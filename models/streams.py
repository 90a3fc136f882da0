"""Input topics that are counted, and the Faust tables that each has for itself. Declared once.

Every stream has its own tables, so its partition count is free and a partition's state is that of one source topic.
"""

from dataclasses import dataclass
from typing import Final

from models.article import ARTICLES_TOPIC
from models.cells import CELL_TABLES, ENTITIES, METRICS, PROGRESS, WINDOWS
from models.post import POSTS_TOPIC


@dataclass(frozen=True)
class Stream:
    """One counted input topic.

    ``topic``    logical name; a deployment may put a prefix before it
    ``name``     short name; tables are called ``minute`` for the posts and ``<name>-minute`` for all others
    ``metrics``  names of a cell's counters in wire order: new ones go to the end
    """

    topic: str
    name: str
    metrics: tuple[str, ...] = METRICS

    def table(self, short: str) -> str:
        """Full name of one of its tables: ``short`` is of ``models.cells.TABLES``."""
        return short if self.name == "posts" else f"{self.name}-{short}"

    @property
    def tables(self) -> dict[str, str]:
        """Short → full name of all its tables."""
        return {short: self.table(short) for short in (*CELL_TABLES, ENTITIES, PROGRESS)}


POSTS: Final = Stream(POSTS_TOPIC, "posts")
ARTICLES: Final = Stream(ARTICLES_TOPIC, "press")

#: In the order in which pages and documents list them.
STREAMS: Final[tuple[Stream, ...]] = (POSTS, ARTICLES)
STREAM_BY_TOPIC: Final = {stream.topic: stream for stream in STREAMS}
#: Full names of all Faust tables; each has its own changelog topic.
ALL_TABLES: Final[tuple[str, ...]] = tuple(name for stream in STREAMS for name in stream.tables.values())
#: Seconds of a window by the short name of its table.
WINDOW_SECONDS: Final = WINDOWS
