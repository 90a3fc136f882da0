"""A seeded stream of posts and all that happens to them, and a producer that remembers where each record landed."""

import asyncio
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer

from listener.inputs.reading import partition
from listener.kafka.settings import KafkaSettings

#: Posts that may still be updated, liked or deleted.
FOLLOWED = 2_000
_TICK_S = 0.02
_BATCH_BYTES = 900_000
#: Records on their way; beyond that the stream waits, as a source would.
_MOST_WAITING = 1_000
_TEXTS = (
    "snapp is late again",
    "اسنپ امروز خوب بود",
    "tapsi was cheap",
    "تپسی بهتر است یا اسنپ؟",
    "mellat bank is closed",
    "snapp and mellat",
)
_QUIET = ("nothing to see", "هوا خوب است", "a day like any other")
#: Weights of what comes next, once there are posts.
_KINDS = {"match": 50, "quiet": 15, "like": 16, "edit": 6, "delete": 3, "again": 4, "stale": 3, "late": 2, "behind": 1}


class Hurried:
    """A clock that begins ``days`` ago and runs ``speed`` times too fast until it has reached the present."""

    def __init__(self, days: float = 0.0, speed: float = 1.0) -> None:
        self._real = time.time()
        self._from = datetime.now(UTC) - timedelta(days=days)
        self._speed = speed

    def __call__(self) -> datetime:
        return min(datetime.now(UTC), self._from + timedelta(seconds=(time.time() - self._real) * self._speed))


@dataclass
class PostStream:
    """Endless (key, value). What comes is decided by ``rng`` alone; ``clock`` dates it. ``poison`` is a share."""

    rng: Random
    clock: Callable[[], datetime] = field(default_factory=Hurried)
    poison: float = 0.02
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _known: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=FOLLOWED))

    def next(self) -> tuple[bytes, bytes]:
        if self.rng.random() < self.poison:
            return self._spoiled()
        kinds = _KINDS if self._known else {"match": 1}
        record = getattr(self, f"_{self.rng.choices(list(kinds), list(kinds.values()))[0]}")()
        return _key(record), json.dumps(record, ensure_ascii=False).encode()

    def _match(self, **fields: Any) -> dict[str, Any]:
        record = self._post(self.rng.choice(_TEXTS)) | fields
        self._known.append(record)
        return record

    def _quiet(self) -> dict[str, Any]:
        return self._post(self.rng.choice(_QUIET))

    def _late(self) -> dict[str, Any]:
        """Written long before it was seen."""
        return self._match(created_at=(self.clock() - timedelta(hours=60)).isoformat())

    def _behind(self) -> dict[str, Any]:
        """Seen long ago, and only delivered now."""
        long_ago = (self.clock() - timedelta(hours=50)).isoformat()
        return self._match(created_at=long_ago, observed_at=long_ago)

    def _like(self) -> dict[str, Any]:
        known = self._pick()
        known["counts"] = {name: amount + self.rng.randint(0, 9) for name, amount in known["counts"].items()}
        known["observed_at"] = self.clock().isoformat()
        record = known | {"op": "engagement"}
        record.pop("text")
        return record

    def _edit(self) -> dict[str, Any]:
        known = self._pick()
        known |= {"text": self.rng.choice(_TEXTS + _QUIET), "observed_at": self.clock().isoformat()}
        return known | {"op": "update"}

    def _delete(self) -> dict[str, Any]:
        known = self._pick()
        known["observed_at"] = self.clock().isoformat()
        record = known | {"op": "delete"}
        record.pop("text")
        return record

    def _again(self) -> dict[str, Any]:
        return dict(self._known[-1])

    def _stale(self) -> dict[str, Any]:
        return self._pick() | {"observed_at": (self.clock() - timedelta(hours=1)).isoformat(), "op": "update"}

    def _pick(self) -> dict[str, Any]:
        return self._known[self.rng.randrange(len(self._known))]

    def _post(self, text: str) -> dict[str, Any]:
        number, now = next(self._numbers), self.clock().isoformat()
        return {
            "event_id": f"e{number}",
            "schema_version": 1,
            "observed_at": now,
            "op": "create",
            "post_id": f"twitter:{number}",
            "platform": "twitter",
            "created_at": now,
            "text": text,
            "counts": {"likes": self.rng.randint(0, 5), "shares": 0, "comments": 1},
        }

    def _spoiled(self) -> tuple[bytes, bytes]:
        record = self._post("snapp is poisoned")
        sound = json.dumps(record, ensure_ascii=False).encode()
        return _key(record), self.rng.choice(POISON)(sound)


def _key(record: dict[str, Any]) -> bytes:
    return str(record["post_id"]).encode()


