"""What a broker does too rarely to be asked for it; the rest is in tests/integration/test_changelog.py."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from listener.changelog import _CLOSED, ChangelogReader, _Fetches
from listener.kafka.settings import KafkaSettings
from listener.loop import Loop

FULL, GAP = TopicPartition("t", 0), TopicPartition("t", 1)
KAFKA = KafkaSettings(("127.0.0.1:1",))


class Consumer:
    """The part of aiokafka's consumer that a reader steers, and the answers that its fetcher has had."""

    def __init__(self, **answered: int | None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._fetcher = SimpleNamespace(_records={})
        self._states = {
            tp: SimpleNamespace(timestamp=answered[name], highwater=10) for tp, name in ((FULL, "full"), (GAP, "gap"))
        }
        assignment = SimpleNamespace(state_value=self._states.__getitem__)
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))

    def assignment(self) -> set[TopicPartition]:
        return set(self._states)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.calls.append(("seek", tp, offset))

    def pause(self, *tps: TopicPartition) -> None:
        self.calls.append(("pause", *tps))

    def resume(self, *tps: TopicPartition) -> None:
        self.calls.append(("resume", *sorted(tps)))


def test_an_end_is_believed_when_every_partition_has_answered_without_records() -> None:
    fetches = _Fetches(Consumer(full=1, gap=1))
    assert fetches.empty([FULL, GAP]) == {FULL: 10, GAP: 10}
    assert fetches.empty([FULL, GAP]) is None, "the next time needs new answers"


def test_an_empty_answer_beside_records_or_silence_proves_nothing() -> None:
    assert _Fetches(Consumer(full=None, gap=1)).empty([FULL, GAP]) is None
    consumer = Consumer(full=1, gap=1)
    consumer._fetcher._records[FULL] = object()
    assert _Fetches(consumer).empty([FULL, GAP]) is None


def test_only_the_partitions_that_are_still_read_need_to_answer() -> None:
    assert _Fetches(Consumer(full=None, gap=1)).empty([GAP]) == {GAP: 10}


def test_a_gap_at_the_end_of_a_log_is_passed() -> None:
    """Compaction may remove the last records of a log: its end is never reached by reading."""
    consumer = Consumer(full=1, gap=1)

    async def scenario() -> ChangelogReader:
        reader = ChangelogReader(KAFKA, {FULL: None, GAP: None})
        await reader._consumer.stop()
        reader._consumer, reader._fetches = consumer, _Fetches(consumer)
        consumer._fetcher = SimpleNamespace(
            _records={},
            _fetch_task=asyncio.get_running_loop().create_future(),
            _create_fetch_waiter=asyncio.get_running_loop().create_future,
        )
        reader.positions, reader._goals, reader._unread = {FULL: 10, GAP: 7}, {FULL: 10, GAP: 10}, {GAP}
        assert await reader.next(0.001) is None
        return reader

    reader = asyncio.run(scenario())
    assert reader.caught_up
    assert reader.positions == {FULL: 10, GAP: 10}
    assert consumer.calls == [("seek", GAP, 10), ("pause", GAP), ("resume", FULL, GAP)]


def test_a_connection_that_was_just_closed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker died between two requests, and the event loop knew it before aiokafka: a board ended by that once."""
    monkeypatch.setattr("listener.changelog._AGAIN_S", 0.0)
    answers: list[Exception | int] = [
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
        KafkaConnectionError("gone"),
        7,
    ]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def scenario() -> None:
        reader = ChangelogReader(KAFKA, {})
        assert await reader._patiently(ask) == 7
        answers[:] = [RuntimeError("something else")]
        with pytest.raises(RuntimeError, match="something else"):
            await reader._patiently(ask)

    asyncio.run(scenario())


def test_uvloop_still_says_so() -> None:
    """The words are uvloop's own: with other ones boards would end again."""

    async def scenario() -> None:
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=_CLOSED):
            writer.write(b"x")
        server.close()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(scenario())
