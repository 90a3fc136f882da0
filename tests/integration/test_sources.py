"""Sources through a real Kafka into the worker: killed and cut off on the way; nothing lost, nothing double."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.naming import namespace_environment
from listener.recount.counting import recount
from listener.recount.report import Report
from listener.sources.engagement.poller import BlueskyBudget, EngagementConfig
from listener.sources.feeds.poller import FeedsConfig
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.runner import run_connector
from listener.sources.kit.secrets import Secret
from listener.sources.kit.service import output_of
from listener.sources.kit.sinks import kafka_sink, load_cursors
from listener.sources.kit.stats import Stats
from listener.sources.networks.mastodon_stream import MastodonConfig
from listener.sources.networks.telegram_channels import TelegramChannels, TelegramConfig
from listener.sources.push.files import FilesConfig
from listener.sources.push.tokens import hashed
from listener.sources.push.webhook import Webhook, WebhookConfig
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC
from models.topics import Namespace
from processors.match import Matcher
from tests.unit.listener.sources.engagement.test_engagement import Bluesky as GetPosts
from tests.unit.listener.sources.engagement.test_engagement import uri
from tests.unit.listener.sources.feeds.test_poller import Site, item, ok, rss
from tests.unit.listener.sources.networks.test_jetstream import Instance, frame
from tests.unit.listener.sources.networks.test_mastodon_stream import Instance as MastodonInstance
from tests.unit.listener.sources.networks.test_mastodon_stream import status
from tests.unit.listener.sources.networks.test_telegram_channels import Client as TelegramClient
from tests.unit.listener.sources.networks.test_telegram_channels import message
from tests.unit.listener.sources.rig import RANDOM, serve

pytestmark = pytest.mark.broker

CAMPAIGNS = Path(__file__).resolve().parents[1] / "campaigns" / "real"
PATIENCE_S = 120.0

Row = tuple[int, bytes, bytes, int]


@dataclass
class Bench:
    """A broker, an application of one worker and a board, and sources as processes."""

    broker: EmbeddedKafka
    namespace: Namespace
    directory: Path
    said: list[str] = field(default_factory=list)

    def run(self) -> DemoRun:
        replay = Replay((), FieldMap(), CAMPAIGNS, partitions=2)
        return DemoRun(replay, self.broker.settings, self.namespace, self.directory, self.said.append)

    async def source(self, config: dict[str, Any]) -> asyncio.subprocess.Process:
        file = self.directory / "sources.yaml"
        file.write_text(yaml.safe_dump({"sources": {"it": config}}), encoding="utf-8")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LISTENER_")}
        environment = inherited | self.broker.settings.environment() | namespace_environment(self.namespace)
        command = ("source", "run", "it", "--config", str(file), "--http-port", "0")
        with (self.directory / "source.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "listener", *command, env=environment, stdout=log, stderr=log
            )

    @asynccontextmanager
    async def reader(self, topic: str) -> AsyncIterator[Callable[[], Any]]:
        """Gives a function that reads what is new on a topic: (partition, key, value, Kafka timestamp)."""
        consumer = AIOKafkaConsumer(**self.broker.settings.aiokafka(), enable_auto_commit=False)
        await consumer.start()
        partitions = [TopicPartition(self.namespace.prefix + topic, number) for number in range(2)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)

        async def more() -> list[Row]:
            batches = await consumer.getmany(timeout_ms=200)
            return [(one.partition, one.key, one.value, one.timestamp) for some in batches.values() for one in some]

        try:
            yield more
        finally:
            await consumer.stop()


@pytest.fixture
def bench(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Bench:
    return Bench(broker, namespace, tmp_path)


async def read_until(more: Callable[[], Any], rows: list[Row], is_enough: Callable[[list[Row]], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_enough(rows):
            rows += await more()


def keys(rows: list[Row]) -> set[bytes]:
    return {key for _, key, _, _ in rows}


def expected(rows: dict[str, list[Row]]) -> Report:
    campaigns = load_campaigns(CAMPAIGNS)
    found = [(partition, value, at, topic) for topic, some in rows.items() for partition, _, value, at in some]
    return recount(found, campaigns, Matcher(campaigns), retention=False).report()


def was_sent(run: DemoRun, rows: dict[str, list[Row]]) -> None:
    """Tell the run what it has to wait for."""
    places = Counter((topic, partition) for topic, some in rows.items() for partition, _, _, _ in some)
    run.sent.records = places.total()
    run.sent.next_offsets = dict(places)


def test_bluesky_cut_off_and_killed_is_counted_as_the_recount_says(bench: Bench) -> None:
    brands = ["تلگرام", "اسنپ", "هیچ", "دیجی کالا"]
    at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}:00Z"
    frames = [frame(number, text=brands[number % 4], at=at) for number in range(2000)]
    deletes = [
        frame(2000 + number, operation="delete", at=at).replace(f"k{2000 + number}", f"k{number}")
        for number in range(40)
    ]
    instance = Instance(frames, cut_after=[300, 500, 900], abort=True)
    rows: list[Row] = []

    async def sending(run: DemoRun, base: str, more: Callable[[], Any]) -> None:
        config = {"kind": "bluesky", "hosts": [base.replace("http", "ws")], "version": "2"}
        for points in (400, 1200):
            source = await bench.source(config)
            await read_until(more, rows, lambda it, most=points: len(keys(it)) >= most)
            source.kill()
            await source.wait()
        # The second may have sent all there was before it died: what the third alone can send shows that it runs.
        instance.frames += deletes
        source = await bench.source(config)
        await read_until(more, rows, lambda it: sum(b'"op":"delete"' in value for _, _, value, _ in it) >= 40)
        source.terminate()
        assert await source.wait() == 0
        rows.extend(await more())
        was_sent(run, {POSTS_TOPIC: rows})

    async def scenario() -> Report:
        async with bench.run() as run, serve(instance.routes()) as base, bench.reader(POSTS_TOPIC) as more:
            ids = [campaign.id for campaign in load_campaigns(CAMPAIGNS).campaigns]
            report = await run.count_sent(sending(run, base, more), ids)
            cursors = await load_cursors(bench.broker.settings, bench.namespace, "it")
        assert cursors[""]["seq"] == 2039
        return report

    report = asyncio.run(scenario())
    assert len(keys(rows)) == 2000
    assert len(instance.queries) >= 5, "it was cut off three times and started three times"
    wanted = expected({POSTS_TOPIC: rows})
    assert report == wanted
    found = [report.campaigns[name] for name in ("telegram", "snapp", "digikala")]
    assert [totals.mentions for totals in found] == [500, 500, 500]


@asynccontextmanager
async def running(bench: Bench, name: str, connector: Connector) -> AsyncIterator[asyncio.Task[None]]:
    """A source as the program runs it, cursors and all, in this process; it is stopped in good order."""
    context = Context(kafka=bench.broker.settings, namespace=bench.namespace)
    stop = asyncio.Event()
    async with output_of(name, connector, context, Stats(name)) as output:
        task = asyncio.create_task(run_connector(connector, output, stop, RANDOM))
        try:
            yield task
        finally:
            stop.set()
            await task


def context_of(bench: Bench) -> Context:
    return Context(bench.directory, bench.broker.settings, bench.namespace)


async def feeds(bench: Bench, at: str) -> None:
    """A feed that grows between five starts of the source; once its cursor is lost."""
    news = [item(number, "خبر تلگرام" if number % 2 else "خبر", at) for number in range(60)]
    answers = [ok(rss(*news[max(0, end - 20) : end])) for end in (20, 35, 50, 60)]
    site = Site([(500, b"", {}), *answers])
    async with serve(site.routes()) as base:  # type: ignore[arg-type]
        config = FeedsConfig(feeds=[f"{base}/rss"], pause_s=0, full_text="never", once=True)
        for number in range(5):
            async with running(bench, "press", config.connector(context_of(bench))) as task:
                await task
            if number == 2:
                # As if it had died before its cursor was saved: the next reads everything again.
                async with kafka_sink(bench.broker.settings, bench.namespace, "press", ()) as sink:
                    await sink.save({f"{base}/rss": None})


async def files(bench: Bench, at: str) -> None:
    """Ten rows of a partner's export, read by two starts of the source."""
    rows = "".join(f"{number},تلگرام {number},{at},{number}\n" for number in range(10))
    (bench.directory / "export.csv").write_text(f"id,text,created_at,likes\n{rows}", encoding="utf-8")
    fields = {"post_id": "id", "counts.likes": "likes"}
    config = FilesConfig(paths=["export.csv"], map=fields, defaults={"platform": "instagram"})
    for _ in range(2):
        async with running(bench, "export", config.connector(context_of(bench))) as task:
            await task


