"""Former owners of a partition that do not know it: they count on, and their flushes arrive when they like.

What is taken for granted here is what protocol_model.py says of zombies, and one thing more: a zombie writes no
tombstones. They bear no stamp, so recovery cannot tell that one came late (docs/reliability.md says what then happens).
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from models import cells
from processors.overlay import Chunk, FlushPlan
from processors.plane import PartitionPlane

Write = tuple[str, bytes, bytes | None]


def steps(plan: FlushPlan) -> Iterator[list[Write]]:
    """What a flush writes, each step when the one before is durable: cells with the progress, then entities and
    tombstones. Letters and mentions are not followed here.
    """
    yield [(table, key, value) for table, records in plan.cells.items() for key, value in records]
    gone: list[Write] = [(table, key, None) for table, keys in plan.tombstones.items() for key in keys]
    yield [*((cells.ENTITIES, key, value) for key, value in plan.entities), *gone]


@dataclass
class Zombie:
    """A plane with the flush that it has begun: its ``stamp``, and the steps that are not written yet.

    ``fence``: where a successor adopted a set that this one does not know; nothing past it is written.
    """

    plane: PartitionPlane
    stamp: int = -1
    left: deque[deque[Write]] = field(default_factory=deque)
    fence: int | None = None

    @classmethod
    def of(cls, plane: PartitionPlane, rng: random.Random, write: Callable[[list[Write]], None]) -> Self:
        """What becomes of an owner: some of the flush that it may have begun is there already."""
        made = cls(plane)
        if rng.random() < 0.7 and made.begin(rng):
            first = made.left[0]
            write([first.popleft() for _ in range(rng.randint(0, len(first)))])
        return made

    def begin(self, rng: random.Random) -> bool:
        """Begin a flush where there is something to flush."""
        if not self.plane.can_flush or not self.plane.overlay.records:
            return False
        plan = self.plane.take_flush()
        self.stamp = plan.progress.stamp
        for step in steps(plan):
            writes = [one for one in step if one[2] is not None]
            rng.shuffle(writes)
            self.left.append(deque(writes))
        return True

    def act(self, rng: random.Random, more: Callable[[PartitionPlane], Chunk | None]) -> list[Write] | None:
        """Count on and begin a flush, or write more of the one begun; None where it noticed, and ended."""
        if not self.left and self.stamp < 0:
            chunk = more(self.plane)
            if chunk is not None:
                self.plane.count(chunk)
            self.begin(rng)
        if self.fence is not None and self.stamp > self.fence:
            return None
        writes = []
        for _ in range(rng.randint(1, 12)):
            while self.left and not self.left[0]:
                self.left.popleft()
            if not self.left:
                # One flush is all that a producer holds; after it the coordinator says that it has no partition.
                return writes or None
            writes.append(self.left[0].popleft())
        return writes
