"""What a recount must know beside the records: which campaign set held from which record on, and what was backfilled.

Records of ``listener.campaigns.v1`` beside the sets themselves, told from them by the ``|`` in their keys::

    adopted|topic|partition|since                     → Adopted, written before the set comes into force
    backfilled|topic|partition|campaign|last|started  → Backfilled, before it is written and when it is done
    set|version                                       → a set that only a backfill used: it is never the latest
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from models.campaign import CampaignSet
from models.progress import SetInForce

#: Key and value; None is a tombstone.
Record = tuple[bytes, bytes | None]


class Adopted(Struct, frozen=True, omit_defaults=True):
    """From the stamp ``since`` on ``version`` holds; ``begins``: nothing of the partition was counted before."""

    version: str
    since: int
    begins: bool = False


class Backfilled(Struct, frozen=True, omit_defaults=True):
    """A campaign was counted anew from the stamps ``first`` to ``last`` under the set ``version``.

    ``started_at``: epoch milliseconds. Without ``done`` it was cut short: what the campaign has is not known.
    """

    campaign: str
    version: str
    first: int
    last: int
    started_at: int
    done: bool = False


def is_trace(key: bytes) -> bool:
    """Whether a record of the topic is of this module; the key of a set is its version."""
    return b"|" in key


def adopted_record(topic: str, partition: int, adopted: Adopted) -> Record:
    """As written to the topic."""
    return _adopted_key(topic, partition, adopted.since), msgspec.json.encode(adopted)


def backfilled_record(topic: str, partition: int, one: Backfilled) -> Record:
    """As written to the topic."""
    parts = ("backfilled", topic, str(partition), one.campaign, str(one.last), str(one.started_at))
    return "|".join(parts).encode(), msgspec.json.encode(one)


def set_record(campaign_set: CampaignSet) -> Record:
    """As written to the topic."""
    return f"set|{campaign_set.version}".encode(), campaign_set.to_json()


def _adopted_key(topic: str, partition: int, since: int) -> bytes:
    return f"adopted|{topic}|{partition}|{since}".encode()


#: Logical name of a topic, and a partition of it.
Where = tuple[str, int]


@dataclass
class Trace:
    """All that the topic holds of it, by partition. ``sets``: those of backfills, by version."""

    adopted: dict[Where, dict[int, Adopted]] = field(default_factory=lambda: defaultdict(dict))
    backfilled: dict[Where, dict[bytes, Backfilled]] = field(default_factory=lambda: defaultdict(dict))
    sets: dict[str, CampaignSet] = field(default_factory=dict)

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take over a record; a kind that this program does not know is passed over."""
        kind, *rest = key.decode().split("|")
        if kind == "adopted":
            topic, partition, since = rest
            known = self.adopted[topic, int(partition)]
            if value is None:
                known.pop(int(since), None)
            else:
                known[int(since)] = msgspec.json.decode(value, type=Adopted)
        elif kind == "backfilled":
            where = rest[0], int(rest[1])
            if value is None:
                self.backfilled[where].pop(key, None)
            else:
                self.backfilled[where][key] = msgspec.json.decode(value, type=Backfilled)
        elif kind == "set" and value is not None:
            self.sets[rest[0]] = CampaignSet.from_json(value)

    def settled(self, topic: str, partition: int, in_force: Sequence[SetInForce]) -> list[Record]:
        """What makes the trace of a partition say what its progress cell says, from ``in_force`` on.

        A worker may die between the trace and the progress cell: what never came into force is taken back. Where the
        progress cell knows no set, the partition begins (anew): all of its trace goes.
        """
        known = self.adopted[topic, partition]
        if not in_force:
            gone: list[Record] = [(_adopted_key(topic, partition, since), None) for since in known]
            return gone + [(key, None) for key in self.backfilled[topic, partition]]
        wanted = {one.since: one.version for one in in_force}
        never = [since for since in known if since > in_force[0].since and since not in wanted]
        lacking = [
            Adopted(version, since)
            for since, version in wanted.items()
            if since not in known or known[since].version != version
        ]
        return [
            *((_adopted_key(topic, partition, since), None) for since in never),
            *(adopted_record(topic, partition, one) for one in lacking),
        ]
