import asyncio
from typing import Any

import pytest

from listener.demo.producing import RealTime, Sent, produce
from listener.inputs.reading import partition
from listener.inputs.records import InputRecord


def record(key: str, value: bytes = b"{}") -> InputRecord:
    return InputRecord(key.encode(), value, (("h", b"1"),), "file", 1)


class Metadata:
    def __init__(self, offset: int) -> None:
        self.offset = offset


class FakeProducer:
    def __init__(self, fail_at: int | None = None) -> None:
        self.sent: list[tuple[str, bytes, bytes, int, list[tuple[str, bytes]]]] = []
        self.fail_at = fail_at

    async def send(self, topic: str, value: bytes, key: bytes, *, partition: int, headers: Any) -> Any:
        future: asyncio.Future[Metadata] = asyncio.get_running_loop().create_future()
        self.sent.append((topic, value, key, partition, headers))
        if len(self.sent) == self.fail_at:
            future.set_exception(OSError("refused"))
        else:
            future.set_result(Metadata(sum(one[3] == partition for one in self.sent) - 1))
        return future


def send(records: list[InputRecord], producer: FakeProducer) -> Sent:
    sent = Sent()
    asyncio.run(produce(records, producer, "p.", 3, sent=sent, clock=lambda: 0.0))
    return sent


def test_records_go_in_order_to_the_partition_of_their_key() -> None:
    records = [record(str(number), str(number).encode()) for number in range(1200)]
    producer = FakeProducer()
    sent = send(records, producer)
    expected = [("p.social.posts.v1", r.value, r.key, partition(r.key, 3), [("h", b"1")]) for r in records]
    assert producer.sent == expected
    assert sent.records == 1200
    assert sum(sent.next_offsets.values()) == 1200


@pytest.mark.parametrize("fail_at", [1, 700, 1200])
def test_a_record_that_kafka_refuses_ends_it(fail_at: int) -> None:
    with pytest.raises(OSError, match="refused"):
        send([record(str(number)) for number in range(1200)], FakeProducer(fail_at))


def test_it_waits_as_long_as_the_pace_says() -> None:
    class Hesitant:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def wait_s(self, record: InputRecord, number: int, now: float) -> float:
            self.asked.append(number)
            return 0.006 if len(self.asked) % 3 else 0.0

    pace = Hesitant()
    asyncio.run(produce([record("a"), record("b")], FakeProducer(), "t", 1, sent=Sent(), pace=pace, clock=lambda: 0.0))
    assert pace.asked == [0, 0, 0, 1, 1, 1]


def at(moment: str) -> InputRecord:
    return record("k", b'{"observed_at":"2018-05-05T%s"}' % moment.encode())


def test_real_time_follows_the_records_own_time() -> None:
    pace = RealTime(speed=10)
    assert pace.wait_s(at("10:00:00Z"), 0, now=100.0) == 0
    assert pace.wait_s(at("10:00:30Z"), 0, now=101.0) == pytest.approx(2)
    assert pace.wait_s(at("09:59:00Z"), 0, now=103.0) < 0
    assert pace.wait_s(at("10:01:00Z"), 0, now=107.0) == pytest.approx(-1)


@pytest.mark.parametrize("value", [b"no", b"{}", b'{"observed_at":7}', b"\xff", b"[" * 99_999])
def test_a_record_without_a_time_does_not_wait(value: bytes) -> None:
    pace = RealTime(speed=1)
    pace.wait_s(at("10:00:00Z"), 0, now=0.0)
    assert pace.wait_s(record("k", value), 0, now=0.0) == 0
