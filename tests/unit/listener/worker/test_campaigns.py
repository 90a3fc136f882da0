"""Campaign files that change while a worker runs."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import pytest

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.worker import campaigns as module
from listener.worker import sets
from listener.worker.campaigns import CampaignWatch, fingerprint
from listener.worker.sets import SetStore
from models.topics import Namespace
from processors.overlay import CompiledSet


class Topic:
    """The campaigns topic with its producer and a reader that follows it."""

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes, bytes | None]] = []

    async def read_to_end(self, _kafka: Any, partitions: Any, take: Any) -> None:
        take(partitions[0], list(self.records))

    async def send_and_wait(self, _topic: str, *, key: bytes, value: bytes, partition: int) -> None:
        self.records.append((len(self.records), key, value))

    def reader(self, _kafka: Any, positions: Any) -> "Reader":
        return Reader(self, next(iter(positions)))


class Reader:
    """Gives what is on the topic; each empty answer lets time go on."""

    def __init__(self, topic: Topic, tp: Any) -> None:
        self._topic, self._tp, self._read = topic, tp, 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    @property
    def caught_up(self) -> bool:
        return self._read == len(self._topic.records)

    async def next(self, _seconds: float) -> Any:
        await asyncio.sleep(0)
        found, self._read = self._topic.records[self._read :], len(self._topic.records)
        return (self._tp, found) if found else None


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    made = Topic()
    monkeypatch.setattr(sets, "read_to_end", made.read_to_end)
    monkeypatch.setattr(module, "ChangelogReader", made.reader)
    return made


def write(directory: Path, text: str) -> None:
    """A campaign file whose change can be seen however fast it follows."""
    file = directory / "brand.yaml"
    file.write_text(text, encoding="utf-8")
    stamp = write.__dict__.setdefault("clock", 10**18) + 10**9
    write.__dict__["clock"] = stamp
    os.utime(file, ns=(stamp, stamp))


def watching(topic: Topic, directory: Path | None, adopted: list[CompiledSet]) -> CampaignWatch:
    store = SetStore(KafkaSettings(("nowhere:9092",)), Namespace("app", "p."))
    return CampaignWatch(directory, store, topic, adopted.append)  # type: ignore[arg-type]


def follow(
    watch: CampaignWatch, steps: Callable[[Callable[[Callable[[], bool]], Awaitable[None]]], Awaitable[None]]
) -> None:
    """Run the watch beside ``steps``, which may wait until something is so."""

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    async def whole() -> None:
        first = await watch.first()
        task = asyncio.create_task(watch.run(first.version))
        try:
            await steps(until)
        finally:
            task.cancel()

    asyncio.run(whole())


def test_a_changed_file_comes_into_force(topic: Topic, tmp_path: Path) -> None:
    write(tmp_path, "{id: brand, keywords: [pepsi]}")
    adopted: list[CompiledSet] = []
    watch = watching(topic, tmp_path, adopted)

    async def steps(until: Any) -> None:
        write(tmp_path, "{id: brand, keywords: [pepsi, cola]}")
        await until(lambda: bool(adopted))

    follow(watch, steps)
    assert adopted[0].find([b"{}"], [b'"cola"']) == [0]
    assert (watch.valid, watch.changes, watch.failures) == (True, 1, 0)
    assert len(topic.records) == 2


def test_an_invalid_file_changes_nothing_and_is_told(topic: Topic, tmp_path: Path) -> None:
    write(tmp_path, "{id: brand, keywords: [pepsi]}")
    adopted: list[CompiledSet] = []
    watch = watching(topic, tmp_path, adopted)

    async def steps(until: Any) -> None:
        write(tmp_path, "{id: brand, keywords: []}")
        await until(lambda: not watch.valid)
        assert not adopted
        write(tmp_path, "{id: brand, keywords: [pepsi], name: Pepsi}")
        await until(lambda: watch.valid and bool(adopted))

    follow(watch, steps)
    assert watch.failures == 1
    assert len(topic.records) == 2


def test_another_zone_is_refused_while_running(topic: Topic, tmp_path: Path) -> None:
    write(tmp_path, "{id: brand, keywords: [pepsi]}")
    watch = watching(topic, tmp_path, [])

    async def steps(until: Any) -> None:
        write(tmp_path, "{id: brand, keywords: [pepsi], timezone: UTC}")
        await until(lambda: not watch.valid)

    follow(watch, steps)
    assert len(topic.records) == 1


def test_what_another_worker_published_holds_here_too_and_is_not_taken_back(topic: Topic, tmp_path: Path) -> None:
    """A rolling update of the files: one worker sees them later than the other."""
    old, new = tmp_path / "old", tmp_path / "new"
    for directory, words in ((old, "pepsi"), (new, "pepsi, cola")):
        directory.mkdir()
        write(directory, f"{{id: brand, keywords: [{words}]}}")
    adopted: list[CompiledSet] = []
    watch = watching(topic, old, adopted)

    async def steps(until: Any) -> None:
        await watching(topic, new, []).first()
        await until(lambda: bool(adopted))

    follow(watch, steps)
    assert adopted[0].find([b"{}"], [b'"cola"']) == [0]
    assert len(topic.records) == 2


def test_without_files_the_latest_on_the_topic_holds(topic: Topic, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="--campaigns"):
        asyncio.run(watching(topic, None, []).first())
    write(tmp_path, "{id: brand, keywords: [pepsi]}")
    published = asyncio.run(watching(topic, tmp_path, []).first())
    assert asyncio.run(watching(topic, None, []).first()).version == published.version


def test_a_directory_that_is_gone_has_no_fingerprint(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "nothing") == ()
