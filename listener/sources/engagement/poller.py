"""The engagement poller: mentions in, calls within the budget of each platform, engagement records out.

It keeps no cursor: what is due follows from the mentions of the last week and from the engagement records among them,
which are read again at every start.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from aiohttp import ClientSession
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from msgspec import Meta, Struct

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.sources.apis.youtube import YoutubeCounts
from listener.sources.engagement.apis import BlueskyCounts, CountsApi, MastodonCounts
from listener.sources.engagement.budget import Budget
from listener.sources.engagement.schedule import AGES, Schedule
from listener.sources.engagement.tracking import take_mention
from listener.sources.kit.backoff import FullJitter
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import RateLimited, SourceFault
from listener.sources.kit.http import open_session
from listener.sources.kit.output import Output
from listener.sources.kit.secrets import Secret
from listener.sources.networks.telegram_channels import TelegramConfig
from models.mention import MENTIONS_TOPIC
from models.post import POSTS_TOPIC, Post
from models.topics import Namespace

_log = logging.getLogger("listener.sources.engagement")

_PER_S: Final = 300.0
#: A post may be so much later than planned when that fills a call.
_PATIENCE_S: Final = 30.0
_LOOK_MS: Final = 500

Calls = Annotated[float, Meta(gt=0)]


class BlueskyBudget(Struct, frozen=True, forbid_unknown_fields=True):
    """Half of what is allowed (3,000 calls in 5 minutes for an address) by default."""

    url: str = "https://public.api.bsky.app"
    calls_per_5m: Calls = 1500.0


class MastodonBudget(Struct, forbid_unknown_fields=True):
    """The instance that is asked; half of what it allows (300 calls in 5 minutes for a token) by default."""

    url: str
    token: Secret
    calls_per_5m: Calls = 150.0


class TelegramBudget(TelegramConfig, forbid_unknown_fields=True, kw_only=True):
    """The account and its channels, as the source `telegram` has them."""

    calls_per_5m: Calls = 60.0


class YoutubeBudget(Struct, forbid_unknown_fields=True):
    """A key of the YouTube Data API; 30 calls in 5 minutes are 8,640 of its 10,000 units of a day."""

    key: Secret
    url: str = "https://www.googleapis.com/youtube/v3/videos"
    calls_per_5m: Calls = 30.0


class EngagementConfig(Struct, forbid_unknown_fields=True):
    """The platforms that are polled; Bluesky needs no account and is polled unless `bluesky: null`."""

    bluesky: BlueskyBudget | None = BlueskyBudget()
    mastodon: MastodonBudget | None = None
    telegram: TelegramBudget | None = None
    youtube: YoutubeBudget | None = None

    def connector(self, context: Context) -> Connector:
        """The poller. Raises UsageProblem without Kafka (the mentions are there) or without any platform."""
        if context.kafka is None:
            raise UsageProblem("engagement reads the mentions from Kafka: give --bootstrap-servers.")
        if not (self.bluesky or self.mastodon or self.telegram or self.youtube):
            raise UsageProblem("engagement: give at least one platform.")
        return EngagementPoller(self, KafkaMentions(context.kafka, context.namespace, context), context)


@dataclass
class Polled:
    """One platform that is polled."""

    api: CountsApi
    budget: Budget
    jitter: FullJitter
    schedule: Schedule = field(default_factory=Schedule)


class KafkaMentions:
    """The mentions of the last week and those to come. ``next`` gives (key, value) pairs, whatever came in a moment."""

    def __init__(self, kafka: KafkaSettings, namespace: Namespace, context: Context) -> None:
        self._kafka = kafka
        self._topic = f"{namespace.prefix}{MENTIONS_TOPIC}"
        self._context = context
        self._consumer: Any = None
        self._ends: dict[TopicPartition, int] = {}

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["KafkaMentions"]:
        """Connected while the context is open."""
        # Without a group every partition of the topic is assigned at the start.
        self._consumer = AIOKafkaConsumer(self._topic, **self._kafka.aiokafka(), enable_auto_commit=False)
        try:
            await self._consumer.start()
        except UnknownTopicOrPartitionError as error:
            await self._consumer.stop()
            raise UsageProblem(
                f"there is no topic {self._topic}: `listener topics create` makes what is missing."
            ) from error
        try:
            await self._begin()
            yield self
        finally:
            await self._consumer.stop()

    async def _begin(self) -> None:
        partitions = sorted(self._consumer.assignment())
        since = int((self._context.clock().timestamp() - AGES[-1]) * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
        self._ends = await self._consumer.end_offsets(partitions)
        for partition in partitions:
            begin = found.get(partition)
            self._consumer.seek(partition, begin.offset if begin else self._ends[partition])

    async def caught_up(self) -> bool:
        """Whether all that was there at the start has been given."""
        return all([await self._consumer.position(partition) >= end for partition, end in self._ends.items()])

    async def next(self, timeout_ms: int) -> list[tuple[bytes | None, bytes | None]]:
        """What came, perhaps nothing."""
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        return [(record.key, record.value) for records in batches.values() for record in records]


class EngagementPoller:
    """Follows mentions and looks at their posts. A platform in trouble waits alone."""

    topics: Sequence[str] = (POSTS_TOPIC,)

    def __init__(self, config: EngagementConfig, mentions: KafkaMentions, context: Context) -> None:
        self._config = config
        self._mentions = mentions
        self._context = context

    async def run(self, output: Output) -> None:
        """Poll until cancelled. Raises Refused when a platform refuses us."""
        async with contextlib.AsyncExitStack() as stack:
            mentions = await stack.enter_async_context(self._mentions.reading())
            polled = await self._platforms(await stack.enter_async_context(open_session()), stack)
            schedules = {one.api.platform: one.schedule for one in polled}
            is_ready = False
            while True:
                for key, value in await mentions.next(_LOOK_MS):
                    if not take_mention(schedules, key, value, self._context.clock().timestamp()):
                        output.complain("a mention that cannot be read")
                is_ready = is_ready or await mentions.caught_up()
                if is_ready:
                    output.stats.answered()
                    await asyncio.gather(*(self._poll(one, output) for one in polled))

    async def _platforms(self, session: ClientSession, stack: contextlib.AsyncExitStack) -> list[Polled]:
        config, context = self._config, self._context
        found: list[tuple[CountsApi, float]] = []
        if config.bluesky:
            found.append((BlueskyCounts(session, config.bluesky.url, context), config.bluesky.calls_per_5m))
        if config.mastodon:
            token = config.mastodon.token.read("mastodon.token", context.base)
            api = MastodonCounts(session, config.mastodon.url, token, context)
            found.append((api, config.mastodon.calls_per_5m))
        if config.telegram:
            counts = await stack.enter_async_context(config.telegram.counts(context))
            found.append((counts, config.telegram.calls_per_5m))
        if config.youtube:
            key = config.youtube.key.read("youtube.key", context.base)
            found.append((YoutubeCounts(session, config.youtube.url, key, context), config.youtube.calls_per_5m))
        now = context.monotonic()
        return [Polled(one, Budget(calls, _PER_S, now), FullJitter(context.random)) for one, calls in found]

    async def _poll(self, polled: Polled, output: Output) -> None:
        """All calls that are due and allowed now."""
        while polled.budget.wait_s(self._context.monotonic()) == 0.0:
            now = self._context.clock().timestamp()
            posts = polled.schedule.take(now, polled.api.batch, _PATIENCE_S)
            if not posts:
                return
            polled.budget.spend(self._context.monotonic())
            try:
                await self._look(polled, posts, output)
                polled.jitter.reset()
            except SourceFault as fault:
                output.stats.reconnects += 1
                output.stats.rate_limited += isinstance(fault, RateLimited)
                polled.schedule.give_back(posts)
                wait = max(polled.jitter.next(), fault.retry_after or 0.0)
                polled.budget.close(self._context.monotonic(), wait)
                _log.warning("%s; %s waits %.1f s", fault, polled.api.platform, wait)

    async def _look(self, polled: Polled, posts: list[str], output: Output) -> None:
        looked = await polled.api.look(posts)
        await output.write(looked.results, where=f"{polled.api.platform}: ")
        now = self._context.clock().timestamp()
        found = {result.post_id for result in looked.results if isinstance(result, Post)}
        for post in posts:
            if post in found:
                polled.schedule.looked(post, now)
            else:
                polled.schedule.missed(post, now)
        for _ in range(looked.calls - 1):
            polled.budget.spend(self._context.monotonic())
        if looked.pause:
            polled.budget.close(self._context.monotonic(), looked.pause)
