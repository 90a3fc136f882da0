"""Quix Streams as documented: JSON topic, expand to mentions, ``group_by`` campaign, tumbling count, RocksDB state."""

import sys
import tempfile
from datetime import datetime
from typing import Any

from quixstreams import Application

from tests.bench.peers.common import Job, Meter


def main() -> None:
    job = Job.of(sys.argv[1:])
    match, meter = job.matcher(), Meter(job)
    latest: dict[tuple[Any, int], int] = {}
    total = 0

    def mentions(post: dict[str, Any]) -> list[dict[str, str]]:
        meter.post()
        return [{"campaign": campaign} for campaign in match(post["text"])]

    def created(post: dict[str, Any], _headers: Any, _timestamp: int, _kind: Any) -> int:
        return int(datetime.fromisoformat(post["created_at"]).timestamp() * 1000)

    def counted(window: dict[str, Any], key: Any, _timestamp: int, _headers: Any) -> None:
        nonlocal total
        cell = key, window["start"]
        total += window["value"] - latest.get(cell, 0)
        latest[cell] = window["value"]
        meter.mentions(total)

    with tempfile.TemporaryDirectory() as state:
        app = Application(
            broker_address=job.server,
            consumer_group="quix",
            auto_offset_reset="earliest",
            state_dir=state,
            loglevel="WARNING",
        )
        posts = app.topic(job.topic, value_deserializer="json", timestamp_extractor=created)
        frame = app.dataframe(posts).apply(mentions, expand=True).group_by("campaign")
        # Partitions are read unevenly: with a day of grace nothing is late.
        windows = frame.tumbling_window(60_000, grace_ms=86_400_000).count().current()
        windows.update(counted, metadata=True)
        app.run()


if __name__ == "__main__":
    main()
