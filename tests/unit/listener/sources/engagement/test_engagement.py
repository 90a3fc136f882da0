"""The engagement poller: the schedule, the budget, and both APIs against servers that answer as they do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.sources.engagement.apis import MastodonCounts
from listener.sources.engagement.budget import Budget
from listener.sources.engagement.poller import EngagementConfig, EngagementPoller
from listener.sources.engagement.schedule import AGES, DAY, HOUR, MINUTE, Schedule, calls_per_thousand, next_due
from listener.sources.engagement.tracking import take_mention
from listener.sources.kit.connector import Context
from listener.sources.kit.errors import Refused
from listener.sources.kit.http import open_session
from models.mention import Mention, Origin, counts_key, mention_key, pack_mention
from tests.unit.listener.sources.rig import NOW, RANDOM, MemorySink, context, output, run_until, serve

T0 = NOW.timestamp()


def test_the_ages_are_those_of_the_design() -> None:
    assert AGES == (300, 900, 3600, 10_800, 21_600, 43_200, DAY, 2 * DAY, 4 * DAY, 7 * DAY)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, 5 * MINUTE),
        (1 * MINUTE, 5 * MINUTE),
        (5 * MINUTE, 15 * MINUTE),
        (2 * HOUR, 3 * HOUR),
        (5 * DAY, 7 * DAY),
        (7 * DAY, None),
    ],
)
def test_the_next_look(last: float | None, due: float | None) -> None:
    assert next_due(T0, None if last is None else T0 + last) == (None if due is None else T0 + due)


def test_what_thousand_posts_cost() -> None:
    assert {batch: calls_per_thousand(batch) for batch in (1, 20, 25, 50, 100)} == {
        1: 10_000,
        20: 500,
        25: 400,
        50: 200,
        100: 100,
    }


@given(st.lists(st.floats(min_value=0, max_value=8 * DAY), max_size=30))
def test_a_post_is_looked_at_at_most_once_for_each_age(moments: list[float]) -> None:
    schedule, looks = Schedule(), 0
    schedule.follow("bluesky:a", T0)
    for moment in sorted(moments):
        for post in schedule.take(T0 + moment, 25, 0.0):
            schedule.looked(post, T0 + moment)
            looks += 1
    wanted = {sum(age <= moment for age in AGES) for moment in moments} - {0}
    assert looks == len(wanted), "one look makes up for all that were missed before it"


def test_calls_wait_to_be_full_but_not_for_ever() -> None:
    schedule = Schedule()
    for number in range(3):
        schedule.follow(f"bluesky:{number}", T0 + number)
    due = T0 + 5 * MINUTE + 2
    assert schedule.take(due, 5, 30.0) == []
    assert schedule.take(due, 3, 30.0) == ["bluesky:0", "bluesky:1", "bluesky:2"]
    schedule.give_back(["bluesky:1", "bluesky:1"])
    assert schedule.take(due + 60, 5, 30.0) == ["bluesky:1"]


def test_a_post_that_is_missed_twice_is_forgotten() -> None:
    schedule = Schedule()
    schedule.follow("bluesky:a", T0)
    for age in (5 * MINUTE, 15 * MINUTE):
        assert schedule.take(T0 + age, 1, 0.0) == ["bluesky:a"]
        schedule.missed("bluesky:a", T0 + age)
    assert len(schedule) == 0
    assert schedule.take(T0 + 9 * DAY, 1, 0.0) == []


def test_calls_are_spread_over_the_budget() -> None:
    budget, now, calls = Budget(300, 300.0, 0.0), 0.0, []
    while now < 60:
        now += budget.wait_s(now)
        budget.spend(now)
        calls.append(now)
    assert len([call for call in calls if call <= 30]) <= 30 + 5
    assert len(calls) >= 60
    budget.close(now, 120.0)
    assert budget.wait_s(now + 20) == 100


def mention(entity: str, op: str = "create", age: timedelta = timedelta(minutes=6), **more: Any) -> Mention:
    fields: dict[str, Any] = {
        "campaign": "telegram",
        "kind": "post",
        "op": op,
        "origin": Origin("social.posts.v1", 0, 0),
        "platform": entity.partition(":")[0],
        "event_time": NOW - age,
        "observed_at": NOW,
    }
    return Mention(entity=entity, **fields | more)


def pair(one: Mention) -> tuple[bytes, bytes]:
    return one.key, pack_mention(one)


def test_mentions_tell_what_is_followed_and_what_was_looked_at() -> None:
    schedules = {"bluesky": Schedule(), "mastodon": Schedule()}

    def take(key: bytes | None, value: bytes | None) -> bool:
        return take_mention(schedules, key, value, T0)

    for one in (
        mention("bluesky:a"),
        mention("bluesky:a", campaign="snapp"),
        mention("bluesky:b"),
        mention("bluesky:old", age=timedelta(days=8)),
        mention("bluesky:boost", repost=True),
        mention("twitter:c"),
        mention("bluesky:b", op="engagement"),
        mention("paper", kind="article", platform="news"),
    ):
        assert take(*pair(one))
    assert not take(b"x", b"{")
    assert len(schedules["bluesky"]) == 2
    assert schedules["bluesky"].take(T0, 25, 0.0) == ["bluesky:a"]
    take(mention_key("telegram", "bluesky:a"), None)
    take(counts_key("telegram", "bluesky:b"), None)
    assert len(schedules["bluesky"]) == 0


@dataclass
class Mentions:
    """Stands for the topic. ``batches`` come one after the other, then nothing."""

    batches: list[list[tuple[bytes | None, bytes | None]]] = field(default_factory=list)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["Mentions"]:
        yield self

    async def caught_up(self) -> bool:
        return not self.batches

    async def next(self, timeout_ms: int) -> list[tuple[bytes | None, bytes | None]]:
        await asyncio.sleep(0)
        return self.batches.pop(0) if self.batches else []


@dataclass
class Bluesky:
    """Answers ``getPosts``; posts in ``gone`` are left out."""

    gone: Sequence[str] = ()
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return web.Response(status=status, headers=headers)
        uris = request.query.getall("uris")
        self.calls.append(uris)
        posts = [
            {
                "uri": uri,
                "author": {"did": "did:plc:a"},
                "record": {"createdAt": "2026-11-23T23:54:00Z"},
                "likeCount": 7,
                "repostCount": 2,
            }
            for uri in uris
            if uri not in self.gone
        ]
        return web.json_response({"posts": posts})


def poller(base: str, mentions: Mentions, now: datetime = NOW, **more: Any) -> EngagementPoller:
    config = msgspec.convert({"bluesky": {"url": base}, **more}, type=EngagementConfig)
    return EngagementPoller(config, mentions, context(now=now))  # type: ignore[arg-type]


def uri(number: int) -> str:
    return f"at://did:plc:a/app.bsky.feed.post/{number}"


def test_tracked_posts_are_polled_in_full_calls() -> None:
    async def scenario() -> None:
        followed = [pair(mention(f"bluesky:{uri(number)}")) for number in range(60)]
        known = [pair(mention(f"bluesky:{uri(number)}", op="engagement")) for number in range(10)]
        sink, server = MemorySink(), Bluesky(refusals=[(500, {}), (429, {"Retry-After": "0"})])
        async with serve({"/xrpc/app.bsky.feed.getPosts": server.handle}) as base:
            source = poller(base, Mentions([followed, known]), bluesky={"url": base, "calls_per_5m": 30_000})
            out = output(sink)
            await run_until(source, out, sink.until(lambda it: len(it.records) == 50))
        assert sorted(len(call) for call in server.calls) == [25, 25]
        assert {uri(number) for number in range(10, 60)} == {one for call in server.calls for one in call}
        found = sink.values[0]
        assert (found["op"], found["counts"]["likes"], found["counts"]["shares"]) == ("engagement", 7, 2)
        assert {record.topic for record in sink.records} == {"social.posts.v1"}
        assert (out.stats.reconnects, out.stats.rate_limited) == (2, 1)

    asyncio.run(scenario())


def test_a_new_process_asks_nothing_again_that_the_topic_says_was_asked() -> None:
    async def scenario() -> None:
        sink, server = MemorySink(), Bluesky()
        both = [pair(mention(f"bluesky:{uri(1)}")), pair(mention(f"bluesky:{uri(1)}", op="engagement"))]
        later = NOW + timedelta(minutes=10)
        async with serve({"/xrpc/app.bsky.feed.getPosts": server.handle}) as base:
            for now, calls in ((NOW, 0), (later, 1)):
                mentions = Mentions([list(both)])
                quiet = asyncio.create_task(_idle(mentions))
                await run_until(poller(base, mentions, now), output(sink), quiet)
                assert len(server.calls) == calls
        assert sink.values[0]["observed_at"] == "2026-11-24T00:10:00Z"

    asyncio.run(scenario())


async def _idle(mentions: Mentions) -> None:
    while mentions.batches:
        await asyncio.sleep(0)
    await asyncio.sleep(0.3)


def test_a_refusal_ends_it() -> None:
    async def scenario() -> None:
        server = Bluesky(refusals=[(403, {})])
        async with serve({"/xrpc/app.bsky.feed.getPosts": server.handle}) as base:
            mentions = Mentions([[pair(mention(f"bluesky:{uri(1)}", age=timedelta(minutes=8)))]])
            with pytest.raises(Refused, match="403"):
                await run_until(poller(base, mentions), output(MemorySink()), None)

    asyncio.run(scenario())


def test_mastodon_is_asked_by_the_numbers_of_the_instance() -> None:
    async def scenario() -> None:
        asked: list[Any] = []

        async def statuses(request: web.Request) -> web.Response:
            asked.append(request.query.getall("id[]"))
            posts = [
                _status("5", f"{base}/users/a/statuses/5"),
                _status("900", "https://far.example/users/b/statuses/x"),
            ]
            return web.json_response(
                posts, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-24T00:01:00Z"}
            )

        async def search(request: web.Request) -> web.Response:
            asked.append(request.query["q"])
            return web.json_response({"statuses": [_status("900", request.query["q"])]})

        async with serve({"/api/v1/statuses": statuses, "/api/v2/search": search}) as base, open_session() as session:
            api = MastodonCounts(session, base, "secret", context())
            posts = [f"mastodon:{base}/users/a/statuses/5", "mastodon:https://far.example/users/b/statuses/x"]
            looked = await api.look(posts)
            await api.look(posts)
        assert asked == ["https://far.example/users/b/statuses/x", ["5", "900"], ["5", "900"]]
        assert looked.pause == 60
        assert [(one.op, one.post_id, one.text) for one in looked.results] == [  # type: ignore[union-attr]
            ("engagement", post, None) for post in posts
        ]

    asyncio.run(scenario())


def _status(number: str, address: str) -> dict[str, Any]:
    account = {"acct": "a", "uri": "https://m.example/users/a"}
    return {
        "id": number,
        "uri": address,
        "content": "x",
        "created_at": "2026-11-23T10:00:00Z",
        "account": account,
        "favourites_count": 3,
    }


def test_settings_that_cannot_work_are_named() -> None:
    with pytest.raises(UsageProblem, match="reads the mentions from Kafka"):
        EngagementConfig().connector(context())
    with pytest.raises(UsageProblem, match="at least one platform"):
        EngagementConfig(bluesky=None).connector(Context(kafka=KafkaSettings.parse("k:9092"), random=RANDOM))