async def webhook(bench: Bench, at: str) -> None:
    """Five posts of Bluesky by HTTP, two of them about a brand, and a line that is none."""
    (bench.directory / "tokens").write_text(f"{hashed('secret')} acme\n")
    server = WebhookConfig(tokens="tokens", port=0).connector(context_of(bench))
    assert isinstance(server, Webhook)
    async with running(bench, "partner", server), aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
        while server.port is None:
            await asyncio.sleep(0)
        posts = [
            {
                "post_id": f"bluesky:{uri(number)}",
                "platform": "bluesky",
                "op": "create",
                "created_at": at,
                "text": "اسنپ" if number < 2 else "هیچ",
            }
            for number in range(5)
        ]
        body = "\n".join([*map(json.dumps, posts), "{no"])
        headers = {"Authorization": "Bearer secret"}
        url = f"http://127.0.0.1:{server.port}/ingest/{POSTS_TOPIC}"
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 207
            assert (await answer.json())["accepted"] == 5


async def mastodon(bench: Bench, at: str, enough: Callable[[], Any]) -> None:
    """Four posts, two of them about a brand, one of which is deleted."""
    posts = [("update", json.dumps(status(n, created_at=at, content="دیجی کالا" if n < 2 else "x"))) for n in range(4)]
    instance = MastodonInstance([[*posts, ("delete", json.loads(posts[0][1])["id"])]])
    (bench.directory / "mastodon.token").write_text("secret")
    async with serve(instance.routes()) as base:
        config = MastodonConfig(base, Secret(file="mastodon.token"), hashtags=["x"])
        async with running(bench, "mastodon", config.connector(context_of(bench))):
            await enough()


