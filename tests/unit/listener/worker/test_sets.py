"""Campaign sets on their topic: published once, found again, and never guessed."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from listener.errors import Halt, UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.worker import sets as module
from listener.worker.sets import SetStore, compile_set
from models.campaign import Campaign, CampaignSet
from models.post import Post
from models.topics import Namespace
from models.trace import Adopted, adopted_record, set_record

OLD = CampaignSet((Campaign(id="brand", keywords=("اسنپ",)),))
NEW = CampaignSet((Campaign(id="brand", keywords=("اسنپ", "snapp"), timezone="Asia/Tehran"),))


class Topic:
    """The campaigns topic, and the producer that appends to it."""

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes, bytes | None]] = []
        self.reads: list[TopicPartition] = []

    async def read_to_end(self, kafka: KafkaSettings, partitions: list[TopicPartition], take: Any) -> None:
        self.reads += partitions
        for record in self.records:
            take(partitions[0], [record])

    async def send_and_wait(self, topic: str, *, key: bytes, value: bytes, partition: int) -> None:
        assert (topic, partition) == ("p.listener.campaigns.v1", 0)
        self.records.append((len(self.records), key, value))

    def versions(self) -> list[str]:
        return [key.decode() for _, key, _ in self.records]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    made = Topic()
    monkeypatch.setattr(module, "read_to_end", made.read_to_end)
    return made


def store() -> SetStore:
    return SetStore(KafkaSettings(("nowhere:9092",)), Namespace("app", "p."))


def test_an_empty_topic_has_no_set(topic: Topic) -> None:
    assert asyncio.run(store().load()) is None
    assert topic.reads == [TopicPartition("p.listener.campaigns.v1", 0)]


def test_a_set_is_published_once(topic: Topic) -> None:
    asyncio.run(store().publish(OLD, topic))  # type: ignore[arg-type]
    asyncio.run(store().publish(OLD, topic))  # type: ignore[arg-type]
    assert topic.versions() == [OLD.version]
    assert asyncio.run(store().load()) == OLD.version


def test_an_older_set_becomes_the_latest_again(topic: Topic) -> None:
    """Going back to earlier campaign files is a change like any other."""
    for one in (OLD, NEW, OLD):
        asyncio.run(store().publish(one, topic))  # type: ignore[arg-type]
    assert topic.versions() == [OLD.version, NEW.version, OLD.version]
    assert asyncio.run(store().load()) == OLD.version


def test_a_replay_finds_the_version_that_it_met_first(topic: Topic) -> None:
    for one in (OLD, NEW):
        asyncio.run(store().publish(one, topic))  # type: ignore[arg-type]
    compiled = asyncio.run(store().compiled(OLD.version))
    assert compiled.version == OLD.version
    assert not compiled.find([b"{}"], [b'"snapp"'])
    assert compiled.zones == {"brand": "Asia/Tehran"}


def test_the_zone_of_a_campaign_cannot_change(topic: Topic) -> None:
    asyncio.run(store().publish(OLD, topic))  # type: ignore[arg-type]
    moved = CampaignSet((Campaign(id="brand", keywords=("digikala",), timezone="UTC"),))
    with pytest.raises(UsageProblem, match="brand counts on the clock of Asia/Tehran, its file says UTC"):
        asyncio.run(store().publish(moved, topic))  # type: ignore[arg-type]
    assert topic.versions() == [OLD.version]


def test_a_version_is_compiled_once(topic: Topic) -> None:
    asyncio.run(store().publish(OLD, topic))  # type: ignore[arg-type]
    one = store()
    assert asyncio.run(one.compiled(OLD.version)) is asyncio.run(one.compiled(OLD.version))
    assert len(topic.reads) == 2, "one to publish, one to compile"


def test_a_lost_version_halts(topic: Topic) -> None:
    asyncio.run(store().publish(NEW, topic))  # type: ignore[arg-type]
    with pytest.raises(Halt, match=f"{OLD.version}.*listener rebase --rebuild"):
        asyncio.run(store().compiled(OLD.version))


def test_the_compiled_set_matches_as_the_campaigns_say() -> None:
    compiled = compile_set(
        CampaignSet(
            (Campaign(id="by-account", accounts=("@snapp",)), Campaign(id="own", keywords=("snapp",), reposts="ignore"))
        )
    )
    fields: dict[str, Any] = {
        "event_id": "1",
        "schema_version": 1,
        "observed_at": "2020-01-01T00:00:00Z",
        "op": "create",
        "post_id": "twitter:1",
        "platform": "twitter",
        "created_at": "2020-01-01T00:00:00Z",
    }

    def matched(**more: Any) -> list[str]:
        found = compiled.match(msgspec.convert({**fields, **more}, Post))
        return sorted(one.campaign_id for one in found)

    assert matched(text="snapp") == ["own"]
    assert matched(text="snapp", repost_of="twitter:0") == []
    assert matched(text="nothing", author={"id": "7", "handle": "Snapp"}) == ["by-account"]
    assert matched(text="nothing", mentions=["snapp"]) == ["by-account"]
    assert matched(text="nothing") == []


def test_a_trace_is_no_set(topic: Topic) -> None:
    asyncio.run(store().publish(OLD, topic))  # type: ignore[arg-type]
    traces = (set_record(NEW), adopted_record("posts", 0, Adopted(OLD.version, 7)))
    topic.records += [(number, *record) for number, record in enumerate(traces, 1)]
    one = store()
    assert asyncio.run(one.load()) == OLD.version
    assert one.trace.adopted["posts", 0] == {7: Adopted(OLD.version, 7)}
