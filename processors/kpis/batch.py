"""All topics folded in memory, in the order given: the counting plane without Kafka, for files.

The folds are those of the worker; what a worker keeps in tables is kept in dictionaries here.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from models.article import ARTICLES_TOPIC, Article
from models.campaign import CampaignSet
from models.cells import MENTIONS, METRIC_INDEX, METRICS
from models.entity import PostEntity
from models.mention import Label
from models.outcome import OUTCOMES, Outcome
from models.post import COUNTERS, EARLIEST, MAX_RECORD_BYTES, PLATFORMS, POSTS_TOPIC, Post
from processors.business.kinds import BUSINESS_KINDS
from processors.business.rules import Rules
from processors.kinds import Bounds, Delta
from processors.kpis.figures import MinuteFigures
from processors.posts import fold_post
from processors.stories import story_id
from processors.windows import to_ms

#: The platform of press mentions.
PRESS_PLATFORM: Final = "news"
TOPICS: Final = (POSTS_TOPIC, ARTICLES_TOPIC, *BUSINESS_KINDS)

MatchPost = Callable[[Post], Sequence[str]]
MatchArticle = Callable[[Article], Sequence[str]]
#: Campaign → the post's sentiment toward it; None where nobody can tell.
Judge = Callable[[Post], Mapping[str, Label | None]]


class Invalid(ValueError):  # noqa: N818 - an outcome, not a failure
    """A record that fails its schema; the message names the field."""


class Batch:
    """Counts records one by one. ``figures`` has the sums, ``now`` the largest ``observed_at`` so far (epoch ms).

    ``latest``: nothing is believed to have been observed later. Files do not say when their records arrived, so this
    can only keep out what is far off. ``judge`` None: sentiment has no sample.
    """

    def __init__(
        self,
        campaigns: CampaignSet,
        match_post: MatchPost,
        match_article: MatchArticle,
        *,
        latest: datetime | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.figures = MinuteFigures()
        self.outcomes: Counter[str] = Counter()
        self.now: int | None = None
        self._latest = latest
        self._judge = judge
        self._rules = Rules(campaigns)
        self._match_post, self._match_article = match_post, match_article
        self._posts: dict[str, PostEntity] = {}
        self._articles: dict[str, set[str]] = {}
        self._entities: dict[tuple[str, str], Any] = {}
        self._record_time: dict[str, int] = {}
        self._decoders = {topic: kind.decoder() for topic, kind in BUSINESS_KINDS.items()}
        self._decoders |= {POSTS_TOPIC: msgspec.json.Decoder(Post), ARTICLES_TOPIC: msgspec.json.Decoder(Article)}

    def take(self, topic: str, value: bytes) -> Outcome:
        """Count one record; raises Invalid (which is counted as an outcome too), KeyError for an unknown topic."""
        try:
            record = self._decode(topic, value)
        except Invalid:
            self.outcomes[OUTCOMES[Outcome.INVALID]] += 1
            raise
        outcome = self._fold(topic, record)
        observed = to_ms(record.observed_at)
        self._record_time[topic] = max(self._record_time.get(topic, observed), observed)
        self.now = max(self.now or observed, observed)
        self.outcomes[OUTCOMES[outcome]] += 1
        return outcome

    def post_counts(self, post_id: str) -> dict[str, int | None]:
        """The counters of a tracked post as last believed."""
        entity = self._posts.get(post_id)
        return dict(zip(COUNTERS, entity.last if entity else [None] * len(COUNTERS), strict=True))

    def _decode(self, topic: str, value: bytes) -> Any:
        decoder = self._decoders[topic]
        if len(value) > MAX_RECORD_BYTES:
            raise Invalid(f"{len(value)} bytes, at most {MAX_RECORD_BYTES} are taken")
        try:
            record = decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(str(error)) from error
        if record.observed_at < EARLIEST:
            raise Invalid(f"`observed_at` lies before {EARLIEST.year}")
        if self._latest is not None and record.observed_at > self._latest:
            raise Invalid(f"`observed_at` lies in the future, past {self._latest.date()}")
        return record

    def _fold(self, topic: str, record: Any) -> Outcome:
        if topic == POSTS_TOPIC:
            return self._post(record)
        if topic == ARTICLES_TOPIC:
            return self._article(record)
        kind, key = BUSINESS_KINDS[topic], (topic, record.entity_key)
        change = kind.fold(self._entities.get(key), record, self._rules)
        if change.entity is not None:
            self._entities[key] = change.entity
        width = len(kind.stream.metrics)
        for place, amount in change.deltas.items():
            self.figures.add(place.campaign, kind.stream.name, place.time, place.dimension, place.metric, amount, width)
        return change.outcome

    def _post(self, post: Post) -> Outcome:
        has_text = post.op in ("create", "update")
        matched = self._match_post(post) if has_text else ()
        known, time = self._posts.get(post.post_id), self._record_time.get(POSTS_TOPIC)
        result = fold_post(known, post, matched, time, Bounds(behind=None), self._rules)
        if result.entity is not None:
            self._posts[post.post_id] = result.entity
            self._heard(post, result.deltas)
            self._felt(post, result.deltas)
            platform = PLATFORMS[result.entity.platform]
            for delta in result.deltas:
                self.figures.add(
                    delta.campaign, "posts", delta.time, platform, delta.metric, delta.amount, len(METRICS)
                )
        return result.outcome

    def _heard(self, post: Post, deltas: Sequence[Delta]) -> None:
        """Who wrote what has just been counted as a mention."""
        if post.author is None:
            return
        for delta in deltas:
            if delta.metric == MENTIONS:
                author = f"{post.platform}|{post.author.id}"
                self.figures.add_author(delta.campaign, delta.time, author, post.author.followers)

    def _felt(self, post: Post, deltas: Sequence[Delta]) -> None:
        """The sentiment of what has just been counted as a mention, in the cell of the mention."""
        counted = [delta for delta in deltas if delta.metric == MENTIONS]
        labels = self._judge(post) if self._judge is not None and counted else {}
        for delta in counted:
            label = labels.get(delta.campaign)
            if label is not None:
                metric = METRIC_INDEX[f"mentions_{label}"]
                self.figures.add(delta.campaign, "posts", delta.time, post.platform, metric, 1, len(METRICS))

    def _article(self, article: Article) -> Outcome:
        """An article counts once per campaign, at its publication; a later version may add campaigns."""
        known = self._articles.get(article.article_id)
        matched = set(self._match_article(article)) if article.op != "delete" else set()
        if known is None and not matched:
            return Outcome.UNMATCHED
        before = known or set()
        self._articles[article.article_id] = before | matched
        story = story_id(article.text)
        at = to_ms(article.published_at)
        for campaign in sorted(matched - before):
            for metric in ("press_mentions", "press_mentions_net"):
                self.figures.add(campaign, "press", at, PRESS_PLATFORM, METRIC_INDEX[metric], 1, len(METRICS))
            self.figures.add_story(campaign, at, story)
        return Outcome.COUNTED
