"""``listener demo --source``: what it reads without a configuration, and what it says without a network."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from listener.campaigns.files import load_campaigns
from listener.demo.command import demo
from listener.errors import UsageProblem
from listener.sources.demo.live import (
    NAMES,
    LiveName,
    campaigns_directory,
    check_network,
    given_or_everyday,
    send,
    settings,
)
from listener.sources.feeds.poller import FeedsConfig
from listener.sources.networks.jetstream import BlueskyConfig
from tests.unit.listener.sources.feeds.test_poller import Site, item, ok, rss
from tests.unit.listener.sources.networks.test_jetstream import Instance, frame
from tests.unit.listener.sources.rig import serve

NOWHERE = BlueskyConfig(hosts=("ws://127.0.0.1:9", "ws://nowhere.invalid"))


@dataclass
class Run:
    """Stands for a demo's run and its producer."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    acknowledged: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def producer(self) -> Any:
        return self

    def topic(self, logical: str) -> str:
        return f"demo.{logical}"

    async def send(self, topic: str, value: bytes, key: bytes) -> asyncio.Future[None]:
        self.sent.append((topic, key))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    def was_sent(self, number: int) -> None:
        self.acknowledged += number
        if self.acknowledged >= 3:
            self.enough.set()


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_there_without_a_configuration(name: LiveName) -> None:
    assert len(load_campaigns(given_or_everyday(Path(), name)).campaigns) >= 8
    assert given_or_everyday(Path("x"), name) == Path("x")
    assert campaigns_directory(name).is_dir()
    assert isinstance(settings(name, None), BlueskyConfig if name == "bluesky" else FeedsConfig)


def test_without_a_network_it_says_so_and_offers_the_sample() -> None:
    with pytest.raises(UsageProblem, match=r"no network.*127\.0\.0\.1.*`listener demo` without --source"):
        check_network("bluesky", NOWHERE)
    with pytest.raises(UsageProblem, match="no network"):
        check_network("rss", FeedsConfig(feeds=["http://127.0.0.1:9/rss"]))


def test_one_server_that_answers_is_a_network() -> None:
    async def scenario() -> None:
        async with serve({}) as base:
            hosts = ("ws://127.0.0.1:9", base.replace("http", "ws"))
            await asyncio.to_thread(check_network, "bluesky", BlueskyConfig(hosts=hosts))

    asyncio.run(scenario())


def test_posts_of_the_last_minutes_come_first() -> None:
    async def scenario() -> None:
        run, instance = Run(), Instance([frame(number, version=1) for number in range(3)], version=1)
        async with serve(instance.routes()) as base:
            config = BlueskyConfig(hosts=(base.replace("http", "ws"),))
            instance.frames = [text.replace("1795428", "9795428") for text in instance.frames]
            sending = asyncio.create_task(send(run, "bluesky", config))
            await asyncio.wait_for(run.enough.wait(), 20)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        assert "cursor" in instance.queries[0], "it begins ten minutes back"
        assert {topic for topic, _ in run.sent} == {"demo.social.posts.v1"}

    asyncio.run(scenario())


def test_articles() -> None:
    async def scenario() -> None:
        run, site = Run(), Site([ok(rss(item(1), item(2), item(3)))])
        async with serve(site.routes()) as base:  # type: ignore[arg-type]
            config = FeedsConfig(feeds=[f"{base}/rss"], full_text="never", pause_s=0)
            sending = asyncio.create_task(send(run, "rss", config))
            await asyncio.wait_for(run.enough.wait(), 20)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        assert {topic for topic, _ in run.sent} == {"demo.press.articles.v1"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--source", "bluesky", "--once"], "leave --once away"),
        (["--source", "bluesky", "--input", __file__], "either --input or --source"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], what: str) -> None:
    with pytest.raises(UsageProblem, match=what):
        demo.main(options, standalone_mode=False)
