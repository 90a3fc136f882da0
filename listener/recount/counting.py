"""One outcome for every record, and the figures of every post: the recount itself."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from listener.recount.history import MENTION_LIMIT, MINUTE, Amount, Seen, Share, amounts, is_deleted
from listener.recount.report import Report, minute_text
from models.article import ARTICLES_TOPIC, Article, ArticleSkim
from models.campaign import CampaignSet
from models.outcome import Outcome, Reason
from models.post import EARLIEST, MAX_RECORD_BYTES, Author, Post, Skim
from processors.matching import PostMatcher, match_article, match_post

#: Nothing may be observed or created later than this after it was produced.
FUTURE_LIMIT: Final = timedelta(hours=1)
#: With retention: a record further behind its partition's record time is late.
BEHIND_LIMIT: Final = timedelta(hours=48)
#: With retention: a post is forgotten this long after its last change, by its partition's record time.
KEEP_POSTS: Final = timedelta(days=8)
#: With retention: a minute further behind its partition's record time is dropped.
KEEP_MINUTES: Final = timedelta(hours=96)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

#: Ops that bring a text.
_TEXTS: Final = frozenset({"create", "update"})

Shape = TypeVar("Shape")


class Prefilter(Protocol):
    """Says quickly which records may match, from what they are and the texts in them."""

    def find_each(self, raws: Sequence[bytes], texts: Sequence[bytes], /) -> Sequence[int]:
        """The indices of those that may."""


class Match(Protocol):
    """A campaign that a post matched."""

    @property
    def campaign_id(self) -> str:
        """Which."""


class Matching(PostMatcher[Match], Protocol):
    """The part of the matcher that is used here."""

    @property
    def prefilter(self) -> Prefilter:
        """The quick look."""


class Refused(Exception):  # noqa: N818 - an outcome, not a failure
    """The record is invalid; the first argument is the reason."""


@dataclass
class Story:
    """The history of one post. Before its record ``begin`` it was settled, by a backfill, what ``shares`` have."""

    seen: list[Seen]
    shares: dict[str, Share] = field(default_factory=dict)
    begin: int = 0

    @property
    def platform(self) -> str:
        """Where it was written."""
        return self.seen[0].post.platform

    def settle(self) -> Iterator[Amount]:
        """Everything that was not settled yet."""
        yield from amounts(self.seen, self.shares, self.begin)
        self.begin = len(self.seen)


@dataclass
class Partition:
    """What is known of one partition: its record time, the story of each tracked post, and those forgotten.

    ``settled``: (platform, amount) of all that no later record can change.
    """

    record_time: timedelta | None = None
    stories: dict[str, Story] = field(default_factory=dict)
    forgotten: list[Story] = field(default_factory=list)
    settled: list[tuple[str, Amount]] = field(default_factory=list)

    def settle(self) -> None:
        """Work out everything that the records so far come to."""
        for story in (*self.stories.values(), *self.forgotten):
            self.settled += [(story.platform, amount) for amount in story.settle()]
        self.forgotten.clear()


class Context(NamedTuple):
    """Under what a record is judged: matcher, moment of its production (None: unknown), and see ``Seen``.

    ``wrote``: whether a campaign's own accounts have an author; None: not asked, and own replies are not counted.
    """

    matcher: "Matching"
    now: timedelta | None
    retention: bool
    stamp: int = 0
    in_force: Container[str] | None = None
    wrote: Callable[[str, Author], bool] | None = None


class _Known(NamedTuple):
    """What is known when a record comes."""

    story: Story | None
    observed: timedelta
    record_time: timedelta
    behind: bool


#: Partition, value, Kafka timestamp in epoch milliseconds, topic.
Input = tuple[int, bytes | None, int, str]


@dataclass(frozen=True)
class Recount:
    """The counts: metrics are named as in ``models.cells.METRICS``, minutes by their start, since 1970 in UTC.

    ``press``: there were articles among the records.
    """

    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    totals: Mapping[str, Mapping[str, int]]
    minutes: Mapping[tuple[str, timedelta], Mapping[str, int]]
    press: bool = False

    def report(self) -> Report:
        """What the command prints."""
        rows = ((campaign, minute_text(_EPOCH + start), counts) for (campaign, start), counts in self.minutes.items())
        return Report.of(self.outcomes, self.totals, rows, press=self.press)

    def to_json(self) -> str:
        """The object of the command line's contract."""
        return self.report().to_json()


