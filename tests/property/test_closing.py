"""Minutes are closed for good: a model of partitions, workers and a leader says so.

Sources deliver records up to the close delay late and in any order; workers read, flush and fall idle as they like.
"""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from models.progress import NO_OUTCOMES, Progress
from processors.closing import Rules, last_closed, plan, reach, read_until

RULES = Rules(delay_s=30.0)
START = 10_000_020
CAMPAIGNS = ("a", "b")


@dataclass
class Partition:
    """``log``: observed_at of the records in the order of arrival; ``read`` of them are counted.

    ``said`` were in the last flush, ``before`` in the one before it: only those can be relied on to be readable.
    """

    log: list[int] = field(default_factory=list)
    read: int = 0
    written_at: int = 0
    idle: bool = False
    said: int = 0
    before: int = 0

    def say(self, now: int) -> None:
        """Write a flush, or a heartbeat where nothing is new."""
        self.before, self.said = self.said, self.read
        self.written_at, self.idle = now, self.read == len(self.log)

    def progress(self) -> Progress:
        def time(count: int) -> int | None:
            return max(self.log[:count], default=None)

        return Progress(
            stamp=self.said - 1,
            durable=self.before - 1,
            durable_record_time=time(self.before),
            outcomes=NO_OUTCOMES,
            sets=(),
            topic_id="t",
            record_time=time(self.said),
            caught_up=self.idle,
            written_at=self.written_at,
        )


steps = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "arrive", "read", "read", "say", "settle", "wait", "close"]),
        st.integers(0, 2),
        st.integers(0, 30_000),
    ),
    min_size=20,
    max_size=120,
)


class World:
    """Three partitions, their workers, and the leader of the boards."""

    def __init__(self) -> None:
        self.now = START * 1000
        self.partitions = [Partition(written_at=self.now) for _ in range(3)]
        self.written: dict[str, int] = {}
        self.closed: dict[tuple[str, int], int] = {}

    def arrive(self, number: int, amount: int) -> None:
        self.partitions[number].log.append(self.now - amount)

    def read(self, number: int, amount: int) -> None:
        one = self.partitions[number]
        one.read = min(len(one.log), one.read + 1 + amount % 3)

    def say(self, _number: int, _amount: int) -> None:
        for one in self.partitions:
            one.say(self.now)

    def settle(self, number: int, amount: int) -> None:
        self.say(number, amount)
        self.say(number, amount)

    def wait(self, _number: int, amount: int) -> None:
        self.now += amount * 4

    def close(self, _number: int, _amount: int) -> None:
        until = read_until({"posts": reach([one.progress() for one in self.partitions], self.now, RULES)})
        if until is None:
            return
        due = plan(CAMPAIGNS, self.written, last_closed(until, RULES), START - 120)
        readable = Counter(time // 60_000 * 60 for one in self.partitions for time in one.log[: one.before])
        for campaign, first in due.first.items():
            assert self.written.get(campaign, first - 60) == first - 60, "no gap, and nothing twice"
            for minute in range(first, due.last + 60, 60):
                self.closed[campaign, minute] = readable[minute]
            self.written[campaign] = due.last


@settings(deadline=None, max_examples=120)
@given(steps)
def test_no_record_of_a_closed_minute_is_missing(story: list[tuple[str, int, int]]) -> None:
    world = World()
    for what, number, amount in story:
        getattr(world, what)(number, amount)
    truth = Counter(time // 60_000 * 60 for one in world.partitions for time in one.log)
    assert {where: count for where, count in world.closed.items() if count != truth[where[1]]} == {}
