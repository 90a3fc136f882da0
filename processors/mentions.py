"""From a matched record to ``listener.mentions.v1``: drafts at the fold, analysed in one batch at the flush."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from models.article import Article
from models.entity import PostEntity
from models.mention import MAX_TEXT, Found, Kind, Mention, Origin, counts_key, mention_key, pack_mention
from models.post import Author, Counts, Post
from processors.authors import author_hash
from processors.enrich import Analysis, Item

#: Key and value on the topic; None is a tombstone.
Keyed = tuple[bytes, bytes | None]


class Said(NamedTuple):
    """What a record says, whatever its kind."""

    entity: str
    kind: Kind
    op: str
    text: str
    observed_at: datetime
    author: Author | None = None
    title: str | None = None
    lang: str | None = None
    url: str | None = None
    publisher: str | None = None
    repost: bool = False


class Occurrence(Protocol):
    """A keyword found in a text."""

    @property
    def keyword(self) -> str:
        """As the campaign file writes it."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """Behind the last."""

    @property
    def rule(self) -> str:
        """Why it matches."""


class Draft(NamedTuple):
    """A mention that waits for its analysis. ``said.op`` tells whether there is anything to analyse."""

    campaign: str
    said: Said
    origin: Origin
    platform: str
    event_time: datetime
    counts: Counts
    matches: tuple[Occurrence, ...]

    @property
    def item(self) -> Item:
        """What is analysed; the same cut as in the record, so that spans fit."""
        return Item(self.said.text[:MAX_TEXT], self.campaign, tuple((one.start, one.end) for one in self._shown()))

    def mention(self, analysis: Analysis | None, author_key: bytes | None) -> Mention:
        """The record; without a key there is no author in it."""
        said = self.said
        if analysis is None:
            return Mention(
                campaign=self.campaign,
                entity=said.entity,
                kind=said.kind,
                op="engagement",
                origin=self.origin,
                platform=self.platform,
                event_time=self.event_time,
                observed_at=said.observed_at,
                counts=self.counts,
            )
        author = said.author
        return Mention(
            campaign=self.campaign,
            entity=said.entity,
            kind=said.kind,
            op="create" if said.op == "create" else "update",
            origin=self.origin,
            platform=self.platform,
            event_time=self.event_time,
            observed_at=said.observed_at,
            counts=self.counts,
            matches=tuple(Found(one.keyword, one.start, one.end, one.rule) for one in self._shown()),
            text=said.text[:MAX_TEXT],
            title=said.title,
            normalized=analysis.normalized,
            lang=said.lang,
            url=said.url,
            sentiment=analysis.sentiment,
            scores=analysis.scores,
            relevant=analysis.relevant,
            relevance=analysis.relevance,
            story=analysis.story,
            author=None if author is None or author_key is None else author_hash(author_key, self.platform, author.id),
            followers=None if author is None else author.followers,
            publisher=said.publisher,
            repost=said.repost,
        )

    def _shown(self) -> Iterable[Occurrence]:
        return (one for one in self.matches if one.end <= MAX_TEXT)


class Erasure(NamedTuple):
    """A mention that is gone: its entity was deleted."""

    campaign: str
    entity: str


def written(
    steps: Sequence[Draft | Erasure], analyses: Mapping[int, Analysis], author_key: bytes | None
) -> list[Keyed]:
    """The records of a flush, the last per key; ``analyses`` by position in ``steps``, none for engagement."""
    records: dict[bytes, bytes | None] = {}
    for number, step in enumerate(steps):
        if isinstance(step, Erasure):
            for key in (mention_key(*step), counts_key(*step)):
                records.pop(key, None)
                records[key] = None
        else:
            mention = step.mention(analyses.get(number), author_key)
            records.pop(mention.key, None)
            records[mention.key] = pack_mention(mention)
    return list(records.items())


def believed(entity: PostEntity) -> Counts:
    """The counters of an entity as last believed."""
    return Counts(*entity.last)


def said_of_post(post: Post) -> Said:
    """What a post says."""
    return Said(
        entity=post.post_id,
        kind="post",
        op=post.op,
        text=post.text or "",
        observed_at=post.observed_at,
        author=post.author,
        lang=post.lang,
        url=post.url,
        repost=post.repost_of is not None,
    )


def said_of_article(article: Article) -> Said:
    """What an article says; its byline is no account, so there is no author to tell apart."""
    return Said(
        entity=article.article_id,
        kind="article",
        op=article.op,
        text=article.text,
        observed_at=article.observed_at,
        title=article.title,
        lang=article.lang,
        url=article.url,
        publisher=article.publisher.domain,
    )
