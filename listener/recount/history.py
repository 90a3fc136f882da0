"""What one post means in figures, worked out from its whole history at once.

Three readings of the same list of records: who was listening when, what the counters did, and what was mentioned.
Moments are durations since 1970: they have no end of the calendar to fall off.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
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
    metric that its mention adds to. ``stamp``: its place in the partition. ``in_force``: the campaigns that were there
    to count it; None: all. ``own``: those whose own accounts answer somebody with it.
    """

    post: Post
    content: bytes
    observed: timedelta
    created: timedelta
    record_time: timedelta
    matched: frozenset[str] = frozenset()
    late: bool = False
    mentions: str = "mentions"
    stamp: int = 0
    in_force: Container[str] | None = None
    own: frozenset[str] = frozenset()

    @property
    def is_edit(self) -> bool:
        """Whether it brings a text: creates and updates do."""
        return self.post.op in ("create", "update")

    def counts_for(self, campaign: str) -> bool:
        """Whether the campaign was in force."""
        return self.in_force is None or campaign in self.in_force


History = Sequence[Seen]


class Amount(NamedTuple):
    """So much of a metric for a campaign in the UTC minute that starts then, because of the record at ``stamp``."""

    campaign: str
    minute: timedelta
    metric: str
    amount: int
    stamp: int = 0


@dataclass
class Share:
    """A campaign's part in a post: whether it listens, was given the mention, has it in its level now; what it got."""

    listens: bool = False
    mentioned: bool = False
    standing: bool = False
    given: Counter[str] = field(default_factory=Counter)


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


def amounts(history: History, shares: dict[str, Share] | None = None, begin: int = 0) -> Iterator[Amount]:
    """Everything that a post's history adds to the counts, from its record ``begin`` on.

    ``shares``: what the campaigns have by then; brought up to date on the way.
    """
    shares = {} if shares is None else shares
    steps = {counter: list(_steps(history, counter)) for counter in COUNTERS}
    for index in range(begin, len(history)):
        seen = history[index]
        if seen.post.op == "delete":
            yield from _taken_back(seen, shares)
            continue
        joining = _edited(seen, shares) if seen.is_edit else frozenset()
        yield from _mentions(seen, history[0].created, {name: shares[name] for name in sorted(joining)})
        deaf = frozenset() if index == 0 else joining
        for name, share in shares.items():
            if share.listens and name not in deaf and seen.counts_for(name):
                yield from _engagement(seen, name, share, {counter: found[index] for counter, found in steps.items()})


def whole_minute(moment: timedelta) -> timedelta:
    """The start of the UTC minute."""
    return moment // MINUTE * MINUTE


def _edited(seen: Seen, shares: dict[str, Share]) -> frozenset[str]:
    """The campaigns that begin to listen with this text: its counters are their baseline."""
    joining = frozenset(name for name in seen.matched if name not in shares or not shares[name].listens)
    for name in joining:
        shares.setdefault(name, Share())
    for name, share in shares.items():
        share.listens = name in seen.matched
    return joining


def _mentions(seen: Seen, created: timedelta, joining: dict[str, Share]) -> Iterator[Amount]:
    """A mention in the minute of the post's creation; one that comes back is in the level from now on."""
    gross, net = seen.mentions, f"{seen.mentions}_net"
    for name, share in joining.items():
        if share.mentioned and not share.standing:
            yield Amount(name, whole_minute(seen.observed), net, 1, seen.stamp)
            share.standing = True
        if not share.mentioned and not seen.late and seen.observed - created <= MENTION_LIMIT:
            yield Amount(name, whole_minute(created), gross, 1, seen.stamp)
            yield Amount(name, whole_minute(created), net, 1, seen.stamp)
            if name in seen.own:
                yield Amount(name, whole_minute(created), "own_replies", 1, seen.stamp)
            share.mentioned = share.standing = True


def _engagement(seen: Seen, name: str, share: Share, steps: dict[str, "Step"]) -> Iterator[Amount]:
    minute = whole_minute(seen.observed)
    for counter, step in steps.items():
        yield Amount(name, minute, counter, step.gross, seen.stamp)
        yield Amount(name, minute, f"{counter}_net", step.net, seen.stamp)
        share.given[counter] += step.net


def _taken_back(seen: Seen, shares: dict[str, Share]) -> Iterator[Amount]:
    """The post is gone: levels are as if it had never been, for the campaigns that are there to see it."""
    minute = whole_minute(seen.observed)
    for name, share in shares.items():
        share.listens = False
        if not seen.counts_for(name):
            continue
        if share.standing:
            yield Amount(name, minute, f"{seen.mentions}_net", -1, seen.stamp)
            share.standing = False
        for counter, net in share.given.items():
            yield Amount(name, minute, f"{counter}_net", -net, seen.stamp)
        share.given.clear()


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
