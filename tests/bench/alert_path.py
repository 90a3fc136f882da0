"""The whole path, live: posts in Kafka → worker → two boards → a real pair of Alertmanagers → webhook. Four minutes.

    PYTHONPATH=. python tests/bench/alert_path.py [CAMPAIGNS]

Campaigns (ten unless said) have a quiet past of 34 hours (closed minutes, written beforehand); in the last two minutes
of one row of five all of them get 60 posts a minute instead of 2, at once. Printed: p50 and p95 over the campaigns of
the time from the end of the row to the message at the webhook, and one message. Start it at least 150 s before a
multiple of five minutes; it waits otherwise. Ends with 1 unless each campaign got exactly one message.
"""

import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from aiokafka import AIOKafkaProducer

from listener.http import serve
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from processors.closing import USUAL
from tests.integration.alert_path import RATE, ROW_S, AlertPath
from tests.integration.alertmanagers import alertmanagers

#: Seconds before the end of the row: to start everything, and of the spike.
START_S = 150
SPIKE_S = 120
SPIKE = 60
PATIENCE_S = 75
#: Each makes the word of a campaign; the matcher folds none of them into another.
LETTERS = "بپتجچدرزسشفقکگلمن"
#: Whatever would come twice comes in this time: the group interval is a second.
TWICE_S = 10
NAMESPACE = Namespace(app="path", prefix="path.")

Heard = list[tuple[float, Any]]


def firing(heard: Heard) -> dict[str, list[tuple[float, Any]]]:
    """By campaign: when a message about it came, and its alert."""
    found: dict[str, list[tuple[float, Any]]] = {}
    for at, message in heard:
        if message["status"] == "firing":
            found.setdefault(message["groupLabels"]["campaign"], []).append((at, message["alerts"][0]))
    return found


async def talk(path: AlertPath, producer: AIOKafkaProducer, campaign: str, end: int) -> None:
    """Posts at the usual pace, in the last minutes before ``end`` at the pace of the spike."""
    number = 0
    while True:
        await path.post(producer, campaign, number := number + 1, time.time())
        await asyncio.sleep(60 / (SPIKE if end - SPIKE_S <= time.time() < end else RATE))


async def measure(path: AlertPath, stack: ExitStack, urls: list[str], heard: Heard, end: int) -> int:
    producer = AIOKafkaProducer(**path.kafka.aiokafka(), enable_idempotence=True)
    await producer.start()
    talks = []
    try:
        await path.past(producer, end - SPIKE_S)
        path.start(stack, urls)
        talks = [asyncio.create_task(talk(path, producer, name, end)) for name in path.words]
        while set(firing(heard)) != set(path.words) and time.time() < end + PATIENCE_S:
            await asyncio.sleep(0.05)
        await asyncio.sleep(TWICE_S)
    finally:
        for one in talks:
            one.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await producer.stop()
    return report(firing(heard), path.words, end)


def report(found: dict[str, list[tuple[float, Any]]], words: dict[str, str], end: int) -> int:
    late = []
    for name in words:
        messages = found.get(name, [])
        if len(messages) != 1 or datetime.fromisoformat(messages[0][1]["startsAt"]).timestamp() != end:
            print(f"{name}: {len(messages)} messages, {[alert['startsAt'] for _, alert in messages]}")
        late += [at - end for at, _ in messages]
    if not late:
        print("no message")
        return 1
    p50, p95 = np.percentile(late, [50, 95])
    print(
        f"{len(late)} messages to {len(words)} campaigns. After the row ended: p50 {p50:.1f} s, p95 {p95:.1f} s, most "
        f"{max(late):.1f} s. A minute closes {USUAL.delay_s:.0f} s after its end; since then: p50 "
        f"{p50 - USUAL.delay_s:.1f} s, p95 {p95 - USUAL.delay_s:.1f} s, most {max(late) - USUAL.delay_s:.1f} s."
    )
    first = next(iter(found.values()))[0][1]["annotations"]
    print(first["summary"], first["description"], first["summary_fa"], first["description_fa"], sep="\n")
    return 0 if len(late) == len(words) == len(found) else 1


async def run(directory: Path, words: dict[str, str]) -> int:
    heard: Heard = []

    async def take(request: web.Request) -> web.Response:
        heard.append((time.time(), await request.json()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    end = (int(time.time()) + START_S) // ROW_S * ROW_S + ROW_S
    await asyncio.sleep(max(0.0, end - START_S - time.time()))
    with ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka())
        create_topics(kafka.settings, declared_topics(NAMESPACE, 1))
        async with serve(app, "127.0.0.1", 0) as port:
            managers = stack.enter_context(alertmanagers(directory, port))
            path = AlertPath(kafka.settings, NAMESPACE, directory, words)
            code = await measure(path, stack, [one.url for one in managers], heard, end)
            if code or "LOGS" in os.environ:
                print(path.logs(), file=sys.stderr)
            return code


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    words = {f"brand{number}": f"برند{LETTERS[number]}یمو" for number in range(count)}
    with tempfile.TemporaryDirectory() as directory:
        sys.exit(asyncio.run(run(Path(directory), words)))


if __name__ == "__main__":
    main()
