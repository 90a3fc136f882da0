"""One outcome for every record, and the figures of every post: the recount itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from listener.recount.history import MENTION_LIMIT, MINUTE, Amount, Seen, amounts, is_deleted
from listener.recount.report import Report, minute_text
from models.article import ARTICLES_TOPIC, Article, ArticleSkim
from models.campaign import CampaignSet
from models.outcome import Outcome, Reason
from models.post import EARLIEST, MAX_RECORD_BYTES, Post, Skim
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

Shape = TypeVar("Shape", Skim, Post, ArticleSkim, Article)


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
class Partition:
    """What is known of one partition: its record time, the history of each tracked post, and those forgotten."""

    record_time: timedelta | None = None
    histories: dict[str, list[Seen]] = field(default_factory=dict)
    forgotten: list[list[Seen]] = field(default_factory=list)


class _Known(NamedTuple):
    """What is known when a record comes."""

    history: list[Seen] | None
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
            outcome = judge(partitions[topic, number], value, ts_ms * _MILLISECOND, matcher, retention=retention)
        except Refused as refused:
            outcome = Outcome.INVALID
            reasons[refused.args[0]] += 1
        outcomes[outcome.name.lower()] += 1
    totals: dict[str, Counter[str]] = {campaign.id: Counter() for campaign in campaign_set.campaigns}
    minutes: dict[tuple[str, timedelta], Counter[str]] = defaultdict(Counter)
    for partition in partitions.values():
        for history in (*partition.histories.values(), *partition.forgotten):
            for amount in amounts(history):
                totals.setdefault(amount.campaign, Counter())[amount.metric] += amount.amount
                if not (retention and _is_dropped(amount, partition)):
                    minutes[amount.campaign, amount.minute][amount.metric] += amount.amount
    press = any(topic == ARTICLES_TOPIC for topic, _ in partitions)
    return Recount(outcomes, reasons, totals, minutes, press=press)


def judge_post(
    partition: Partition, value: bytes | None, now: timedelta, matcher: Matching, *, retention: bool
) -> Outcome:
    """The outcome of a record produced at ``now``; what must be remembered goes to the partition. Raises Refused."""
    raw = _text(value)
    skim = _decode(raw, Skim)
    known = _look(partition, skim, now, retention=retention)
    if not _concerns(known.history, skim, raw, matcher):
        return Outcome.UNMATCHED
    post = _decode(raw, Post)
    created = since_1970(post.created_at)
    _refuse_time(created, now)
    matched = _ids(match_post(matcher, post)) if skim.op in _TEXTS else frozenset()
    return _take(partition, known, Seen(post, _content(post), known.observed, created, known.record_time, matched))


def judge_article(
    partition: Partition, value: bytes | None, now: timedelta, matcher: Matching, *, retention: bool
) -> Outcome:
    """The same for an article: from here on it is a post without counters, whose mention is a press mention."""
    raw = _text(value)
    skim = _decode(raw, ArticleSkim)
    known = _look(partition, skim, now, retention=retention)
    if not _concerns(known.history, skim, raw, matcher):
        return Outcome.UNMATCHED
    article = _decode(raw, Article)
    created = since_1970(article.published_at)
    _refuse_time(created, now)
    matched = _ids(match_article(matcher, article)) if skim.op in _TEXTS else frozenset()
    post = Post("-", 1, article.observed_at, article.op, article.article_id, "news", article.published_at, text="")
    content = msgspec.json.encode(msgspec.structs.replace(article, event_id="", source=""))
    seen = Seen(post, content, known.observed, created, known.record_time, matched, mentions="press_mentions")
    return _take(partition, known, seen)


def _look(partition: Partition, skim: Skim | ArticleSkim, now: timedelta, *, retention: bool) -> _Known:
    observed = since_1970(skim.observed_at)
    _refuse_time(observed, now)
    history = _known(partition, skim.key, retention=retention)
    record_time = _advance(partition, observed)
    behind = retention and record_time - observed > BEHIND_LIMIT
    return _Known(history, observed, record_time, behind)


def _concerns(history: list[Seen] | None, skim: Skim | ArticleSkim, raw: bytes, matcher: Matching) -> bool:
    """Whether the record may match, or is of something that is followed."""
    if history is not None and (skim.op in _TEXTS or not is_deleted(history)):
        return True
    return skim.op in _TEXTS and bool(matcher.prefilter.find_each([raw], [skim.searched or raw]))


def _take(partition: Partition, known: _Known, seen: Seen) -> Outcome:
    if known.history:
        return _again(known.history, seen, behind=known.behind)
    return _first_sight(partition, seen, behind=known.behind)


def since_1970(time: datetime) -> timedelta:
    """A moment to the millisecond, as everything is counted; rounded down."""
    return (time - _EPOCH) // _MILLISECOND * _MILLISECOND


def _first_sight(partition: Partition, seen: Seen, *, behind: bool) -> Outcome:
    if not seen.matched:
        return Outcome.UNMATCHED
    late = behind or seen.observed - seen.created > MENTION_LIMIT
    partition.histories[seen.post.post_id] = [seen._replace(late=late)]
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


def _text(value: bytes | None) -> bytes:
    """The value, if it can be text at all."""
    if not value:
        raise Refused(Reason.EMPTY)
    if len(value) > MAX_RECORD_BYTES:
        raise Refused(Reason.TOO_LARGE)
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.ENCODING) from None
    return value


def _decode(raw: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError:
        raise Refused(Reason.SCHEMA) from None
    except (msgspec.DecodeError, RecursionError):
        raise Refused(Reason.JSON) from None


def _ids(matches: Iterable[Match]) -> frozenset[str]:
    return frozenset(match.campaign_id for match in matches)


def _content(post: Post) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(post, event_id="", source=""))


def _refuse_time(moment: timedelta, now: timedelta) -> None:
    if moment < EARLIEST - _EPOCH:
        raise Refused(Reason.PAST)
    if moment - now > FUTURE_LIMIT:
        raise Refused(Reason.FUTURE)


def _advance(partition: Partition, observed: timedelta) -> timedelta:
    partition.record_time = observed if partition.record_time is None else max(partition.record_time, observed)
    return partition.record_time


def _known(partition: Partition, post_id: object, *, retention: bool) -> list[Seen] | None:
    """The history of a tracked post, unless retention has passed it."""
    history = partition.histories.get(post_id) if isinstance(post_id, str) else None
    if not retention or history is None or partition.record_time is None:
        return history
    if partition.record_time - history[-1].record_time < KEEP_POSTS:
        return history
    partition.forgotten.append(partition.histories.pop(history[0].post.post_id))
    return None


def _is_dropped(amount: Amount, partition: Partition) -> bool:
    return partition.record_time is not None and partition.record_time - (amount.minute + MINUTE) >= KEEP_MINUTES
