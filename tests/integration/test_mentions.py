"""The store on a real Kafka: followed, resumed, built anew; marks and erasure reach it through the topics."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from click.testing import CliRunner

from listener.board.erasing import Eraser
from listener.board.mentions_part import Feedbacks
from listener.board.store import Follower, MentionQuery, MentionStore
from listener.changelog import read_to_end
from listener.forget import forget
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.naming import namespace_environment
from listener.kafka.topics import create_topics, declared_topics
from models.feedback import Marked, unpack_feedback
from models.incident import Explanation, Incident, Quote, pack_incident, unpack_incident
from models.topics import Namespace
from processors.authors import author_hash
from tests.mentioning import KEY, NOON, Change, counted, put, said, taken_back

pytestmark = pytest.mark.broker

PATIENCE_S = 120.0
HASH = author_hash(KEY, "twitter", "42")
SAID = [
    *put(said("twitter:1", 1, author=HASH), said("twitter:2", 2, author="bb"), counted("twitter:1", 3, likes=5)),
    *put(said("twitter:1", 4, campaign="toofan", author=HASH)),
]


class Rig:
    """One namespace on the broker, and a directory for the store."""

    def __init__(self, broker: EmbeddedKafka, namespace: Namespace, directory: Path) -> None:
        self.kafka, self.namespace, self.directory = broker.settings, namespace, directory
        create_topics(self.kafka, declared_topics(namespace, 2))

    async def write(self, changes: Sequence[Change], partition: int = 0, topic: str | None = None) -> None:
        producer = AIOKafkaProducer(**self.kafka.aiokafka())
        await producer.start()
        try:
            for key, value in changes:
                await producer.send_and_wait(
                    topic or self.namespace.mentions, key=key, value=value, partition=partition
                )
        finally:
            await producer.stop()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[MentionStore]:
        with MentionStore(self.directory) as store:
            follower = Follower(store, self.kafka, self.namespace)
            task = asyncio.create_task(follower.run())
            try:
                await until(lambda: follower.caught_up or task.done())
                yield store
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def wait_for(self, store: MentionStore, expected: list[str], campaign: str = "berimo") -> None:
        async with asyncio.timeout(PATIENCE_S):
            while (found := await entities(store, campaign)) != expected:
                await asyncio.sleep(0.05)
        assert found == expected

    def forget(self, author: str) -> str:
        environment = self.kafka.environment() | namespace_environment(self.namespace)
        environment["LISTENER_AUTHOR_KEY"] = KEY.decode()
        result = CliRunner(env=environment).invoke(forget, [author, "--yes"], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout


def quoting_incident() -> Change:
    """An incident that quotes the author."""
    quote = Quote("twitter:1", "twitter", NOON, "the text", HASH)
    told = Explanation(first=quote, examples=(quote,))
    made = Incident("berimo", "1", "spike", "warning", NOON, NOON, NOON, 9, 3.0, "rising", explanation=told)
    return made.key, pack_incident(made)


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():
            await asyncio.sleep(0.05)


async def entities(store: MentionStore, campaign: str = "berimo") -> list[str]:
    return [one.mention.entity for one in (await store.page(MentionQuery(campaign))).mentions]


@pytest.fixture
def rig(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Rig:
    return Rig(broker, namespace, tmp_path / "state")


def test_a_store_follows_resumes_and_is_built_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        await rig.write(SAID)
        async with rig.following() as store:
            assert await entities(store) == ["twitter:2", "twitter:1"]
            await rig.write(put(said("twitter:3", 9, minutes=1, partition=1)), partition=1)
            await rig.wait_for(store, ["twitter:3", "twitter:2", "twitter:1"])
        await rig.write(taken_back("twitter:2"))
        async with rig.following() as store:
            assert await entities(store) == ["twitter:3", "twitter:1"]
            assert store.positions == {
                (rig.namespace.mentions, 0): len(SAID) + 2,
                (rig.namespace.mentions, 1): 1,
                (rig.namespace.feedback, 0): 0,
            } or store.positions == {(rig.namespace.mentions, 0): len(SAID) + 2, (rig.namespace.mentions, 1): 1}
        with MentionStore(rig.directory) as store:
            # Positions that the topic does not have: it was made anew, with the same name.
            store._writer._move(rig.namespace.mentions, 0, 10_000)
        async with rig.following() as store:
            assert await entities(store) == ["twitter:3", "twitter:1"]
        with MentionStore(rig.directory) as store:
            await store.note("followed_at", "0")
            store._writer._take_back(b"berimo|twitter:3")
        async with rig.following() as store:
            assert await entities(store) == ["twitter:3", "twitter:1"], "too long away to trust what it has"
            assert float(await store.fact("followed_at") or 0) > 0
        with MentionStore(rig.directory) as store:
            await store.fit({rig.namespace.mentions: "another id"})
            assert await entities(store) == []

    asyncio.run(scenario())


def test_an_author_is_forgotten_everywhere_and_stays_so(rig: Rig, tmp_path: Path) -> None:
    async def scenario() -> None:
        await rig.write(SAID)
        said_back = Feedbacks(rig.kafka, rig.namespace)
        at = datetime(2026, 11, 20, tzinfo=UTC)
        await said_back.say(Marked("berimo", "twitter:1", relevant=True, text="the text", at=at))
        await said_back.stop()
        await rig.write([quoting_incident()], topic=rig.namespace.incidents)
        async with rig.following() as store:
            await until_marked(store)
            done = await asyncio.to_thread(rig.forget, "twitter:42")
            assert "2 mentions of 2 campaigns" in done
            assert "out of 1 incidents" in done
            assert HASH in done
            await rig.wait_for(store, ["twitter:2"])
            assert await entities(store, "toofan") == []
            again = await asyncio.to_thread(rig.forget, HASH)
            assert "0 mentions of 0 campaigns" in again
            assert "out of 0 incidents" in again
            await rig.write(put(said("twitter:8", 20, author=HASH), said("twitter:9", 21, author="bb")))
            await rig.wait_for(store, ["twitter:9", "twitter:2"])
            await until(lambda: not store.purgeable)
        files = b"".join(file.read_bytes() for file in rig.directory.iterdir())
        assert HASH.encode() in files, "who is forgotten must be known by the hash, and by nothing else"
        rig.directory = tmp_path / "another board"
        async with rig.following() as store:
            assert await entities(store) == ["twitter:9", "twitter:2"]
            assert await entities(store, "toofan") == []

    asyncio.run(scenario())


def test_what_quotes_a_deleted_mention_goes_with_it(rig: Rig) -> None:
    async def scenario() -> tuple[list[bytes], list[bytes]]:
        feedbacks = Feedbacks(rig.kafka, rig.namespace)
        await rig.write(SAID)
        for entity in ("twitter:1", "twitter:2"):
            await feedbacks.say(Marked("berimo", entity, relevant=True, text=f"text of {entity}", at=NOON))
        await rig.write([quoting_incident()], topic=rig.namespace.incidents)
        await rig.write(taken_back("twitter:1"))
        eraser = Eraser(rig.kafka, rig.namespace, feedbacks.connected, gather_s=0.05)
        with MentionStore(rig.directory) as store:
            follower = Follower(store, rig.kafka, rig.namespace, deleted=eraser.deleted)
            tasks = [asyncio.create_task(follower.run()), asyncio.create_task(eraser.run())]
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while b"the text" in (await latest(rig, rig.namespace.incidents)).popitem()[1]:
                        await asyncio.sleep(0.1)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await feedbacks.stop()
        marks, incidents = await latest(rig, rig.namespace.feedback), await latest(rig, rig.namespace.incidents)
        return list(marks.values()), list(incidents.values())

    marks, (incident,) = asyncio.run(scenario())
    assert [unpack_feedback(mark).subject for mark in marks] == ["relevance|berimo|twitter:2"]
    assert b"the text" not in incident
    assert isinstance(unpack_incident(incident), Incident), "the incident itself stays"


async def latest(rig: Rig, topic: str) -> dict[bytes, bytes]:
    """The last value per key of a one-partition topic, without what is gone."""
    found: dict[bytes, bytes] = {}

    def take(_tp: object, records: list[tuple[int, bytes, bytes | None]]) -> None:
        for _, key, value in records:
            found.pop(key, None)
            if value is not None:
                found[key] = value

    await read_to_end(rig.kafka, [TopicPartition(topic, 0)], take)
    return found


async def until_marked(store: MentionStore) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (one := await store.one("berimo", "twitter:1")) is None or one.marked is None:
            await asyncio.sleep(0.05)
