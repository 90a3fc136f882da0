"""Channels of Telegram: Telethon's own message objects, served by a client that stands for its own."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from listener.errors import UsageProblem
from listener.sources.kit.errors import Refused
from listener.sources.networks import telegram_channels
from listener.sources.networks.telegram_channels import TelegramChannels, TelegramConfig, TelegramCounts
from tests.unit.listener.sources.rig import NOW, RANDOM, Context, MemorySink, context, output, run_until

telethon = pytest.importorskip("telethon", reason="the extra `telegram` is not installed")
types = telethon.tl.types

WRITTEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def message(number: int, text: str = "سلام", **more: Any) -> Any:
    peer = types.PeerChannel(channel_id=777)
    return types.Message(id=number, peer_id=peer, date=WRITTEN, message=text, post=True, views=100, forwards=2, **more)


def channel() -> Any:
    photo = types.ChatPhotoEmpty()
    return types.Channel(id=777, title="کانال نمونه", photo=photo, date=WRITTEN, username="namune", broadcast=True)


@dataclass
class Client:
    """What is used of Telethon's client. ``waits`` are raised one after the other before anything is answered."""

    messages: dict[int, Any] = field(default_factory=dict)
    authorized: bool = True
    waits: list[Exception] = field(default_factory=list)
    queries: list[dict[str, Any]] = field(default_factory=list)
    connected: int = 0

    async def connect(self) -> None:
        self.connected += 1

    async def disconnect(self) -> None:
        self.connected -= 1

    async def is_user_authorized(self) -> bool:
        return self.authorized

    async def get_entity(self, name: str) -> Any:
        if name != "namune":
            raise ValueError(f'No user has "{name}" as username')
        return channel()

    async def get_messages(self, entity: Any, **query: Any) -> Sequence[Any]:
        if self.waits:
            raise self.waits.pop(0)
        self.queries.append(query)
        if "ids" in query:
            return [self.messages.get(number) for number in query["ids"]]
        newest = sorted(self.messages.values(), key=lambda one: -one.id)
        if "min_id" in query:
            return [one for one in newest[::-1] if one.id > query["min_id"]][: query["limit"]]
        return newest[: query["limit"]]

    def put(self, *messages: Any) -> None:
        self.messages |= {one.id: one for one in messages}


def config(**more: Any) -> TelegramConfig:
    secrets = {"api_id": {"env": "TG_ID"}, "api_hash": {"env": "TG_HASH"}, "session": "s"}
    return msgspec.convert(
        {**secrets, "channels": ["https://t.me/namune"], "poll_s": 0.01, **more}, type=TelegramConfig
    )


async def read(sink: MemorySink, client: Client, enough: Callable[[MemorySink], bool], **more: Any) -> Any:
    out = output(sink)
    await run_until(TelegramChannels(config(**more), client, context()), out, sink.until(enough))
    return out.stats


def test_history_then_what_is_new_and_an_album_is_one_post() -> None:
    async def scenario() -> None:
        sink, client = MemorySink(), Client()
        client.put(*(message(number, f"خبر {number}") for number in range(1, 8)))
        await read(sink, client, lambda it: len(it.records) == 3 and "namune" in it.cursors, history=3)
        assert sink.keys == ["telegram:777/5", "telegram:777/6", "telegram:777/7"]
        assert sink.cursors["namune"] == {"last": 7}
        first = sink.values[0]
        assert (first["url"], first["author"]["display_name"]) == ("https://t.me/namune/5", "کانال نمونه")
        assert (first["counts"]["views"], first["counts"]["shares"], first["visibility"]) == (100, 2, "public")
        client.put(message(8, "آلبوم", grouped_id=1), message(9, "", grouped_id=1), message(10))
        await read(sink, client, lambda it: len(it.records) == 5)
        assert sink.keys[3:] == ["telegram:777/8", "telegram:777/10"]
        assert client.queries[-1]["min_id"] >= 7
        assert client.connected == 0

    asyncio.run(scenario())


