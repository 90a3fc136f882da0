"""What one post means in figures, worked out from its whole history at once.

Three readings of the same list of records: who was listening when, what the counters did, and what was mentioned.
Moments are durations since 1970: they have no end of the calendar to fall off.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from models.post import COUNTERS, Post

#: Observed this soon after its creation, all that a post shows is new.
FRESH: Final = timedelta(minutes=10)
#: A mention observed later than this after the post's creation is not counted.
MENTION_LIMIT: Final = timedelta(hours=48)
MINUTE: Final = timedelta(minutes=1)

#: Largest change of a rounded counter that means nothing, by the size of the counter.
_ROUNDING: Final = ((1_000, 1), (1_000_000, 100))
_ROUNDING_ABOVE: Final = 100_000


class Seen(NamedTuple):
    """A record of a tracked post that was counted, or kept although late (a first sight only).

    ``content`` tells a repetition, ``record_time`` is that of its partition, this record included. ``mentions`` is the
    metric that its mention adds to.
    """

    post: Post
    content: bytes
    observed: timedelta
    created: timedelta
    record_time: timedelta
    matched: frozenset[str] = frozenset()
    late: bool = False
    mentions: str = "mentions"

    @property
    def is_edit(self) -> bool:
        """Whether it brings a text: creates and updates do."""
        return self.post.op in ("create", "update")


History = Sequence[Seen]


class Amount(NamedTuple):
    """So much of a metric for a campaign in the UTC minute that starts then."""

    campaign: str
    minute: timedelta
    metric: str
    amount: int


class Step(NamedTuple):
    """What one record added to a counter."""

    gross: int
    net: int


def is_deleted(history: History) -> bool:
    """Whether the post is gone: deleted, and not seen again with a text since."""
    for seen in reversed(history):
        if seen.post.op == "delete":
            return True
        if seen.is_edit:
            return False
    return False


def amounts(history: History) -> Iterator[Amount]:
    """Everything that a post's history adds to the counts."""
    yield from _mentions(history)
    listening = _listeners(history)
    for counter in COUNTERS:
        yield from _engagement(history, listening, counter)


def whole_minute(moment: timedelta) -> timedelta:
    """The start of the UTC minute."""
    return moment // MINUTE * MINUTE


def _listeners(history: History) -> list[frozenset[str]]:
    """For each record the campaigns that its engagement goes to: those that matched before it and still do."""
    listeners, active = [], history[0].matched
    for seen in history:
        if seen.post.op == "delete":
            active = frozenset()
            listeners.append(active)
        elif seen.is_edit:
            listeners.append(active & seen.matched)
            active = seen.matched
        else:
            listeners.append(active)
    return listeners


def _mentions(history: History) -> Iterator[Amount]:
    created, gross = whole_minute(history[0].created), history[0].mentions
    net = f"{gross}_net"
    active: frozenset[str] = frozenset()
    counted: set[str] = set()
    standing: set[str] = set()
    for seen in history:
        now = whole_minute(seen.observed)
        if seen.post.op == "delete":
            yield from (Amount(campaign, now, net, -1) for campaign in standing)
            active, standing = frozenset(), set()
        if not seen.is_edit:
            continue
        joining, active = seen.matched - active, seen.matched
        if not seen.late and seen.observed - history[0].created <= MENTION_LIMIT:
            for campaign in joining - counted:
                yield Amount(campaign, created, gross, 1)
                yield Amount(campaign, created, net, 1)
                counted.add(campaign)
                standing.add(campaign)
        returning = (joining & counted) - standing
        yield from (Amount(campaign, now, net, 1) for campaign in returning)
        standing |= returning


def _engagement(history: History, listeners: list[frozenset[str]], counter: str) -> Iterator[Amount]:
    given: Counter[str] = Counter()
    for seen, step, campaigns in zip(history, _steps(history, counter), listeners, strict=True):
        minute = whole_minute(seen.observed)
        for campaign in campaigns:
            yield Amount(campaign, minute, counter, step.gross)
            yield Amount(campaign, minute, f"{counter}_net", step.net)
            given[campaign] += step.net
        if seen.post.op == "delete":
            yield from (Amount(campaign, minute, f"{counter}_net", -net) for campaign, net in given.items())
            given.clear()


def _steps(history: History, counter: str) -> Iterator[Step]:
    """What each record added to the counter; nothing where it is unknown, not believed yet or a baseline."""
    created = history[0].created
    believed: list[int] = []
    doubted = False
    for seen in history:
        value = None if seen.post.op == "delete" else getattr(seen.post.counts, counter)
        step = Step(0, 0)
        if value is None:
            pass
        elif not believed:
            if seen.observed - created <= FRESH and not seen.late:
                step = Step(value, value)
            believed.append(value)
        elif seen.post.counts_precision == "rounded" and _is_rounding(believed[-1], value):
            doubted = False
        elif 2 * value < believed[-1] and not doubted:
            doubted = True
        else:
            step = Step(max(0, value - max(believed)), value - believed[-1])
            believed.append(value)
            doubted = False
        yield step


def _is_rounding(last: int, new: int) -> bool:
    size = max(last, new)
    step = next((step for limit, step in _ROUNDING if size < limit), _ROUNDING_ABOVE)
    return abs(new - last) <= step
