"""Pathway as documented: the Kafka connector with a schema, a UDF, ``groupby`` and ``reduce``, with persistence on."""

import sys
import tempfile
from typing import Any

import pathway as pw

from tests.bench.peers.common import Job, Meter


class Post(pw.Schema):
    """The fields of a post that are counted by."""

    text: str
    created_at: str


def main() -> None:
    job = Job.of(sys.argv[1:])
    match, meter = job.matcher(), Meter(job)

    @pw.udf(deterministic=True)
    def campaigns(text: str) -> list[str]:
        meter.post()
        return list(match(text))

    def changed(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: FBT001 - as called
        meter.mentions(meter.counted + (row["mentions"] if is_addition else -row["mentions"]))

    settings = {"bootstrap.servers": job.server, "group.id": "pathway", "auto.offset.reset": "earliest"}
    posts = pw.io.kafka.read(settings, topic=job.topic, format="json", schema=Post)
    found = posts.select(campaign=campaigns(pw.this.text), minute=pw.this.created_at.str.slice(0, 16))
    found = found.flatten(pw.this.campaign)
    counts = found.groupby(pw.this.campaign, pw.this.minute).reduce(
        pw.this.campaign, pw.this.minute, mentions=pw.reducers.count()
    )
    pw.io.subscribe(counts, on_change=changed)
    with tempfile.TemporaryDirectory() as state:
        backend = pw.persistence.Backend.filesystem(state)
        meter.begin()
        pw.run(persistence_config=pw.persistence.Config(backend), monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main()
