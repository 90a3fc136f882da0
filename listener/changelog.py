"""Reading changelogs: fast, without a consumer group and without Faust. Recovery and boards read the same way.

A changelog is compacted: from its beginning to its end it *is* the state. aiokafka's fetcher is drained directly, since
wrapping every record in a ConsumerRecord costs several times what merging it does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

import listener.kafka.frames  # noqa: F401 - how fetches are read
from listener.errors import Halt, UsageProblem
from listener.kafka.batches import naming
from listener.kafka.settings import KafkaSettings

_log = logging.getLogger("listener.changelog")

#: (offset, key, value) each; a value of None is a tombstone.
Records = list[tuple[int, bytes, bytes | None]]
#: The records of one fetch from one partition.
Batch = tuple[TopicPartition, Records]
Take = Callable[[TopicPartition, Records], None]

#: Per partition: above the largest batch that a broker takes, and no more than the event loop can spare at a time.
_FETCH_BYTES: Final = 2 * 1024 * 1024
_FETCH_MAX_BYTES: Final = 32 * 1024 * 1024
#: Seconds after which a missing answer is worth a line in the log, and between two attempts.
_SILENCE_S: Final = 10.0
_AGAIN_S: Final = 1.0
#: A topic that was just created is not known to every broker at once.
_UNKNOWN_TRIES: Final = 4
_UNKNOWN_PAUSE_S: Final = 0.5
_WAIT_S: Final = 0.5

#: What uvloop says when something is written to a connection that is closed.
_CLOSED: Final = "the handler is closed"


class LostRecords(Halt):
    """A position is not in the log: records before it are lost, or the topic was made anew."""


class ChangelogReader:
    """Reads partitions from given offsets on, for as long as it is asked. Use as an async context manager.

    ``positions``: the next offset per partition; give None for a partition to be read from its beginning.
    ``silent``: whether Kafka has not answered for a while; a broker that goes away while it reads is waited for.
    Raises UsageProblem on entry where no broker answers or a partition does not exist, and LostRecords where records
    between a position and the end were lost.
    """

    def __init__(self, kafka: KafkaSettings, positions: Mapping[TopicPartition, int | None]) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self._wanted = dict(positions)
        self._goals: dict[TopicPartition, int] = {}
        self._unread: set[TopicPartition] = set()
        self._heard = 0.0
        self.silent = False
        self._servers = ", ".join(kafka.bootstrap_servers)
        self._consumer = AIOKafkaConsumer(
            **kafka.aiokafka(),
            group_id=None,
            enable_auto_commit=False,
            # A position that the log does not have means lost records; starting over in silence would hide it.
            auto_offset_reset="none",
            fetch_max_bytes=_FETCH_MAX_BYTES,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._fetches = _Fetches(self._consumer)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._consumer.stop()

    @property
    def caught_up(self) -> bool:
        """Whether all that was there on entry has been read."""
        return not self._unread

    @property
    def unread(self) -> int:
        """Records, as offsets count them, between the positions and what was the end on entry."""
        return sum(self._goals[tp] - self.positions[tp] for tp in self._unread)

    @property
    def ends(self) -> dict[TopicPartition, int]:
        """The end offset of every partition as last seen."""
        return {tp: max(goal, self._consumer.highwater(tp) or 0) for tp, goal in self._goals.items()}

    async def present_ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The end offsets as the brokers report them now: all that was acknowledged before is before them."""
        ends: dict[TopicPartition, int] = await self._patiently(lambda: self._consumer.end_offsets(list(partitions)))
        return ends

    async def next(self, seconds: float = _WAIT_S) -> Batch | None:
        """What has been fetched from one partition, waiting up to ``seconds`` for it; None when nothing came.

        ``positions`` is behind what is returned: apply it before the next await.
        """
        try:
            found = await self._fetches.take(seconds)
        except TopicAuthorizationFailedError as error:
            raise self._not_allowed(error) from error
        except KafkaError as error:
            raise Halt(
                f"a changelog cannot be read on ({error!r}): records are lost or the topic was made anew. A restart "
                "reads it from its beginning."
            ) from error
        if found is None:
            self._skip_gaps()
            return None
        tp, records, position = found
        self._note_answer()
        self._advance(tp, position)
        return tp, records

    async def _start(self) -> None:
        try:
            await self._consumer.start()
        except KafkaError as error:
            raise UsageProblem(
                f"Kafka at {self._servers} does not answer ({error}). Check --bootstrap-servers and the security "
                "options; `listener kafka` starts a broker on this machine."
            ) from error
        await self._require(self._wanted)
        tps = list(self._wanted)
        self._consumer.assign(tps)
        # Until the offsets are known: a partition without a position would be reset by the fetcher.
        self._consumer.pause(*tps)
        for tp in tps:
            self._consumer.seek(tp, 0)
        first = await self._patiently(lambda: self._consumer.beginning_offsets(tps))
        self._goals = await self._patiently(lambda: self._consumer.end_offsets(tps))
        for tp, wanted in self._wanted.items():
            self._seek(tp, first[tp] if wanted is None else wanted, first[tp])
        self._unread = {tp for tp in tps if self.positions[tp] < self._goals[tp]}
        self._consumer.resume(*(self._unread or tps))
        self._heard = self._now()

    def _seek(self, tp: TopicPartition, position: int, first: int) -> None:
        if not first <= position <= self._goals[tp]:
            raise LostRecords(
                f"{tp.topic}, partition {tp.partition}: offset {position} is asked for, but the log has {first} to "
                f"{self._goals[tp]}: records are lost or the topic was made anew. A restart reads from its beginning."
            )
        self._consumer.seek(tp, position)
        self.positions[tp] = position

    async def _require(self, partitions: Collection[TopicPartition]) -> None:
        for attempt in range(_UNKNOWN_TRIES):
            if attempt:
                await asyncio.sleep(_UNKNOWN_PAUSE_S)
            known = await self._patiently(self._fetches.partitions)
            missing = [tp for tp in partitions if tp.partition not in known.get(tp.topic, ())]
            if not missing:
                return
        topic, partition = missing[0]
        what = f"topic {topic} has no partition {partition}" if topic in known else f"there is no topic {topic}"
        raise UsageProblem(f"{what}: `listener topics create` makes what is missing, `listener topics check` compares.")

    async def _patiently(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, asked for until it comes."""
        while True:
            try:
                return await ask()
            except TopicAuthorizationFailedError as error:
                raise self._not_allowed(error) from error
            except RuntimeError as error:
                # A KafkaError is one. uvloop raises its own where a connection was closed a moment before, and aiokafka
                # expects an OSError there.
                if not isinstance(error, KafkaError) and _CLOSED not in str(error):
                    raise
                _log.warning("Kafka at %s does not answer (%s), trying on", self._servers, error)
                await asyncio.sleep(_AGAIN_S)

    def _advance(self, tp: TopicPartition, position: int) -> None:
        """Note what was read; a partition at its end rests until the others are there, so that they get all fetches."""
        self.positions[tp] = position
        if tp in self._unread and position >= self._goals[tp]:
            self._unread.remove(tp)
            self._consumer.pause(tp)
            if not self._unread:
                self._consumer.resume(*self.positions)

    def _skip_gaps(self) -> None:
        """Move past offsets at the end of a log whose records compaction has removed: nothing will ever come there."""
        empty = self._fetches.empty(self._unread or self.positions)
        if empty is None:
            self._note_silence()
            return
        self._note_answer()
        for tp, end in empty.items():
            if end > self.positions[tp]:
                self._consumer.seek(tp, end)
                self._advance(tp, end)

    def _note_answer(self) -> None:
        self._heard = self._now()
        if self.silent:
            self.silent = False
            _log.info("Kafka at %s answers again", self._servers)

    def _note_silence(self) -> None:
        if not self.silent and self._now() - self._heard > _SILENCE_S:
            self.silent = True
            _log.warning("no answer from Kafka at %s for %.0f s, trying on", self._servers, _SILENCE_S)

    def _not_allowed(self, error: KafkaError) -> UsageProblem:
        return UsageProblem(f"Kafka at {self._servers} does not let us read ({error}). Ask for the missing ACL.")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def read_from(
    kafka: KafkaSettings,
    positions: Mapping[TopicPartition, int | None],
    take: Take,
    left: Callable[[int], None] | None = None,
) -> dict[TopicPartition, int]:
    """Hand all records from ``positions`` to the present ends to ``take``; returns the new positions.

    ``left`` is told how many are left to read, again and again.
    """
    if not positions:
        return {}
    async with ChangelogReader(kafka, positions) as reader:
        while not reader.caught_up:
            if left is not None:
                left(reader.unread)
            batch = await reader.next()
            if batch is not None:
                take(*batch)
        return reader.positions


async def read_to_end(
    kafka: KafkaSettings,
    partitions: Iterable[TopicPartition],
    take: Take,
    left: Callable[[int], None] | None = None,
) -> dict[TopicPartition, int]:
    """``read_from`` the beginnings."""
    return await read_from(kafka, dict.fromkeys(partitions), take, left)


class _Fetches:
    """All that we touch of what aiokafka 0.14 keeps to itself.

    Its fetcher puts the answer for each partition, undecoded, into ``_records`` and asks for more once it is taken out.
    ``timestamp`` of a partition's state is set with every answer to a fetch from its present position.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def partitions(self) -> dict[str, set[int]]:
        """The partitions of every topic; asking for one that does not exist could create it."""
        cluster = await self._consumer._client.fetch_all_metadata()
        return {topic: cluster.partitions_for_topic(topic) for topic in cluster.topics()}

    async def take(self, seconds: float) -> tuple[TopicPartition, Records, int] | None:
        """Records of one partition and the offset behind them; raises what the broker answered instead of records."""
        fetcher = self._consumer._fetcher
        if not fetcher._records:
            if fetcher._fetch_task.done():
                raise KafkaError("the fetcher has ended") from fetcher._fetch_task.exception()
            waiter = fetcher._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=seconds)
            if not done:
                waiter.cancel()
        while fetcher._records:
            tp, result = fetcher._records.popitem(last=False)
            fetcher._notify(fetcher._wait_consume_future)
            if type(result) is not FetchResult:
                result.check_raise()
            elif result.check_assignment(tp):
                fetched = result._partition_records
                with naming(tp):
                    records = _unpack(fetched)
                result._update_position()
                self._forget_answers()
                return tp, records, fetched.next_fetch_offset
        return None

    def empty(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int] | None:
        """The ends of partitions, when each of them has answered since the last records and none had any; else None.

        One empty answer proves nothing: a broker leaves partitions empty when others have filled the fetch. But a
        fetch that brought nothing at all means that no partition in it has records up to its end.
        """
        states = {tp: self._state(tp) for tp in partitions}
        if self._consumer._fetcher._records or any(state.timestamp is None for state in states.values()):
            return None
        self._forget_answers()
        return {tp: state.highwater for tp, state in states.items()}

    def _forget_answers(self) -> None:
        for tp in self._consumer.assignment():
            self._state(tp).timestamp = None

    def _state(self, tp: TopicPartition) -> Any:
        return self._consumer._subscription.subscription.assignment.state_value(tp)


def _unpack(fetched: Any) -> Records:
    """The records of a fetch; the position goes past what compaction removed and past transaction markers."""
    fetched._records_iterator = None  # it holds the fetch buffer
    begin = fetched.next_fetch_offset
    out: Records = []
    records = fetched._records
    while records.has_next():
        batch = records.next_batch()
        if not batch.is_control_batch:
            out += [(record.offset, record.key, record.value) for record in batch]
        fetched.next_fetch_offset = batch.next_offset
    if out and out[0][0] < begin:
        # Batches are fetched whole: the first may begin before the offset that was asked for.
        out = [record for record in out if record[0] >= begin]
    return out
