"""Faust as its documentation teaches it: Record models, an agent, a tumbling table relative to a field of the event."""

import sys
import tempfile
from datetime import datetime, timedelta

import faust

from tests.bench.peers.common import Job, Meter


class Post(faust.Record, serializer="json", coerce=True):  # type: ignore[misc, call-arg]
    """What the count needs of a post."""

    text: str
    created_at: datetime


def main() -> None:
    job = Job.of(sys.argv[1:])
    match, meter = job.matcher(), Meter(job)
    app = faust.App(
        "peer-faust",
        broker=f"kafka://{job.server}",
        store="memory://",
        topic_partitions=job.partitions,
        web_enabled=False,
        datadir=tempfile.mkdtemp(),
    )
    topic = app.topic(job.topic, value_type=Post)
    counts = app.Table("counts", default=int).tumbling(timedelta(minutes=1), expires=timedelta(days=3650))
    windowed = counts.relative_to_field(Post.created_at)

    async def count(posts: faust.StreamT[Post]) -> None:
        async for post in posts:
            for campaign in match(post.text):
                windowed[campaign] += 1
                meter.counted += 1
            meter.post()

    app.agent(topic)(count)
    app.worker_init()
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main()
