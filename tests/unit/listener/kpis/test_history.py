"""What a board reads and writes of the history of targets, without Kafka."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from aiohttp import web
from aiokafka import TopicPartition

from listener.board.board import Board
from listener.changelog import Batch, Records
from listener.kafka.settings import KafkaSettings
from listener.kpis import history
from listener.kpis.history import TargetHistory, TargetsPart, described
from models.attribution import Target
from models.campaign import Campaign, CampaignSet
from models.feedback import Feedback, Marked, TargetSet, pack_feedback
from tests.boarding import NAMESPACE, board_of

AT = datetime(2026, 11, 1, tzinfo=UTC)
TARGET = Target(kpi="likes", target=10.0, owner="sara", deadline_ms=1_797_811_200_000)
CAMPAIGNS = CampaignSet((Campaign(id="c", targets=(TARGET,)),))


def records(*said: Feedback) -> Records:
    return [(at, one.subject.encode(), pack_feedback(one)) for at, one in enumerate(said)]


class Log:
    """The topic: what is said is read from it again, unless it is ``away``."""

    def __init__(self, *said: Feedback) -> None:
        self.said: list[Feedback] = list(said)
        self.away = 0
        self.hidden = 0

    async def say(self, feedback: Feedback) -> None:
        if self.away:
            self.away -= 1
            raise web.HTTPServiceUnavailable(text="away")
        self.said.append(feedback)

    def reader(self, _kafka: KafkaSettings, positions: Mapping[TopicPartition, int | None]) -> "Reader":
        return Reader(self, next(iter(positions)))


class Reader:
    def __init__(self, log: Log, tp: TopicPartition) -> None:
        self._log, self._tp = log, tp
        self.positions = {tp: 0}
        self.idle = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None: ...

    @property
    def caught_up(self) -> bool:
        return True

    async def present_ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, len(self._log.said))

    async def next(self) -> Batch | None:
        await asyncio.sleep(0)
        at = self.positions[self._tp]
        if self._log.hidden:
            self._log.hidden -= 1
            return None
        if at < len(self._log.said):
            self.positions[self._tp] = len(self._log.said)
            return self._tp, records(*self._log.said[at:])
        self.idle += 1
        if self.idle > 5:
            raise asyncio.CancelledError
        return None


def follow(log: Log, monkeypatch: pytest.MonkeyPatch, *, leads: bool = True) -> TargetHistory:
    """Run a board's part until nothing happens any more."""
    monkeypatch.setattr(history, "ChangelogReader", log.reader)
    kept = TargetHistory()

    async def run() -> None:
        board = board_of(CAMPAIGNS)
        kafka = KafkaSettings.parse("nowhere:9092")
        part = TargetsPart(board, kafka, kept, log.say, lambda: leads, lambda: AT)
        with pytest.raises(asyncio.CancelledError):
            await part.run()

    asyncio.run(run())
    return kept


def test_the_leader_records_what_is_new_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(Marked("c", "twitter:1", relevant=True, text="t", at=AT))
    kept = follow(log, monkeypatch)
    assert [one.subject for one in log.said[1:]] == [f"target|c|likes|{CAMPAIGNS.version}"]
    assert kept.changes == log.said[1:]
    assert follow(log, monkeypatch).changes == kept.changes
    assert len(log.said) == 2


def test_who_does_not_lead_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    assert follow(log, monkeypatch, leads=False).changes == []
    assert log.said == []


def test_what_another_board_wrote_is_read_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    follow(log, monkeypatch)
    log.hidden = 3
    follow(log, monkeypatch)
    assert len(log.said) == 1


def test_what_kafka_did_not_take_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    log.away = 2
    follow(log, monkeypatch)
    assert len(log.said) == 1


def test_the_first_record_of_a_key_counts_and_a_bad_one_is_left_out() -> None:
    kept = TargetHistory()
    one = TargetSet("c", "likes", AT, "v", {"target": 1.0, "deadline": "2026-12-21T00:00:00Z"})
    again = TargetSet("c", "likes", datetime(2027, 1, 1, tzinfo=UTC), "v", None)
    kept.take([*records(one, again), (2, b"target|c|likes|w", b"{"), (3, b"relevance|c|x", b"{")])
    assert kept.changes == [one]
    assert described(kept.changes, "d") == []
    found: Any = described(kept.changes, "c")
    assert found == [{"at": AT, "kpi": "likes", "version": "v", "target": one.target}]
    kept.take([(4, one.subject.encode(), None)])
    assert kept.changes == []


def test_nothing_is_recorded_before_a_campaign_set_is_known() -> None:

    part = TargetsPart(Board(NAMESPACE), KafkaSettings.parse("nowhere:9092"), TargetHistory(), Log().say, lambda: True)
    assert part._due() == []
