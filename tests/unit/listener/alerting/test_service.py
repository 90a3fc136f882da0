"""The alerting of a board over a log in memory: who writes, who tells, what a restart and a new leader know."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import pytest
from aiokafka import TopicPartition
from msgspec.structs import replace

from listener.alerting import service as module
from listener.alerting.service import AlertingService
from listener.alerting.settings import AlertingSettings
from listener.alerting.watching import Watching
from listener.changelog import Batch, Records
from listener.errors import Halt
from listener.kafka.settings import KafkaSettings
from models.feedback import Answered, pack_feedback
from models.incident import Incident, IncidentRecord, Snapshot, pack_incident, unpack_incident
from models.series import ClosedMinute, pack_minute
from models.topics import Namespace
from processors.incidents import Change
from tests.unit.processors.incidents.minutes import CAMPAIGN, quiet, spike

NAMESPACE = Namespace()
#: A day and an hour: the watch has just learnt to speak.
EVENT = 1500


@dataclass
class Log:
    """Topics in memory: (key, value) by offset. ``first``: the first offset that is still there."""

    topics: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def append(self, topic: str, key: bytes, value: bytes) -> None:
        self.topics.setdefault(topic, []).append((key, value))

    def minutes(self, minutes: Iterable[ClosedMinute]) -> None:
        for one in minutes:
            self.append(NAMESPACE.series, one.key, pack_minute(one))

    @property
    def records(self) -> list[Incident | Snapshot]:
        return [unpack_incident(value) for _, value in self.topics.get(NAMESPACE.incidents, [])]


class Reader:
    """What the service needs of a ``ChangelogReader``, over a log in memory."""

    log: Log

    def __init__(self, _kafka: KafkaSettings, positions: Mapping[TopicPartition, int | None]) -> None:
        self._positions = {tp: self.log.first.get(tp.topic, 0) if at is None else at for tp, at in positions.items()}

    async def __aenter__(self) -> Self:
        for tp, at in self._positions.items():
            if not self.log.first.get(tp.topic, 0) <= at <= len(self.log.topics.get(tp.topic, [])):
                raise Halt(f"{tp.topic}: offset {at} is not in the log")
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None

    @property
    def caught_up(self) -> bool:
        return all(at >= len(self.log.topics.get(tp.topic, [])) for tp, at in self._positions.items())

    async def next(self) -> Batch | None:
        await asyncio.sleep(0)
        for tp, at in self._positions.items():
            records = self.log.topics.get(tp.topic, [])[at:]
            if records:
                self._positions[tp] = at + len(records)
                return tp, [(at + index, key, value) for index, (key, value) in enumerate(records)]
        return None


class Writer:
    """Writes into the log in memory, at once."""

    def __init__(self, _kafka: KafkaSettings, _topic: str) -> None:
        pass

    def write(self, record: IncidentRecord) -> None:
        Reader.log.append(NAMESPACE.incidents, record.key, pack_incident(record))

    async def run(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    Reader.log = Log()
    monkeypatch.setattr(module, "ChangelogReader", Reader)
    monkeypatch.setattr(module, "Writer", Writer)
    return Reader.log


def made(leading: Callable[[], bool] = lambda: True) -> AlertingService:
    return AlertingService(
        KafkaSettings.parse("localhost:1"),
        NAMESPACE,
        AlertingSettings(("http://127.0.0.1:9",)),
        lambda: {CAMPAIGN.id: CAMPAIGN},
        leading=leading,
        learn_s=float("inf"),
    )


def running(work: Callable[[], Awaitable[None]], *services: AlertingService) -> None:
    asyncio.run(scenario(work, *services))


async def scenario(work: Callable[[], Awaitable[None]], *services: AlertingService) -> None:
    """Run services until they have caught up, then the work of a test."""
    tasks = [asyncio.create_task(one.run()) for one in services]
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(until(lambda one=one: one.caught_up, tasks) for one in services))
            await work()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(met: Callable[[], object], tasks: Iterable["asyncio.Task[None]"] = ()) -> None:
    while not met():
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.001)


def incidents(log: Log) -> list[Incident]:
    return [one for one in log.records if isinstance(one, Incident)]


def test_only_the_leader_writes_and_wants_to_tell(log: Log) -> None:
    log.minutes(quiet(0, EVENT))
    leader, follower = made(), made(lambda: False)

    async def work() -> None:
        log.minutes(spike(EVENT, 5, 20))
        await until(lambda: leader.open and follower.open)
        await until(lambda: incidents(log))
        # The row before was a little above the usual: it counts as the beginning.
        assert [one.observed for one in incidents(log)] == [130]
        assert (leader.delivery.queue, follower.delivery.queue) == (1, 0)
        assert leader.open[0].explanation == follower.open[0].explanation is not None
        # The Alertmanager cannot be reached: that is tried and counted.
        await until(lambda: leader.delivery.targets[0].failed)
        assert follower.delivery.targets[0].failed == 0

    running(work, leader, follower)


def test_a_new_leader_says_what_ended_meanwhile(log: Log) -> None:
    log.minutes(quiet(0, EVENT))

    async def first() -> None:
        log.minutes(spike(EVENT, 5, 20))
        await until(lambda: incidents(log))

    running(first, made())
    log.minutes(quiet(EVENT + 5, EVENT + 150))
    second = made()

    async def work() -> None:
        await until(lambda: any(one.resolved_at for one in incidents(log)))
        (incident,) = {one.id: one for one in incidents(log)}.values()
        assert incident.resolved_at is not None
        assert incident.explanation is not None, "from the record of the leader before"
        assert second.delivery.queue == 1

    running(work, second)


def test_old_incidents_found_at_the_first_start_are_written_and_not_told(log: Log) -> None:
    log.minutes([*quiet(0, EVENT), *spike(EVENT, 5, 20), *quiet(EVENT + 5, EVENT + 150)])
    service = made()

    async def work() -> None:
        await until(lambda: incidents(log))
        assert service.delivery.queue == 0
        assert service.delivery.targets[0].failed == 0

    running(work, service)


def test_a_restart_goes_on_from_the_snapshot(log: Log) -> None:
    log.minutes(quiet(0, EVENT))

    async def first() -> None:
        await until(lambda: any(isinstance(one, Snapshot) and one.campaign == "berimo" for one in log.records))

    running(first, made())
    # What the snapshot holds is not read again: it may be gone.
    log.first[NAMESPACE.series] = EVENT - 10
    log.minutes(spike(EVENT, 5, 20))
    service = made()

    async def work() -> None:
        assert [one.observed for one in service.open] == [130]

    running(work, service)


def test_a_log_that_was_made_anew_is_read_from_its_beginning(log: Log) -> None:
    log.minutes(quiet(0, EVENT))

    async def first() -> None:
        await until(lambda: any(isinstance(one, Snapshot) for one in log.records))

    running(first, made())
    log.topics[NAMESPACE.series] = []
    log.minutes(spike(EVENT, 5, 20))
    service = made()

    async def work() -> None:
        assert len(service.open) == 1

    running(work, service)


def test_answers_are_counted_once_and_quiet_an_incident(log: Log) -> None:
    log.minutes([*quiet(0, EVENT), *spike(EVENT, 5, 20)])
    service = made()

    async def work() -> None:
        (incident,) = service.open
        said = Answered("berimo", incident.id, "false_alarm", datetime.now(UTC))
        for _ in range(2):
            log.append(NAMESPACE.feedback, said.subject.encode(), pack_feedback(said))
        await until(lambda: service.incidents[incident.id].quiet)
        assert service.incidents[incident.id].answers == ("false_alarm",)
        assert service.outcomes.answers == {("watch-1 (spikes-2)", "spike", "false_alarm"): 1}

    running(work, service)


@pytest.mark.parametrize("topic", [NAMESPACE.series, NAMESPACE.incidents, NAMESPACE.feedback])
def test_a_record_that_cannot_be_read_ends_the_board_and_is_named(log: Log, topic: str) -> None:
    log.append(topic, b"k", b'{"type": "of the future"}')
    with pytest.raises(Halt, match=rf"{topic}, offset 0: the record cannot be read"):
        asyncio.run(made().run())


def test_weeks_of_minutes_are_learnt_off_the_event_loop(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each minute waits for the loop to turn: were they taken on it, the first would wait for ever."""
    log.minutes(quiet(0, 20))
    turned = threading.Event()
    waited: list[bool] = []
    original = Watching.take

    def take(self: Watching, minute: ClosedMinute) -> list[Change]:
        turned.clear()
        loop.call_soon_threadsafe(turned.set)
        waited.append(turned.wait(20))
        return original(self, minute)

    async def work() -> None:
        assert waited == [True] * 20

    monkeypatch.setattr(Watching, "take", take)
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        runner.run(scenario(work, made()))


