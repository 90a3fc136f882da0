"""Posts in Kafka → worker → one of two boards → a real pair of Alertmanagers → webhook: one message, read."""

import asyncio
import re
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiokafka import AIOKafkaProducer

from listener.alerting.tokens import Signer
from listener.http import serve
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from processors.closing import CATCHING_UP_S, USUAL
from tests.integration.alert_path import ROW_S, AlertPath
from tests.integration.alertmanagers import Webhook, alertmanagers, program
from tests.integration.workers import PATIENCE_S

pytestmark = pytest.mark.broker

SPIKE_S, POSTS = 120, 120
#: What closes later than this after its time was closed while catching up, and alerts nobody: starting takes a while.
_ROOM_S = 90.0


def row_end(now: float) -> int:
    """The end of a row that has passed, and whose minutes will still be closed in time."""
    end = int(now) // ROW_S * ROW_S
    return end if now - end < CATCHING_UP_S + USUAL.delay_s - _ROOM_S else end + ROW_S


def test_posts_become_one_message(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> None:
    program()

    async def scenario() -> None:
        create_topics(broker.settings, declared_topics(namespace, 1))
        webhook = Webhook()
        app = web.Application()
        app.router.add_post("/", webhook.take)
        path = AlertPath(broker.settings, namespace, tmp_path, {"berimo": "بریمو"})
        with ExitStack() as stack:
            async with serve(app, "127.0.0.1", 0) as port:
                managers = stack.enter_context(alertmanagers(tmp_path, port))
                end = row_end(time.time())
                await asyncio.sleep(max(0.0, end - time.time()))
                await produce(path, end)
                path.start(stack, [one.url for one in managers], {"LISTENER_UNDERSTANDING": "off"})
                try:
                    async with asyncio.timeout(2 * PATIENCE_S):
                        while not webhook.of("firing"):
                            await asyncio.sleep(0.05)
                except TimeoutError:
                    pytest.fail(f"no message\n{path.logs()}")
        (message,) = webhook.of("firing")
        read(message, end, path)

    asyncio.run(scenario())


async def produce(path: AlertPath, end: int) -> None:
    """A quiet day and a half, a post a second in the last two minutes of the row, and one of now."""
    producer = AIOKafkaProducer(**path.kafka.aiokafka(), enable_idempotence=True)
    await producer.start()
    try:
        await path.past(producer, end - SPIKE_S)
        for number in range(POSTS):
            await path.post(producer, "berimo", number, end - SPIKE_S + number)
        await path.post(producer, "berimo", POSTS, time.time())
    finally:
        await producer.stop()


def read(message: dict[str, Any], end: int, path: AlertPath) -> None:
    """Every word that follows from the posts."""
    (alert,) = message["alerts"]
    # What is usual follows the time of day, so how severe the same posts are does too.
    assert alert["labels"].pop("severity") in {"warning", "critical"}
    assert alert["labels"] == {
        "alertname": "ListenerIncident",
        "campaign": "berimo",
        "team": "mobility",
        "platform": "twitter",
        "kind": "spike",
    }
    assert alert["startsAt"].startswith(time.strftime("%Y-%m-%dT%H:%M:00", time.gmtime(end)))
    words = {name: re.sub("[\u2068\u2069]", "", text) for name, text in alert["annotations"].items()}
    # The spike's own posts, and those of the quiet minutes before it back to where the message says that it began.
    told = re.match(r"Spike: بریمو: (\d+) mentions, ", words["summary"])
    assert told is not None
    since = datetime.fromisoformat(words["started"]).timestamp()
    assert since <= end - SPIKE_S
    before = sum(one.total("mentions") for one in path.quiet(end - SPIKE_S) if one.minute >= since)
    assert int(told.group(1)) == POSTS + before
    assert words["summary_fa"].startswith("جهش یادکردها: بریمو: ۱")
    # Explained from the mentions themselves: by source and author, not by counts alone.
    assert "By platform: twitter 100%." in words["description"]
    assert "Example: “بریمو از صبح قطع است و کسی پاسخ نمی‌دهد" in words["description"]
    assert "https://example.com/berimo/" in words["description"]
    link = urlsplit(words["false_alarm"])
    assert link.netloc == "localhost:8080"
    grant = Signer(b"b" * 64).verify(parse_qs(link.query)["t"][0], time.time())
    assert (grant.campaign, grant.incident) == ("berimo", f"berimo-{time.strftime('%Y%m%dt%H%M', time.gmtime(end))}")
