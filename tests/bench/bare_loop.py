"""The limit to compare with: a bare aiokafka loop that decodes every post and counts in a dictionary.

No durable state, no outcomes, no entities; the same matcher. Prints one JSON object with its own CPU seconds.
"""

import asyncio
import json
import sys
import time
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from listener.kafka.settings import KafkaSettings
from processors.match import Matcher
from tests.bench.posts import campaign_set


class Post(msgspec.Struct):
    """What the count needs of a post."""

    text: str
    created_at: datetime


async def count(servers: str, topic: str, partitions: int, keywords: int) -> dict[str, float]:
    """Count mentions per campaign and minute to the end of the topic."""
    match = Matcher(campaign_set(keywords)).text
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
                    cell = campaign.campaign_id, int(post.created_at.timestamp()) // 60
                    counts[cell] = counts.get(cell, 0) + 1
    figures = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall, "mentions": sum(counts.values())}
    await consumer.stop()
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(count(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))