def test_minutes_are_taken_in_slices(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 7)
    log.minutes(quiet(0, EVENT))
    log.minutes(spike(EVENT, 5, 60))
    starts: list[int] = []
    original = AlertingService._learn

    def learn(self: AlertingService, topic: str, records: Records, start: int) -> tuple[int, list[Change]]:
        end, changes = original(self, topic, records, start)
        if topic == NAMESPACE.series:
            starts.append(end - start)
        return end, changes

    monkeypatch.setattr(AlertingService, "_learn", learn)
    service = made()

    async def work() -> None:
        assert sum(starts) == EVENT + 5
        assert max(starts) == 7
        # The minute that opened the incident ended its slice.
        assert len(service.open) == 1

    running(work, service)


def test_snapshots_of_many_campaigns_come_one_at_a_turn(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"brand{number}" for number in range(5)]
    for one in quiet(0, 20):
        log.minutes(replace(one, campaign=name) for name in names)
    made_at: list[int] = []
    original = Watching.snapshots

    def snapshots(self: Watching, position: int) -> Iterator[Snapshot]:
        for number, found in enumerate(original(self, position), 1):
            made_at.append(number)
            yield found

    monkeypatch.setattr(Watching, "snapshots", snapshots)

    async def work() -> None:
        await until(lambda: {one.campaign for one in log.records if isinstance(one, Snapshot)} >= set(names))
        assert set(made_at) == {1}

    running(work, made())
