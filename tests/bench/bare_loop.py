"""The limit to compare with: a bare aiokafka loop that decodes every post and counts in a dictionary.

No durable state, no outcomes, no entities; the same matcher, or that of an engine's users. Prints one JSON object with
its own CPU seconds. Arguments: bootstrap server, topic, partitions, keywords, whose matcher.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.kafka.settings import KafkaSettings
from processors.match import Matcher
from tests.bench.matchers import matcher
from tests.bench.posts import campaign_set


class Post(msgspec.Struct):
    """What the count needs of a post."""

    text: str
    created_at: datetime


async def count(servers: str, topic: str, partitions: int, keywords: int, whose: str = "ours") -> dict[str, float]:
    """Count mentions per campaign and minute to the end of the topic."""
    # The limit has no function between itself and the worker's matcher.
    ours = whose == "ours"
    match: Callable[[str], Iterable[Any]] = Matcher(campaign_set(keywords)).text if ours else matcher(whose, keywords)
    name: Callable[[Any], str] = attrgetter("campaign_id") if ours else str
    decode = msgspec.json.Decoder(Post).decode
    consumer = AIOKafkaConsumer(
        **KafkaSettings.parse(servers).aiokafka(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    consumer.assign(tps)
    left = sum((await consumer.end_offsets(tps)).values())
    counts: dict[tuple[str, int], int] = {}
    cpu, wall = time.process_time(), time.monotonic()
    while left:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            left -= len(records)
            for record in records:
                post = decode(record.value)
                for campaign in match(post.text):
                    cell = name(campaign), int(post.created_at.timestamp()) // 60
                    counts[cell] = counts.get(cell, 0) + 1
    figures = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall, "mentions": sum(counts.values())}
    await consumer.stop()
    return figures


if __name__ == "__main__":
    server, topic, partitions, keywords, *whose = sys.argv[1:]
    print(json.dumps(asyncio.run(count(server, topic, int(partitions), int(keywords), *whose))))
