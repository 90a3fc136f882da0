"""A counting plane with everything around it faked: the clock, the broker, recovery."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec

from listener.worker.counting import Counting
from listener.worker.guard import StallGuard
from models.cells import ENTITIES, LIFETIME, PROGRESS, TABLES, lifetime_key, unpack_cell
from models.post import Post
from models.progress import Progress, SetInForce, unpack_progress
from models.trace import Adopted, Record, Trace, adopted_record
from processors.overlay import Chunk, CompiledSet, FlushPlan
from processors.plane import PartitionPlane
from processors.resume import Source, resume
from tests.finding import one_by_one

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


class Ended(BaseException):
    """What the process would have ended with; a BaseException, since nothing may catch it and go on."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Found:
    campaign_id: str


def compiled(version: str = "v1") -> CompiledSet:
    """One campaign, ``brand``."""

    def match(post: Post) -> list[Found]:
        return [Found("brand")] if "brand" in (post.text or "") else []

    return CompiledSet(version, one_by_one(lambda raw: b"brand" in raw), match, {"brand": "UTC"})


def post(number: int, text: str = "a brand", at: datetime = NOON) -> bytes:
    return msgspec.json.encode(
        {
            "event_id": str(number),
            "schema_version": 1,
            "observed_at": at,
            "op": "create",
            "post_id": f"twitter:{number}",
            "platform": "twitter",
            "created_at": at,
            "text": text,
        }
    )


def chunk(first: int, records: int, value: Callable[[int], bytes] = post) -> Chunk:
    offsets = list(range(first, first + records))
    return Chunk(first, first + records, offsets, [NOON_MS] * records, [value(offset) for offset in offsets])


@dataclass
class FakeTail:
    """``found``: what the next look at the changelogs' tail gives; ``gate``: it takes until then."""

    found: dict[str, dict[bytes, bytes | None]] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    reads: int = 0

    async def read(self) -> Mapping[str, Mapping[bytes, bytes | None]]:
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.found


@dataclass
class FakeRecovery:
    """``tables`` outlive a release, as the changelogs do. ``end``: the source's end offset.

    ``last``: what recovery found behind the records that count. ``gate``: it takes until then.
    """

    current: CompiledSet | None = field(default_factory=compiled)
    tables: dict[int, dict[str, dict[bytes, bytes]]] = field(default_factory=dict)
    tails: dict[int, FakeTail] = field(default_factory=dict)
    error: Exception | None = None
    committed: dict[int, int] = field(default_factory=dict)
    end: int = 1_000_000
    last: dict[str, dict[bytes, bytes | None]] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    dropped: int = 0
    trace: Trace = field(default_factory=Trace)

    async def planes(self, partitions: set[int]) -> dict[int, PartitionPlane]:
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            await self.gate.wait()
        return {number: self._plane(number) for number in sorted(partitions)}

    def _plane(self, number: int) -> PartitionPlane:
        tables = self.durable(number)
        found = resume(tables, Source(number, "topic", 0, self.end, self.committed.get(number)))
        sets = [(one.since, compiled(one.version)) for one in found.progress.sets]
        return PartitionPlane(number, tables, found, sets, clock=lambda: NOON)

    def durable(self, number: int) -> dict[str, dict[bytes, bytes]]:
        return self.tables.setdefault(number, {table: {} for table in TABLES})

    def tail(self, number: int) -> FakeTail:
        return self.tails.setdefault(number, FakeTail())

    def behind(self, number: int) -> dict[str, dict[bytes, bytes | None]]:
        return self.last

    def lacking(self, number: int, in_force: Sequence[SetInForce]) -> list[Record]:
        return self.trace.settled("topic", number, in_force)

    def adoption(self, number: int, one: SetInForce, *, begins: bool) -> Record:
        return adopted_record("topic", number, Adopted(one.version, one.since, begins))

    def drop(self) -> None:
        self.dropped += 1