def recount(
    records: Iterable[Input], campaign_set: CampaignSet, matcher: Matching, *, retention: bool = False
) -> Recount:
    """Count records in the order of each partition."""
    partitions: dict[tuple[str, int], Partition] = defaultdict(Partition)
    outcomes, reasons = Counter[str](), Counter[str]()
    for number, value, ts_ms, topic in records:
        judge = judge_article if topic == ARTICLES_TOPIC else judge_post
        try:
            outcome = judge(partitions[topic, number], value, Context(matcher, ts_ms * _MILLISECOND, retention))
        except Refused as refused:
            outcome = Outcome.INVALID
            reasons[refused.args[0]] += 1
        outcomes[outcome.name.lower()] += 1
    totals: dict[str, Counter[str]] = {campaign.id: Counter() for campaign in campaign_set.campaigns}
    minutes: dict[tuple[str, timedelta], Counter[str]] = defaultdict(Counter)
    for partition in partitions.values():
        partition.settle()
        for _, amount in partition.settled:
            totals.setdefault(amount.campaign, Counter())[amount.metric] += amount.amount
            if not (retention and _is_dropped(amount, partition)):
                minutes[amount.campaign, amount.minute][amount.metric] += amount.amount
    press = any(topic == ARTICLES_TOPIC for topic, _ in partitions)
    return Recount(outcomes, reasons, totals, minutes, press=press)


def judge_post(partition: Partition, value: bytes | None, context: Context) -> Outcome:
    """The outcome of a record; what must be remembered goes to the partition. Raises Refused."""
    raw = checked_text(value)
    skim = decode(raw, Skim)
    known = _look(partition, skim, context)
    if not _concerns(known.story, skim, raw, context.matcher):
        return Outcome.UNMATCHED
    post = decode(raw, Post)
    created = since_1970(post.created_at)
    refuse_time(created, context.now)
    matched = _ids(match_post(context.matcher, post)) if skim.op in _TEXTS else frozenset()
    seen = _seen(_bare(post), _digest(post), known, created, matched, context)
    return _take(partition, known, seen._replace(own=_own(post, matched, context)))


def _own(post: Post, matched: frozenset[str], context: Context) -> frozenset[str]:
    """The campaigns whose own accounts answer somebody here."""
    wrote, author = context.wrote, post.author
    if wrote is None or author is None or not post.in_reply_to:
        return frozenset()
    return frozenset(name for name in matched if wrote(name, author))


def judge_article(partition: Partition, value: bytes | None, context: Context) -> Outcome:
    """The same for an article: from here on it is a post without counters, whose mention is a press mention."""
    raw = checked_text(value)
    skim = decode(raw, ArticleSkim)
    known = _look(partition, skim, context)
    if not _concerns(known.story, skim, raw, context.matcher):
        return Outcome.UNMATCHED
    article = decode(raw, Article)
    created = since_1970(article.published_at)
    refuse_time(created, context.now)
    matched = _ids(match_article(context.matcher, article)) if skim.op in _TEXTS else frozenset()
    post = Post("-", 1, article.observed_at, article.op, article.article_id, "news", article.published_at, text="")
    seen = _seen(post, _digest(article), known, created, matched, context)
    return _take(partition, known, seen._replace(mentions="press_mentions"))


def _seen(
    post: Post, content: bytes, known: _Known, created: timedelta, matched: frozenset[str], context: Context
) -> Seen:
    return Seen(
        post,
        content,
        known.observed,
        created,
        known.record_time,
        matched,
        stamp=context.stamp,
        in_force=context.in_force,
    )


def _bare(post: Post) -> Post:
    """What the figures need of a post: its whole history is kept, its texts are not."""
    return Post(
        "-",
        1,
        post.observed_at,
        post.op,
        post.post_id,
        post.platform,
        post.created_at,
        text="",
        counts=post.counts,
        counts_precision=post.counts_precision,
    )


