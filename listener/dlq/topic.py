"""The dead letters topic: read to its end, and dealt with in transactions.

A record that is produced again and the note of it are one transaction: whatever ends the command, no second run
produces a record again that the first did. The transactional id also fences a second run at the same time.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from kafka.errors import NoError, for_code
from msgspec import Struct

from listener.changelog import Records, read_to_end
from listener.errors import UsageProblem
from listener.inputs.reading import partition
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from listener.worker.publisher import RECORD_BYTES
from models.cells import PROGRESS
from models.outcome import HEADER_REPLAY, DeadLetter
from models.progress import unpack_progress
from models.streams import STREAM_BY_TOPIC
from models.topics import Namespace
from processors.letters import Letters, Policy, Standing, note, whole_value

#: (topic, partition) → offset up to which its records came while the topic had fewer partitions.
Moved = dict[tuple[str, int], int]

_TRANSACTION: Final = 200
_WAIT_MS: Final = 500


class Done(Struct):
    """What a replay did. ``cut``: letters that hold only the beginning of their record, left as they are."""

    replayed: int = 0
    dropped: int = 0
    cut: int = 0


def transactional_id(namespace: Namespace) -> str:
    """Under which replays of a namespace are fenced; an ACL needs it."""
    return f"{namespace.app}-dlq"


async def read_letters(kafka: KafkaSettings, namespace: Namespace) -> Letters:
    """All letters and notes that are there now. UsageProblem where there is no such topic or no answer."""
    letters = Letters()
    partitions = await asyncio.to_thread(_partitions, kafka, namespace.dead_letters)
    consumer = AIOKafkaConsumer(
        **kafka.aiokafka(), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        tps = [TopicPartition(namespace.dead_letters, number) for number in range(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                for record in records:
                    _take(letters, record.value, record.partition)
    except KafkaError as error:
        raise UsageProblem(f"{namespace.dead_letters} cannot be read: {error}.") from error
    finally:
        await consumer.stop()
    return letters


def _partitions(kafka: KafkaSettings, topic: str) -> int:
    with admin_client(kafka) as admin:
        (found,) = admin.describe_topics([topic])
    if for_code(found["error_code"]) is not NoError:
        raise UsageProblem(f"there is no topic {topic}: `listener topics create` makes what is missing.")
    return len(found["partitions"])


def _take(letters: Letters, value: bytes | None, partition: int) -> None:
    if value is None:
        return
    try:
        letters.take(msgspec.json.decode(value, type=DeadLetter), partition)
    except msgspec.DecodeError as error:
        raise UsageProblem(f"a dead letter is none ({error}): something else writes to the topic.") from error


async def deal_with(
    kafka: KafkaSettings,
    namespace: Namespace,
    chosen: Iterable[Standing],
    policy: Policy,
    now: datetime,
    say: Callable[[str], None],
) -> Done:
    """Produce the records of letters again, or drop them; each is noted in the same transaction."""
    done = Done()
    standing = list(chosen)
    moved = await _moved(kafka, namespace, (one.letter for one in standing))
    producer = AIOKafkaProducer(
        **kafka.aiokafka(), transactional_id=transactional_id(namespace), max_request_size=RECORD_BYTES
    )
    try:
        await producer.start()
    except KafkaError as error:
        raise UsageProblem(f"no transaction can be begun ({error}). Check the ACLs and that Kafka answers.") from error
    try:
        waiting = iter(standing)
        while some := list(islice(waiting, _TRANSACTION)):
            async with producer.transaction():
                for one in some:
                    await _send(producer, namespace, one, policy, now, moved, done)
            say(f"{done.replayed + done.dropped:,} letters dealt with")
    finally:
        await producer.stop()
    return done


async def _moved(kafka: KafkaSettings, namespace: Namespace, letters: Iterable[DeadLetter]) -> Moved:
    """Of the partitions that the letters are from."""
    topics = {(one.topic, one.partition) for one in letters if one.topic in STREAM_BY_TOPIC}
    asked = {
        TopicPartition(namespace.changelog(STREAM_BY_TOPIC[topic].table(PROGRESS)), number): (topic, number)
        for topic, number in topics
    }
    moved: Moved = {}

    def take(tp: TopicPartition, records: Records) -> None:
        for _, _, value in records:
            if value is not None:
                progress = unpack_progress(value)
                moved[asked[tp]] = progress.moved - progress.base

    await read_to_end(kafka, asked, take)
    return moved


def landing(letter: DeadLetter, moved: Moved, partitions: int) -> int:
    """Where a record is produced again.

    All records of an entity stay in one partition, however that was chosen: where the first attempt was, unless the
    topic got more partitions since (``listener repartition``), which goes by the key.
    """
    if letter.offset > moved.get((letter.topic, letter.partition), -1) or letter.origin_key is None:
        return letter.partition
    return partition(letter.origin_key, partitions)


async def _send(
    producer: AIOKafkaProducer,
    namespace: Namespace,
    one: Standing,
    policy: Policy,
    now: datetime,
    moved: Moved,
    done: Done,
) -> None:
    letter = one.letter
    if policy == "drop":
        done.dropped += 1
    else:
        value = whole_value(letter)
        if value is None:
            done.cut += 1
            return
        origin = f"{letter.topic}/{letter.partition}/{letter.offset}".encode()
        await producer.send(
            namespace.prefix + letter.topic,
            value,
            letter.origin_key,
            landing(letter, moved, len(await producer.partitions_for(namespace.prefix + letter.topic))),
            headers=[(HEADER_REPLAY, origin)],
        )
        done.replayed += 1
    handled = msgspec.json.encode(note(letter, policy, now))
    await producer.send(namespace.dead_letters, handled, letter.origin_key, one.partition)