@dataclass
class FakePublisher:
    """Lists the writes. ``hold`` names steps that wait for ``go``, ``fail`` steps that fail."""

    writes: list[tuple[str, int, Any]] = field(default_factory=list)
    hold: set[str] = field(default_factory=set)
    fail: set[str] = field(default_factory=set)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    told: Trace = field(default_factory=Trace)

    async def first(self, partition: int, plan: FlushPlan) -> None:
        await self._write("first", partition, plan)

    async def then(self, partition: int, plan: FlushPlan) -> None:
        await self._write("then", partition, plan)

    async def tables(self, partition: int, tables: Mapping[str, Iterable[tuple[bytes, bytes | None]]]) -> None:
        await self._write("tables", partition, {table: list(records) for table, records in tables.items()})

    async def trace(self, records: Iterable[Record]) -> None:
        told = list(records)
        await self._write("trace", -1, told)
        for key, value in told:
            self.told.take(key, value)

    async def _write(self, step: str, partition: int, what: Any) -> None:
        if step in self.fail:
            raise OSError(f"{step} failed")
        self.writes.append((step, partition, what))
        if step in self.hold:
            await self.go.wait()

    def steps(self) -> list[str]:
        """The writes in their order, the traces for recounts left out."""
        return [step for step, *_ in self.writes if step != "trace"]

    def plans(self, step: str = "first") -> list[FlushPlan]:
        return [what for one, _, what in self.writes if one == step]

    def progress(self) -> list[Progress]:
        """The progress cells that were written without a flush."""
        found = [what[PROGRESS] for step, _, what in self.writes if step == "tables" and PROGRESS in what]
        return [unpack_progress(value) for records in found for _, value in records]


@dataclass
class FakeOffsets:
    commits: list[dict[int, int]] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    error: Exception | None = None

    async def commit(self, offsets: dict[int, int]) -> None:
        if self.error is not None:
            raise self.error
        self.commits.append(offsets)

    def highwater(self, partition: int) -> int | None:
        return self.ends.get(partition)


@dataclass
class Rig:
    """A counting plane and its surroundings. ``ended``: the errors with which the process would have ended."""

    clock: Clock
    recovery: FakeRecovery
    publisher: FakePublisher
    offsets: FakeOffsets
    counting: Counting
    ended: list[BaseException]

    def mentions(self, partition: int = 0) -> int:
        """The durable mentions of the campaign."""
        key = lifetime_key(f"brand|social.posts.v1|{partition}|twitter")
        value = self.recovery.durable(partition)[LIFETIME].get(key)
        return 0 if value is None else unpack_cell(value).counters[0]

    def entities(self, partition: int = 0) -> int:
        return len(self.recovery.durable(partition)[ENTITIES])

    async def later(self, seconds: float) -> None:
        """The clock moves on, in steps that a session survives, and the loop beside runs."""
        while seconds > 0:
            step = min(seconds, 5.0)
            self.clock.now += step
            seconds -= step
            await settled()


async def settled() -> None:
    """Everything that can go on without time or a broker's answer has gone on."""
    for _ in range(30):
        await asyncio.sleep(0)


def make_rig() -> Rig:
    """A rig without partitions yet."""
    ended: list[BaseException] = []

    def end(error: BaseException) -> NoReturn:
        ended.append(error)
        raise Ended(error)

    clock, recovery, offsets = Clock(), FakeRecovery(), FakeOffsets()
    publisher = FakePublisher(told=recovery.trace)
    guard = StallGuard(10.0, now=clock, end=end)
    counting = Counting(recovery, publisher, guard, offsets, end=end, now=clock)  # type: ignore[arg-type]
    return Rig(clock, recovery, publisher, offsets, counting, ended)


def play(scenario: Callable[[Rig], Awaitable[None]]) -> Rig:
    """Play a scenario with the loop beside running as fast as it can; an error that ended that loop is raised."""

    async def whole() -> Rig:
        rig = make_rig()
        loop = asyncio.create_task(rig.counting.run())
        try:
            await scenario(rig)
        finally:
            loop.cancel()
            await asyncio.wait([loop])
        if not loop.cancelled() and not isinstance(loop.exception(), Ended):
            await loop
        return rig

    return asyncio.run(whole())
