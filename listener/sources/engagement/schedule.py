"""When a post's counters are looked at again: often while it is young, then ever more seldom, then never."""

import heapq
from bisect import bisect_right
from dataclasses import dataclass, field
from math import ceil
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: Ages of a post, in seconds, at which its counters are read: 5 m, 15 m, 1 h, 3 h, 6 h, 12 h, 1 d, 2 d, 4 d, 7 d.
AGES: Final = (
    *(5 * MINUTE, 15 * MINUTE),
    *(1 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(1 * DAY, 2 * DAY, 4 * DAY, 7 * DAY),
)
#: A post that the platform did not return so often is gone.
_PATIENCE: Final = 2


def next_due(created: float, last: float | None) -> float | None:
    """The moment of the first look that is still owed; None after the last. All in epoch seconds.

    Looks that were missed are made up for by one: after it ``last`` is past them all.
    """
    age = -1.0 if last is None else last - created
    number = bisect_right(AGES, age)
    return created + AGES[number] if number < len(AGES) else None


def calls_per_thousand(batch: int) -> int:
    """Calls for a thousand posts over their whole life, when calls are full."""
    return len(AGES) * ceil(1000 / batch)


@dataclass
class _Tracked:
    created: float
    last: float | None = None
    misses: int = 0


@dataclass
class Schedule:
    """The posts of one platform, by when they are due. A heap may hold stale entries; they are passed over."""

    _posts: dict[str, _Tracked] = field(default_factory=dict)
    _heap: list[tuple[float, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._posts)

    def follow(self, post: str, created: float) -> None:
        """Look at a post from now on."""
        if post not in self._posts:
            self._posts[post] = _Tracked(created)
            self._push(post)

    def looked(self, post: str, at: float) -> None:
        """Its counters were read at a moment, by us now or by an earlier process."""
        tracked = self._posts.get(post)
        if tracked is None:
            return
        tracked.misses = 0
        tracked.last = at if tracked.last is None else max(tracked.last, at)
        self._push(post)

    def missed(self, post: str, at: float) -> None:
        """The platform did not return it: once may be a hiccup, twice is gone."""
        tracked = self._posts.get(post)
        if tracked is None:
            return
        tracked.misses += 1
        if tracked.misses >= _PATIENCE:
            self.forget(post)
        else:
            tracked.last = at
            self._push(post)

    def forget(self, post: str) -> None:
        """Look no more."""
        self._posts.pop(post, None)

    def take(self, now: float, most: int, patience: float) -> list[str]:
        """Up to ``most`` posts that are due, the most overdue first; none while they are fewer and none is late.

        ``patience``: seconds that a post may wait for company, so that calls are full.
        """
        due: list[tuple[float, str]] = []
        while self._heap and self._heap[0][0] <= now and len(due) < most:
            when, post = heapq.heappop(self._heap)
            if self._due(post) == when and (when, post) not in due[-1:]:
                due.append((when, post))
        if due and len(due) < most and now - due[0][0] < patience:
            self.give_back([post for _, post in due])
            return []
        return [post for _, post in due]

    def give_back(self, posts: list[str]) -> None:
        """Posts that were taken and could not be read."""
        for post in posts:
            self._push(post)

    def next_at(self) -> float | None:
        """When the first post is due."""
        while self._heap and self._due(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _due(self, post: str) -> float | None:
        tracked = self._posts.get(post)
        return None if tracked is None else next_due(tracked.created, tracked.last)

    def _push(self, post: str) -> None:
        due = self._due(post)
        if due is None:
            self.forget(post)
        else:
            heapq.heappush(self._heap, (due, post))
