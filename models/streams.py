"""Input topics that are counted, and the Faust tables that each has for itself. Declared once.

Every stream has its own tables, so its partition count is free and a partition's state is that of one source topic.
"""

from dataclasses import dataclass
from typing import Final

from models.article import ARTICLES_TOPIC
from models.audience import AUDIENCE_METRICS, AUDIENCE_TOPIC
from models.backlinks import BACKLINK_METRICS, BACKLINKS_TOPIC
from models.cells import CELL_TABLES, ENTITIES, METRICS, PROGRESS, WINDOWS
from models.people import PEOPLE_METRICS, PEOPLE_TOPIC
from models.post import POSTS_TOPIC
from models.search import SEARCH_METRICS, SEARCH_TOPIC
from models.site_rank import RANK_METRICS, RANK_TOPIC
from models.spend import SPEND_METRICS, SPEND_TOPIC
from models.web import WEB_METRICS, WEB_TOPIC


@dataclass(frozen=True)
class Stream:
    """One counted input topic.

    ``topic``    logical name; a deployment may put a prefix before it
    ``name``     short name; tables are called ``minute`` for the posts and ``<name>-minute`` for all others
    ``metrics``  names of a cell's counters in wire order: new ones go to the end
    ``partitions`` how many it has unless an operator makes it otherwise; None: as many as asked for. Small streams have
                 one, so that all of an entity's records meet whatever they are keyed by (``listener topics`` says so).
    ``steady``   records come all day: hours without any mean that a source is silent. Costs, ranks and the like come
                 once a day, and a shop may have no visitor all night.
    """

    topic: str
    name: str
    metrics: tuple[str, ...] = METRICS
    partitions: int | None = None
    steady: bool = True

    def table(self, short: str) -> str:
        """Full name of one of its tables: ``short`` is of ``models.cells.TABLES``."""
        return short if self.name == "posts" else f"{self.name}-{short}"

    @property
    def tables(self) -> dict[str, str]:
        """Short → full name of all its tables."""
        return {short: self.table(short) for short in (*CELL_TABLES, ENTITIES, PROGRESS)}


POSTS: Final = Stream(POSTS_TOPIC, "posts")
ARTICLES: Final = Stream(ARTICLES_TOPIC, "press")
WEB: Final = Stream(WEB_TOPIC, "web", WEB_METRICS, steady=False)
PEOPLE: Final = Stream(PEOPLE_TOPIC, "people", PEOPLE_METRICS, partitions=1, steady=False)
SPEND: Final = Stream(SPEND_TOPIC, "spend", SPEND_METRICS, partitions=1, steady=False)
SEARCH: Final = Stream(SEARCH_TOPIC, "search", SEARCH_METRICS, partitions=1, steady=False)
SITE_RANK: Final = Stream(RANK_TOPIC, "site-rank", RANK_METRICS, partitions=1, steady=False)
#: One partition by need: referring domains are counted, but the topic is keyed by link.
BACKLINKS: Final = Stream(BACKLINKS_TOPIC, "backlinks", BACKLINK_METRICS, partitions=1, steady=False)
AUDIENCE: Final = Stream(AUDIENCE_TOPIC, "audience", AUDIENCE_METRICS, partitions=1, steady=False)

#: The business topics, in the order in which pages and documents list them.
BUSINESS: Final[tuple[Stream, ...]] = (WEB, PEOPLE, SPEND, SEARCH, SITE_RANK, BACKLINKS, AUDIENCE)
#: All, in the same order.
STREAMS: Final[tuple[Stream, ...]] = (POSTS, ARTICLES, *BUSINESS)
STREAM_BY_TOPIC: Final = {stream.topic: stream for stream in STREAMS}
#: Full names of all Faust tables; each has its own changelog topic.
ALL_TABLES: Final[tuple[str, ...]] = tuple(name for stream in STREAMS for name in stream.tables.values())
#: Seconds of a window by the short name of its table.
WINDOW_SECONDS: Final = WINDOWS