def _look(partition: Partition, skim: Skim | ArticleSkim, context: Context) -> _Known:
    observed = since_1970(skim.observed_at)
    refuse_time(observed, context.now)
    story = _known(partition, skim.key, retention=context.retention)
    record_time = _advance(partition, observed)
    behind = context.retention and record_time - observed > BEHIND_LIMIT
    return _Known(story, observed, record_time, behind)


def _concerns(story: Story | None, skim: Skim | ArticleSkim, raw: bytes, matcher: Matching) -> bool:
    """Whether the record may match, or is of something that is followed."""
    if story is not None and (skim.op in _TEXTS or not is_deleted(story.seen)):
        return True
    return skim.op in _TEXTS and bool(matcher.prefilter.find_each([raw], [skim.searched or raw]))


def _take(partition: Partition, known: _Known, seen: Seen) -> Outcome:
    if known.story is not None:
        return _again(known.story.seen, seen, behind=known.behind)
    return _first_sight(partition, seen, behind=known.behind)


def since_1970(time: datetime) -> timedelta:
    """A moment to the millisecond, as everything is counted; rounded down."""
    return (time - _EPOCH) // _MILLISECOND * _MILLISECOND


def _first_sight(partition: Partition, seen: Seen, *, behind: bool) -> Outcome:
    if not seen.matched:
        return Outcome.UNMATCHED
    late = behind or seen.observed - seen.created > MENTION_LIMIT
    partition.stories[seen.post.post_id] = Story([seen._replace(late=late)])
    return Outcome.LATE if late else Outcome.COUNTED


def _again(history: list[Seen], seen: Seen, *, behind: bool) -> Outcome:
    last = history[-1]
    if seen.observed < last.observed:
        return Outcome.STALE
    if seen.observed == last.observed and seen.content == last.content:
        return Outcome.DUPLICATE
    if behind:
        return Outcome.LATE
    history.append(seen)
    return Outcome.COUNTED


def checked_text(value: bytes | None) -> bytes:
    """The value; Refused unless it can be text."""
    if not value:
        raise Refused(Reason.EMPTY)
    if len(value) > MAX_RECORD_BYTES:
        raise Refused(Reason.TOO_LARGE)
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.ENCODING) from None
    return value


def decode(raw: bytes, shape: type[Shape]) -> Shape:
    """The record; Refused where it is none."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError:
        raise Refused(Reason.SCHEMA) from None
    except (msgspec.DecodeError, RecursionError):
        raise Refused(Reason.JSON) from None


def _ids(matches: Iterable[Match]) -> frozenset[str]:
    return frozenset(match.campaign_id for match in matches)


def _digest(record: Post | Article) -> bytes:
    """Equal for an observation that is delivered again."""
    content = msgspec.json.encode(msgspec.structs.replace(record, event_id="", source="", schema_version=1))
    return sha256(content).digest()


def refuse_time(moment: timedelta, now: timedelta | None) -> None:
    """Refused for a moment that nobody believes; ``now``: when it was produced, if that is known."""
    if moment < EARLIEST - _EPOCH:
        raise Refused(Reason.PAST)
    if now is not None and moment - now > FUTURE_LIMIT:
        raise Refused(Reason.FUTURE)


def _advance(partition: Partition, observed: timedelta) -> timedelta:
    partition.record_time = observed if partition.record_time is None else max(partition.record_time, observed)
    return partition.record_time


def _known(partition: Partition, post_id: object, *, retention: bool) -> Story | None:
    """The story of a tracked post, unless retention has passed it."""
    story = partition.stories.get(post_id) if isinstance(post_id, str) else None
    if not retention or story is None or partition.record_time is None:
        return story
    if partition.record_time - story.seen[-1].record_time < KEEP_POSTS:
        return story
    partition.forgotten.append(partition.stories.pop(story.seen[0].post.post_id))
    return None


def _is_dropped(amount: Amount, partition: Partition) -> bool:
    return partition.record_time is not None and partition.record_time - (amount.minute + MINUTE) >= KEEP_MINUTES
