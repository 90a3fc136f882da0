"""The streams of the business topics. Each has its own tables, so its partition count is free."""

from typing import Final

from models.audience import AUDIENCE_METRICS, AUDIENCE_TOPIC
from models.backlinks import BACKLINK_METRICS, BACKLINKS_TOPIC
from models.people import PEOPLE_METRICS, PEOPLE_TOPIC
from models.search import SEARCH_METRICS, SEARCH_TOPIC
from models.site_rank import RANK_METRICS, RANK_TOPIC
from models.spend import SPEND_METRICS, SPEND_TOPIC
from models.streams import Stream
from models.web import WEB_METRICS, WEB_TOPIC

WEB: Final = Stream(WEB_TOPIC, "web", WEB_METRICS)
PEOPLE: Final = Stream(PEOPLE_TOPIC, "people", PEOPLE_METRICS)
SPEND: Final = Stream(SPEND_TOPIC, "spend", SPEND_METRICS)
SEARCH: Final = Stream(SEARCH_TOPIC, "search", SEARCH_METRICS)
SITE_RANK: Final = Stream(RANK_TOPIC, "site-rank", RANK_METRICS)
BACKLINKS: Final = Stream(BACKLINKS_TOPIC, "backlinks", BACKLINK_METRICS)
AUDIENCE: Final = Stream(AUDIENCE_TOPIC, "audience", AUDIENCE_METRICS)

#: In the order in which pages and documents list them.
BUSINESS: Final = (WEB, PEOPLE, SPEND, SEARCH, SITE_RANK, BACKLINKS, AUDIENCE)
