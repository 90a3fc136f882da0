"""Fold of press articles: like posts without counters; what they add is ``press_mentions``, not ``mentions``."""

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from models.article import Article, ArticleSkim, article_hash
from models.cells import METRIC_INDEX
from models.entity import PostEntity, pack_entity, unpack_entity
from models.mention import LABELS
from models.post import Counts
from models.streams import ARTICLES
from processors.judge import Fault, decode_as
from processors.kinds import Bounds, Folded, Kind, MentionMetrics
from processors.mentions import said_of_article
from processors.posts import fold_event, platform_of, tracked

#: The platform that articles are counted under.
PRESS_PLATFORM: Final = "news"
ARTICLE_MENTIONS: Final = MentionMetrics(
    METRIC_INDEX["press_mentions"],
    METRIC_INDEX["press_mentions_net"],
    {label: METRIC_INDEX[f"press_{label}"] for label in LABELS},
    METRIC_INDEX["relevant_press_mentions"],
)

_skim = msgspec.json.Decoder(ArticleSkim)
_decoder = msgspec.json.Decoder(Article)
_NO_COUNTS: Final = Counts()


class _Seen(NamedTuple):
    """An article as the fold of posts sees it."""

    article: Article
    op: str
    observed_at: datetime
    created_at: datetime
    platform: str = PRESS_PLATFORM
    counts: Counts = _NO_COUNTS
    counts_precision: str = "exact"


def decode_article(value: bytes) -> Article | Fault:
    """The whole article, or why it is none."""
    return decode_as(_decoder, value)


def fold_article(
    entity: PostEntity | None,
    article: Article,
    matched: Sequence[str],
    record_time: int | None,
    bounds: Bounds,
    in_force: Container[str],
) -> Folded:
    """Fold ``article`` into ``entity``: one press mention in the window of its first known publication time."""
    seen = _Seen(article, article.op, article.observed_at, article.published_at)
    return fold_event(entity, seen, _content, matched, record_time, bounds, in_force, ARTICLE_MENTIONS)


def _content(seen: _Seen) -> int:
    return article_hash(seen.article)


ARTICLE_KIND: Final = Kind(
    stream=ARTICLES,
    skim=_skim.decode,
    decode=decode_article,
    moment=lambda article: ("published_at", article.published_at),
    fold=fold_article,
    tracked=tracked,
    unpack=unpack_entity,
    pack=pack_entity,
    dimension=platform_of,
    mentions=ARTICLE_MENTIONS,
    say=said_of_article,
    written=lambda skims: [skim.searched for skim in skims],
)
