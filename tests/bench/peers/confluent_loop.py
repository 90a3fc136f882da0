"""A bare confluent-kafka loop: ``consume`` in batches, decode, match, count in a dictionary. No durable state."""

import sys
from datetime import datetime

import msgspec
from confluent_kafka import Consumer, TopicPartition

from tests.bench.peers.common import Job, Meter


class Post(msgspec.Struct):
    """What the count needs of a post."""

    text: str
    created_at: datetime


def main() -> None:
    job = Job.of(sys.argv[1:])
    match, decode, meter = job.matcher(), msgspec.json.Decoder(Post).decode, Meter(job)
    consumer = Consumer({"bootstrap.servers": job.server, "group.id": "confluent", "enable.auto.commit": False})
    consumer.assign([TopicPartition(job.topic, number, 0) for number in range(job.partitions)])
    counts: dict[tuple[str, int], int] = {}
    mentions = 0
    while True:
        for message in consumer.consume(10_000, 0.5):
            post = decode(message.value())
            for campaign in match(post.text):
                cell = campaign, int(post.created_at.timestamp()) // 60
                counts[cell] = counts.get(cell, 0) + 1
                mentions += 1
            meter.counted = mentions
            meter.post()


if __name__ == "__main__":
    main()
