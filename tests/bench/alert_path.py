"""The whole path, live: posts in Kafka → worker → board → a real pair of Alertmanagers → webhook. About ten minutes.

    PYTHONPATH=. python tests/bench/alert_path.py

Three campaigns have a quiet past of two days (closed minutes, written beforehand); each then gets 30 posts a minute
instead of 2, a hundred seconds apart. Printed: when the first message of each came, after the posts began and after the
row that made it had ended; and what it said. Ends with 1 unless each got exactly one message.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from aiokafka import AIOKafkaProducer

from listener.http import serve
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.naming import namespace_environment
from listener.kafka.topics import create_topics, declared_topics
from models.series import ClosedMinute, pack_minute
from models.topics import Namespace
from tests.integration.alertmanagers import alertmanagers

WORDS = {"berimo": "بریمو", "parasto": "پرستوتل", "tordoone": "تردونه"}
APART_S = 100
DAYS = 2
RATE = 2
SPIKE = 30
PATIENCE_S = 900
NAMESPACE = Namespace(app="path", prefix="path.")


async def past(producer: AIOKafkaProducer, until: int) -> None:
    """Two quiet days of closed minutes, day to night 5 : 1, up to a minute."""
    generator = np.random.default_rng(1)
    for minute in range(until - DAYS * 86400, until, 60):
        for campaign in WORDS:
            count = int(generator.poisson(RATE * (1 + 0.66 * np.sin(2 * np.pi * minute / 86400))))
            counts = {"twitter": {"mentions": count}} if count else {}
            one = ClosedMinute(campaign, minute, counts, authors=count, stories=count)
            await producer.send(NAMESPACE.series, key=one.key, value=pack_minute(one), partition=0)
    await producer.flush()


async def post(producer: AIOKafkaProducer, campaign: str, number: int) -> None:
    now = datetime.now(UTC).isoformat()
    text = f"{WORDS[campaign]} از صبح قطع است و کسی پاسخ نمی‌دهد {number}"
    body = {
        "event_id": f"e{campaign}{number}",
        "schema_version": 1,
        "observed_at": now,
        "op": "create",
        "post_id": f"twitter:{campaign}{number}",
        "platform": "twitter",
        "created_at": now,
        "text": text,
        "url": f"https://example.com/{number}",
        "author": {"id": f"a{number % 400}"},
    }
    key = str(body["post_id"]).encode()
    await producer.send(NAMESPACE.posts, key=key, value=json.dumps(body, ensure_ascii=False).encode())


async def talk(producer: AIOKafkaProducer, campaign: str, starts: float, done: asyncio.Event) -> None:
    """Posts at the usual pace, from ``starts`` on at the pace of the spike."""
    number = 0
    while not done.is_set():
        await post(producer, campaign, number := number + 1)
        await asyncio.sleep(60 / (SPIKE if time.time() >= starts else RATE))


def processes(stack: ExitStack, kafka: EmbeddedKafka, directory: Path, urls: list[str]) -> None:
    """A worker and two boards."""
    campaigns = directory / "campaigns"
    campaigns.mkdir()
    for name, word in WORDS.items():
        (campaigns / f"{name}.yaml").write_text(f"id: {name}\nname: {word}\nteam: mobility\nkeywords: [{word}]\n")
    environment = os.environ | kafka.settings.environment() | namespace_environment(NAMESPACE)
    environment |= {"LISTENER_AUTHOR_KEY": "a" * 64, "LISTENER_ALERT_KEY": "b" * 64}
    tell = [part for url in urls for part in ("--alertmanager", url)]
    board = ["board", "--http-port", "0", "--public-url", "http://localhost:8080", *tell]
    for name, options in (
        ("worker", ["worker", "--http-port", "0", "--campaigns", str(campaigns)]),
        ("board-1", board),
        ("board-2", board),
    ):
        log = stack.enter_context((directory / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "listener", *options], env=environment, stderr=log, stdout=log
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)


async def run(directory: Path) -> int:
    heard: list[tuple[float, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((time.time(), await request.json()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    with ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka())
        create_topics(kafka.settings, declared_topics(NAMESPACE, 1))
        async with serve(app, "127.0.0.1", 0) as port:
            managers = stack.enter_context(alertmanagers(directory, port))
            producer = AIOKafkaProducer(**kafka.settings.aiokafka(), enable_idempotence=True)
            await producer.start()
            try:
                return await measure(producer, stack, kafka, directory, [one.url for one in managers], heard)
            finally:
                await producer.stop()


async def measure(
    producer: AIOKafkaProducer,
    stack: ExitStack,
    kafka: EmbeddedKafka,
    directory: Path,
    urls: list[str],
    heard: list[tuple[float, Any]],
) -> int:
    now = time.time()
    await past(producer, int(now) // 60 * 60 - 60)
    processes(stack, kafka, directory, urls)
    done = asyncio.Event()
    starts = {name: now + 150 + index * APART_S for index, name in enumerate(WORDS)}
    talks = [asyncio.create_task(talk(producer, name, at, done)) for name, at in starts.items()]
    deadline = now + PATIENCE_S
    while {one["groupLabels"]["campaign"] for _, one in heard} != set(WORDS) and time.time() < deadline:
        await asyncio.sleep(0.1)
    # Whatever would come twice comes within a minute: the group interval is a second.
    await asyncio.sleep(60)
    done.set()
    await asyncio.gather(*talks)
    good = True
    for name, started in starts.items():
        messages = [
            (at, one) for at, one in heard if one["groupLabels"]["campaign"] == name and one["status"] == "firing"
        ]
        ids = {alert["startsAt"] for _, one in messages for alert in one["alerts"]}
        good &= len(messages) == 1
        for at, one in messages:
            alert = one["alerts"][0]
            row = datetime.fromisoformat(alert["startsAt"]).timestamp()
            print(
                f"{name}: {len(messages)} message(s), {len(ids)} incident(s); {at - started:.0f} s after the posts "
                f"began, {at - row:.1f} s after the row ended (closing waits 30 s of it)"
            )
            print(alert["annotations"]["summary"], alert["annotations"]["description"], sep="\n")
        if not messages:
            print(f"{name}: no message")
    return 0 if good else 1


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        code = asyncio.run(run(Path(directory)))
        if code:
            for log in sorted(Path(directory).glob("*.log")):
                print(log.name, log.read_text()[-2000:], sep="\n", file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main()
