"""A topic gets more partitions: what is kept of an entity moves to the partition where its next record will be.

Producers choose ``murmur2(key) mod n``, so another ``n`` sends most entities elsewhere, into new partitions and, where
the new number is no multiple of the old, into old ones. Their fold state goes with them. Cells stay where they are:
they are sums, and every reader adds up partitions.

What is written here may be written again: an entity that has arrived is written anew with the same value.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from models.mention import Mention
from models.progress import NO_OUTCOMES, Progress

#: Where the producers' partitioner puts a key among so many partitions.
Partitioner = Callable[[bytes, int], int]


class Misplaced(Exception):  # noqa: N818 - it says what is wrong
    """An entity is in a partition where the partitioner would not have put it: the topic is keyed otherwise."""


class Change(NamedTuple):
    """From ``before`` to ``after`` partitions."""

    before: int
    after: int
    partitioner: Partitioner

    def sources(self, number: int) -> range:
        """The old partitions whose keys may come to ``number``: those equal to it modulo the common divisor."""
        common = math.gcd(self.before, self.after)
        return range(number % common, self.before, common)

    def home(self, key: bytes, here: int) -> int:
        """Where a key that is kept in ``here`` belongs. Raises Misplaced."""
        home = self.partitioner(key, self.after)
        if here not in (home, self.partitioner(key, self.before)):
            raise Misplaced(
                f"{key.decode(errors='replace')!r} is in partition {here}, where the default partitioner puts it "
                f"neither among {self.before} nor among {self.after} partitions"
            )
        return home


def leaving(change: Change, here: int, entities: Iterable[bytes]) -> dict[int, list[bytes]]:
    """Partition → keys that move there from ``here``. Raises Misplaced before anything is decided."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for key in entities:
        home = change.home(key, here)
        if home != here:
            found[home].append(key)
    return dict(found)


def settled(entity: Any, stamp: int) -> Any:
    """An entity as its new partition has it: everything up to ``stamp`` there is in it, all that comes is not."""
    return msgspec.structs.replace(entity, stamp=stamp)


def first_progress(before: Mapping[int, Progress], change: Change, number: int, topic_id: str) -> Progress:
    """The progress cell of a new partition: nothing is counted, and its clock stands where that of its sources stands.

    With no record time of its own the first record would decide what is late; so the latest of the sources' holds.
    """
    known = (before[source] for source in change.sources(number) if source in before)
    times = [one.record_time for one in known if one.record_time is not None]
    latest = max(times, default=None)
    return Progress(
        stamp=-1,
        durable=-1,
        outcomes=NO_OUTCOMES,
        sets=(),
        topic_id=topic_id,
        record_time=latest,
        durable_record_time=latest,
    )


def marked(progress: Progress) -> Progress:
    """The progress cell of an old partition: all is durable, and its records up to now came among fewer partitions.

    It states nothing of what the tables hold: that is about to change, and the next owner states it anew.
    """
    return msgspec.structs.replace(
        progress, moved=progress.stamp, durable=progress.stamp, durable_record_time=progress.record_time, held={}
    )


def rehomed(mention: Mention, partition: int, stamp: int) -> Mention:
    """A mention as if its record had been in the new partition, before all that will be there."""
    origin = msgspec.structs.replace(mention.origin, partition=partition, stamp=stamp)
    return msgspec.structs.replace(mention, origin=origin)