def test_a_backlog_longer_than_a_page_is_read_to_its_end() -> None:
    async def scenario() -> None:
        sink, client = MemorySink(cursors={"namune": {"last": 10}}), Client()
        client.put(*(message(number) for number in range(1, 261)))
        await read(sink, client, lambda it: len(it.records) == 250)
        assert sink.keys == [f"telegram:777/{number}" for number in range(11, 261)]

    asyncio.run(scenario())


def test_edits_and_deletes_are_found_when_the_last_messages_are_read_again() -> None:
    async def scenario() -> None:
        sink, client = MemorySink(), Client()
        client.put(message(1), message(2), message(3))
        moment = [0.0]

        def monotonic() -> float:
            moment[0] += 1.0
            return moment[0]

        connector = TelegramChannels(
            config(recheck_s=0.5), client, Context(clock=lambda: NOW, monotonic=monotonic, random=RANDOM)
        )

        async def story() -> None:
            await sink.until(lambda it: len(it.records) == 3)
            client.put(message(2, "نو", edit_date=WRITTEN + timedelta(minutes=5)))
            client.put(message(3, edit_date=WRITTEN + timedelta(minutes=5), edit_hide=True))
            del client.messages[1]
            await sink.until(lambda it: len(it.records) == 5)

        await run_until(connector, output(sink), story())
        found = {(one["op"], one["post_id"], one["text"]) for one in sink.values[3:]}
        assert found == {("update", "telegram:777/2", "نو"), ("delete", "telegram:777/1", None)}

    asyncio.run(scenario())


def test_a_flood_wait_is_a_rate_limit_and_lost_connections_pass() -> None:
    async def scenario() -> None:
        flood = telethon.errors.FloodWaitError(request=None, capture=0)
        sink, client = MemorySink(), Client(waits=[flood, ConnectionError("lost")])
        client.put(message(1))
        stats = await read(sink, client, lambda it: len(it.records) == 1)
        assert (stats.rate_limited, stats.reconnects) == (1, 2)

    asyncio.run(scenario())


def test_without_a_login_or_with_a_lost_one_it_ends() -> None:
    async def scenario() -> None:
        with pytest.raises(Refused, match="listener source login"):
            await read(MemorySink(), Client(authorized=False), lambda _: False)
        lost = telethon.errors.AuthKeyUnregisteredError(request=None)
        with pytest.raises(Refused, match="Log in again"):
            await read(MemorySink(), Client(waits=[lost]), lambda _: False)

    asyncio.run(scenario())


def test_a_channel_that_does_not_exist_is_named() -> None:
    async def scenario() -> None:
        with pytest.raises(UsageProblem, match="no channel 'nobody'"):
            await read(MemorySink(), Client(), lambda _: False, channels=["nobody"])

    asyncio.run(scenario())


def test_counters_of_many_messages_in_one_call() -> None:
    async def scenario() -> None:
        client = Client()
        client.put(message(1), message(2))
        counts = TelegramCounts(client, {"namune": channel()}, context())
        looked = await counts.look(["telegram:777/1", "telegram:777/2", "telegram:777/9", "telegram:1/1", "telegram:x"])
        found = [(one.op, one.post_id, one.counts.views, one.text) for one in looked.results]  # type: ignore[union-attr]
        assert found == [("engagement", "telegram:777/1", 100, None), ("engagement", "telegram:777/2", 100, None)]
        assert client.queries == [{"ids": [1, 2, 9]}]

    asyncio.run(scenario())


def test_secrets_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TG_ID", raising=False)
    with pytest.raises(UsageProblem, match="api_id: the environment variable TG_ID is empty"):
        config().connector(context())
    monkeypatch.setenv("TG_ID", "many")
    with pytest.raises(UsageProblem, match="api_id is a number"):
        config().connector(context())


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "telethon", None)
    with pytest.raises(UsageProblem, match="pip install"):
        config().connector(context())
    assert telegram_channels.TelegramCounts.batch == 100