#: What a source sends on a bad day, made of a sound record.
POISON: tuple[Callable[[bytes], bytes], ...] = (
    lambda sound: sound[:-30],
    lambda _: b"<html>504</html>",
    lambda _: b"",
    lambda _: b"null",
    lambda sound: sound.replace(b"snapp", b"snapp \xd8\xff"),
    lambda sound: sound.replace(b"snapp", b"snapp \\ud800"),
    lambda sound: sound.replace(b"snapp", b"snapp \x00"),
    lambda _: b'{"text": "snapp", "x": ' + b"[" * 100_000,
    lambda sound: sound.replace(b'"likes": ', b'"likes": -'),
    lambda sound: sound.replace(b'"likes": ', b'"likes": "many", "x": '),
    lambda sound: sound.replace(b'"op": "create"', b'"op": "boost"'),
    lambda sound: sound.replace(b'"observed_at": "20', b'"observed_at": "99'),
    lambda sound: sound.replace(b'"created_at": "20', b'"created_at": "99'),
    lambda sound: sound.replace(b'"created_at": "20', b'"created_at": "00'),
    lambda sound: sound.replace(b'"post_id"', b'"id"'),
    lambda sound: sound.replace(b'"text"', b'"body"'),
)

#: Value and Kafka timestamp in epoch milliseconds.
Landed = tuple[bytes, int]


class Load(threading.Thread):
    """Produces ``rate`` records a second from a stream, until ``end``; all must be acknowledged."""

    def __init__(self, kafka: KafkaSettings, topic: str, partitions: int, stream: PostStream, rate: int) -> None:
        super().__init__(daemon=True)
        self.kafka, self.topic, self.partitions, self.stream, self.rate = kafka, topic, partitions, stream, rate
        self.landed: dict[int, dict[int, Landed]] = {number: {} for number in range(partitions)}
        self.sent = 0
        self.began = self.ended = 0.0
        self.error: BaseException | None = None
        self._over = threading.Event()

    def ends(self) -> dict[int, int]:
        """The next offset of every partition, as acknowledged."""
        return {number: max(landed, default=-1) + 1 for number, landed in self.landed.items()}

    def reach(self, sent: int, meanwhile: Callable[[], None], seconds: float = 240.0) -> None:
        """Wait until so many records are out."""
        deadline = time.monotonic() + seconds
        while self.sent < sent:
            if self.error or time.monotonic() > deadline:
                raise AssertionError(f"{self.sent} of {sent} records were sent") from self.error
            meanwhile()
            time.sleep(0.05)

    def end(self) -> None:
        """No more records; wait until all are acknowledged."""
        self._over.set()
        self.join(180)
        if self.error or self.is_alive():
            raise AssertionError("not all records were acknowledged") from self.error

    def give_up(self) -> None:
        """No more records, whatever became of the last ones: a producer left behind would disturb the next scenario."""
        self._over.set()
        self.join(10)

    def run(self) -> None:
        try:
            asyncio.run(self._produce())
        except BaseException as error:
            self.error = error

    async def _produce(self) -> None:
        # Outages are part of the plan: nothing may be given up, nor sent twice.
        producer = AIOKafkaProducer(
            **self.kafka.aiokafka(),
            enable_idempotence=True,
            request_timeout_ms=120_000,
            retry_backoff_ms=200,
            linger_ms=5,
            # Room for all that waits: who waits for room is served in no order, and one may starve.
            max_batch_size=_BATCH_BYTES,
        )
        await producer.start()
        try:
            self.began = time.time()
            due, waiting = time.monotonic(), set[asyncio.Task[None]]()
            while not self._over.is_set():
                due += 1 / self.rate
                task = asyncio.create_task(self._send(producer, *self.stream.next()))
                waiting.add(task)
                task.add_done_callback(self._sent(waiting))
                if due - time.monotonic() > _TICK_S:
                    await asyncio.sleep(due - time.monotonic())
                elif len(waiting) > _MOST_WAITING:
                    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    due = time.monotonic()
            self.ended = time.time()
            await asyncio.gather(*waiting)
        finally:
            await producer.stop()

    def _sent(self, waiting: set[asyncio.Task[None]]) -> Callable[[asyncio.Task[None]], None]:
        def done(task: asyncio.Task[None]) -> None:
            waiting.discard(task)
            self.error = self.error or (None if task.cancelled() else task.exception())

        return done

    async def _send(self, producer: AIOKafkaProducer, key: bytes, value: bytes) -> None:
        future = await producer.send(self.topic, value, key, partition(key, self.partitions))
        self.note(await future, value)

    def note(self, metadata: Any, value: bytes) -> None:
        """A record was acknowledged."""
        self.landed[metadata.partition][metadata.offset] = value, metadata.timestamp
        self.sent += 1
