"""Records and cursors on Kafka: topics, keys, tombstones, and what a failing cluster means."""

import asyncio
import io
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError

from listener.errors import Halt
from listener.sources.kit.output import Outgoing
from listener.sources.kit.sinks import KafkaSink, StdoutSink, _take
from models.topics import Namespace

RECORD = Outgoing("social.posts.v1", b"forum:1", b"{}")


class Producer:
    """Keeps what it is sent; acknowledges, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, bytes | None, bytes]] = []
        self._error = error

    async def send(self, topic: str, value: bytes | None, key: bytes) -> asyncio.Future[None]:
        self.sent.append((topic, value, key))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._error:
            future.set_exception(self._error)
        else:
            future.set_result(None)
        return future


def test_records_and_cursors_have_their_topics_and_keys() -> None:
    producer = Producer()
    sink = KafkaSink(producer, Namespace(prefix="a."), "press")

    async def scenario() -> None:
        await sink.send([RECORD])
        await sink.save({"": {"seq": 1}, "https://x/rss": [1], "gone": None})

    asyncio.run(scenario())
    assert producer.sent[0] == ("a.social.posts.v1", b"{}", b"forum:1")
    assert [(topic, key) for topic, _, key in producer.sent[1:]] == [
        ("a.listener.source_cursors.v1", key) for key in (b"press", b"press|https://x/rss", b"press|gone")
    ]
    found: dict[str, Any] = {"gone": 1}
    for _, value, key in producer.sent[1:]:
        _take(found, "press", key, value)
        _take(found, "other", key, value)
    assert found == {"": {"seq": 1}, "https://x/rss": [1]}


def test_a_cluster_that_takes_nothing_ends_the_process() -> None:
    sink = KafkaSink(Producer(KafkaTimeoutError()), Namespace(), "press")
    for work in (lambda: sink.send([RECORD]), lambda: sink.save({"": 1})):
        with pytest.raises(Halt, match="read again after a restart"):
            asyncio.run(work())


def test_standard_output_gets_a_line_for_each() -> None:
    stream = io.BytesIO()
    asyncio.run(StdoutSink(stream).send([RECORD, RECORD]))
    asyncio.run(StdoutSink(stream).save({"": 1}))
    assert stream.getvalue() == b"{}\n{}\n"
