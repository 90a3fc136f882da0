"""Delivery: everything wanted, to every Alertmanager, until it takes it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from listener.alerting.alerts import alert_of
from listener.alerting.delivery import BUCKETS, Delivery, Latency, backoff
from listener.http import serve
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT, OPENED

ALERT = alert_of(INCIDENT, CAMPAIGN, "", None)
NOW = OPENED.timestamp() + 45


class Taker:
    """An Alertmanager that answers as told and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.posts: list[Any] = []
        self.heard = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.posts.append(await request.json())
        status = self._statuses.pop(0) if self._statuses else 200
        if not self._statuses:
            self.heard.set()
        return web.Response(status=status)


@asynccontextmanager
async def delivering(*takers: Taker, sending: Callable[[], bool] = lambda: True) -> AsyncIterator[Delivery]:
    apps = []
    for taker in takers:
        app = web.Application()
        app.router.add_post("/api/v2/alerts", taker.take)
        apps.append(serve(app, "127.0.0.1", 0))
    ports = [await app.__aenter__() for app in apps]
    urls = [f"http://127.0.0.1:{port}/" for port in ports]
    delivery = Delivery(urls, sending=sending, now=lambda: NOW, random=lambda: 0.001)
    running = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for app in apps:
            await app.__aexit__(None, None, None)


def test_what_is_wanted_goes_to_every_alertmanager_at_once() -> None:
    async def scenario() -> None:
        first, second = Taker(), Taker()
        async with delivering(first, second) as delivery:
            delivery.want(ALERT)
            assert delivery.queue == 1
            await asyncio.gather(first.heard.wait(), second.heard.wait())
            await asyncio.sleep(0)
            assert first.posts == second.posts
            (alert,) = first.posts[0]
            assert alert["labels"]["campaign"] == "berimo"
            while delivery.queue:
                await asyncio.sleep(0.01)
        # 45 seconds after the minute's end, which itself closed 38 seconds late: 7 s.
        assert sum(delivery.latency.counts) == 1
        assert delivery.latency.total == pytest.approx(7.0)

    asyncio.run(scenario())


def test_refused_posts_are_repeated_until_taken_and_counted() -> None:
    async def scenario() -> None:
        taker = Taker(500, 503, 200)
        async with delivering(taker) as delivery:
            delivery.want(ALERT)
            await taker.heard.wait()
            (target,) = delivery.targets
            while not target.accepted:
                await asyncio.sleep(0.01)
            assert (target.accepted, target.failed, len(taker.posts)) == (1, 2, 3)
            assert target.last_success == NOW
            assert delivery.queue == 0

    asyncio.run(scenario())


def test_one_that_is_down_does_not_hold_up_the_other() -> None:
    async def scenario() -> None:
        up = Taker()
        async with delivering(up) as delivery:
            delivery.targets.append(delivery.targets[0].__class__("http://127.0.0.1:9"))
            delivery.want(ALERT)
            await up.heard.wait()

    asyncio.run(scenario())


def test_resolution_is_told_and_only_the_leader_tells() -> None:
    async def scenario() -> None:
        leads = False
        taker = Taker()
        async with delivering(taker, sending=lambda: leads) as delivery:
            delivery.want(ALERT)
            await asyncio.sleep(0.05)
            assert (taker.posts, delivery.queue) == ([], 0)
            leads = True
            delivery.want(replace(ALERT, resolved_at=OPENED + timedelta(seconds=30)))
            await taker.heard.wait()
            ((alert,),) = taker.posts
            assert alert["endsAt"] == "2026-03-28T09:40:30.000Z"

    asyncio.run(scenario())


def test_back_off_doubles_to_a_minute_with_full_jitter() -> None:
    assert [backoff(attempt, lambda: 1.0) for attempt in (1, 2, 3, 10, 100)] == [1.0, 2.0, 4.0, 60.0, 60.0]
    assert backoff(5, lambda: 0.0) == 0.0


def test_latencies_fall_into_their_buckets() -> None:
    latency = Latency()
    for seconds in (-1.0, 1.0, 59.0, 60.0, 61.0, 9999.0):
        latency.observe(seconds)
    by_bound = dict(zip((*BUCKETS, "inf"), latency.counts, strict=True))
    assert (by_bound[1.0], by_bound[60.0], by_bound[120.0], by_bound["inf"]) == (2, 2, 1, 1)