async def telegram(bench: Bench, enough: Callable[[], Any]) -> None:
    """Three messages of a channel, two of them about a brand."""
    client = TelegramClient()
    client.put(message(1, "بانک ملت"), message(2, "بانک ملت"), message(3, "x"))
    for one in client.messages.values():
        one.date = datetime.now(UTC) - timedelta(minutes=30)
    secrets = {"api_id": Secret(env="X"), "api_hash": Secret(env="X"), "session": "s"}
    config = TelegramConfig(**secrets, channels=["namune"], poll_s=0.2)  # type: ignore[arg-type]
    async with running(bench, "channels", TelegramChannels(config, client, context_of(bench))):
        await enough()


async def engagement(bench: Bench, enough: Callable[[], Any]) -> None:
    """The posts of Bluesky that were mentioned, with their likes."""
    server = GetPosts()
    async with serve({"/xrpc/app.bsky.feed.getPosts": server.handle}) as base:
        config = EngagementConfig(bluesky=BlueskyBudget(base))
        async with running(bench, "engagement", config.connector(context_of(bench))):
            await enough()
    assert {one for call in server.calls for one in call} == {uri(0), uri(1)}, "only posts that a campaign matched"


def test_all_other_sources_are_counted_as_the_recount_says(bench: Bench) -> None:
    rows: dict[str, list[Row]] = {POSTS_TOPIC: [], ARTICLES_TOPIC: []}

    async def sending(run: DemoRun, more: dict[str, Callable[[], Any]]) -> None:
        def until(topic: str, number: int) -> Callable[[], Any]:
            return lambda: read_until(more[topic], rows[topic], lambda it: len(it) >= number)

        now = datetime.now(UTC)
        hour, minutes = (f"{now - ago:%Y-%m-%dT%H:%M:%SZ}" for ago in (timedelta(hours=1), timedelta(minutes=6)))
        await webhook(bench, minutes)
        await feeds(bench, hour)
        await files(bench, hour)
        await mastodon(bench, hour, until(POSTS_TOPIC, 5 + 10 + 5))
        await telegram(bench, until(POSTS_TOPIC, 20 + 3))
        await engagement(bench, until(POSTS_TOPIC, 23 + 2))
        await until(ARTICLES_TOPIC, 60 + 5)()
        was_sent(run, rows)

    async def scenario() -> Report:
        async with bench.run() as run, bench.reader(POSTS_TOPIC) as posts, bench.reader(ARTICLES_TOPIC) as articles:
            ids = [campaign.id for campaign in load_campaigns(CAMPAIGNS).campaigns]
            return await run.count_sent(sending(run, {POSTS_TOPIC: posts, ARTICLES_TOPIC: articles}), ids)

    report = asyncio.run(scenario())
    assert report == expected(rows)
    assert len(rows[POSTS_TOPIC]) == 25
    assert len(keys(rows[ARTICLES_TOPIC])) == 60
    assert len(rows[ARTICLES_TOPIC]) == 65, "five articles were still in the feed when the cursor was gone"
    found = report.campaigns
    assert (found["telegram"].mentions, found["telegram"].press_mentions) == (10, 30)
    assert (found["snapp"].mentions, found["snapp"].likes, found["snapp"].shares) == (2, 14, 4)
    assert (found["digikala"].mentions, found["bank-mellat"].mentions) == (2, 2)
