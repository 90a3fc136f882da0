"""One outcome for every record, and the figures of every post: the recount itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec

from listener.recount.history import MENTION_LIMIT, MINUTE, Amount, Seen, amounts, is_deleted
from listener.recount.report import Report, minute_text
from models.campaign import CampaignSet
from models.outcome import Outcome, Reason
from models.post import EARLIEST, MAX_RECORD_BYTES, Post, Skim

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

Shape = TypeVar("Shape", Skim, Post)


class Prefilter(Protocol):
    """Says quickly whether a lower-cased record may match."""

    def find(self, lowered: bytes, /) -> object:
        """Truthy when it may."""


class Match(Protocol):
    """A campaign that a post matched."""

    @property
    def campaign_id(self) -> str:
        """Which."""


class PostMatcher(Protocol):
    """The part of the matcher that is used here."""

    @property
    def prefilter(self) -> Prefilter:
        """The quick look."""

    def post(
        self,
        text: str,
        *,
        platform: str,
        author_handle: str | None,
        author_id: str | None,
        mentions: list[str],
        is_repost: bool,
        created_ms: int,
    ) -> Iterable[Match]:
        """The campaigns that a post matches."""


class Refused(Exception):  # noqa: N818 - an outcome, not a failure
    """The record is invalid; the first argument is the reason."""


@dataclass
class Partition:
    """What is known of one partition: its record time, the history of each tracked post, and those forgotten."""

    record_time: timedelta | None = None
    histories: dict[str, list[Seen]] = field(default_factory=dict)
    forgotten: list[list[Seen]] = field(default_factory=list)


@dataclass(frozen=True)
class Recount:
    """The counts: metrics are named as in ``models.cells.METRICS``, minutes by their start, since 1970 in UTC."""

    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    totals: Mapping[str, Mapping[str, int]]
    minutes: Mapping[tuple[str, timedelta], Mapping[str, int]]

    def report(self) -> Report:
        """What the command prints."""
        rows = ((campaign, minute_text(_EPOCH + start), counts) for (campaign, start), counts in self.minutes.items())
        return Report.of(self.outcomes, self.totals, rows)

    def to_json(self) -> str:
        """The object of the command line's contract."""
        return self.report().to_json()


def recount(
    records: Iterable[tuple[int, bytes | None, int]],
    campaign_set: CampaignSet,
    matcher: PostMatcher,
    *,
    retention: bool = False,
) -> Recount:
    """Count records (partition, value, Kafka timestamp in epoch milliseconds) in the order of each partition."""
    partitions: dict[int, Partition] = defaultdict(Partition)
    outcomes, reasons = Counter[str](), Counter[str]()
    for number, value, ts_ms in records:
        try:
            outcome = judge(partitions[number], value, ts_ms * _MILLISECOND, matcher, retention=retention)
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
    return Recount(outcomes, reasons, totals, minutes)


def judge(
    partition: Partition, value: bytes | None, now: timedelta, matcher: PostMatcher, *, retention: bool
) -> Outcome:
    """The outcome of a record produced at ``now``; what must be remembered goes to the partition. Raises Refused."""
    raw = _text(value)
    skim = _decode(raw, Skim)
    observed = since_1970(skim.observed_at)
    _refuse_time(observed, now)
    history = _known(partition, skim.key, retention=retention)
    record_time = _advance(partition, observed)
    has_text = skim.op in ("create", "update")
    tracked = history is not None and (has_text or not is_deleted(history))
    if not tracked and not (has_text and matcher.prefilter.find(raw.lower())):
        return Outcome.UNMATCHED
    post = _decode(raw, Post)
    created = since_1970(post.created_at)
    _refuse_time(created, now)
    seen = Seen(post, observed, created, record_time, _matched(post, created, matcher) if has_text else frozenset())
    behind = retention and record_time - observed > BEHIND_LIMIT
    return _again(history, seen, behind=behind) if history else _first_sight(partition, seen, behind=behind)


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
    if seen.observed == last.observed and _content(seen.post) == _content(last.post):
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


def _matched(post: Post, created: timedelta, matcher: PostMatcher) -> frozenset[str]:
    author = post.author
    matches = matcher.post(
        post.text or "",
        platform=post.platform,
        author_handle=author.handle if author else None,
        author_id=author.id if author else None,
        mentions=post.mentions,
        is_repost=post.repost_of is not None,
        created_ms=created // _MILLISECOND,
    )
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
