"""Records as a worker writes them, and boards with what they say."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition

from listener.board.board import Board
from models.campaign import Campaign, CampaignSet
from models.cells import LIFETIME, METRIC_INDEX, METRICS, WINDOWS, CellName, lifetime_key, pack_cell, window_key
from models.outcome import Outcome
from models.progress import Progress, SetInForce
from models.topics import Namespace

Row = tuple[bytes, bytes | None]
MakeRow = Callable[..., Row]
MakeBoard = Callable[..., Board]

NAMESPACE = Namespace(app="boards", prefix="boards.")
ZONES = {"mellat": "Asia/Tehran", "snapp": "UTC"}


@dataclass
class Reading:
    """Stands in for the reader of the changelogs."""

    positions: Mapping[TopicPartition, int] = field(default_factory=dict)
    ends: Mapping[TopicPartition, int] = field(default_factory=dict)
    caught_up: bool = True
    silent: bool = False

    async def present_ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {tp: self.ends[tp] for tp in partitions}


@pytest.fixture
def cell() -> MakeRow:
    """One cell record: where it counts, its stamp, and the counters that are not zero; no stamp: a tombstone."""

    def make(
        table: str,
        campaign: str,
        stamp: int | None,
        *,
        start: int = 0,
        partition: int = 0,
        platform: str = "twitter",
        topic: str = "social.posts.v1",
        **counters: int,
    ) -> Row:
        name = CellName(campaign, topic, partition, platform).text()
        key = lifetime_key(name) if table == LIFETIME else window_key(name, start, WINDOWS[table])
        values = [0] * len(METRICS)
        for metric, value in counters.items():
            values[METRIC_INDEX[metric]] = value
        return key, None if stamp is None else pack_cell(stamp, values)

    return make


@pytest.fixture
def progress() -> Callable[..., Progress]:
    """A progress cell with ``counted`` and ``invalid`` records."""

    def make(stamp: int, *, counted: int = 0, invalid: int = 0, since: int = 0, **fields: object) -> Progress:
        outcomes = [0] * len(Outcome)
        outcomes[Outcome.COUNTED], outcomes[Outcome.INVALID] = counted, invalid
        sets = (SetInForce("v1", since),)
        return Progress(stamp=stamp, durable=stamp, outcomes=tuple(outcomes), sets=sets, topic_id="t", **fields)

    return make


@pytest.fixture
def board(cell: MakeRow) -> MakeBoard:
    """A board that has caught up, with two configured campaigns and rows per table."""

    def make(rows: Mapping[str, list[Row]] | None = None, *, caught_up: bool = True, silent: bool = False) -> Board:
        made = Board(NAMESPACE, reading=Reading(caught_up=caught_up, silent=silent))
        campaigns = CampaignSet(
            tuple(Campaign(id=name, name=f"نام {name}", team="آنلاین", timezone=zone) for name, zone in ZONES.items())
        )
        sets = TopicPartition(NAMESPACE.campaigns, 0)
        made.take(sets, [(0, campaigns.version.encode(), campaigns.to_json())])
        for table, some in (rows or {}).items():
            made.state.apply(table, some)
        return made

    return make
