"""Bytewax as documented: Kafka operators, an event clock, tumbling ``count_window``, with recovery on."""

import json
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main
from confluent_kafka import OFFSET_BEGINNING

from tests.bench.peers.common import Job, Meter

Mention = tuple[str, datetime]


def main() -> None:
    job = Job.of(sys.argv[1:])
    match, meter = job.matcher(), Meter(job)

    def mentions(message: Any) -> Iterable[Mention]:
        post = json.loads(message.value)
        created = datetime.fromisoformat(post["created_at"])
        meter.post()
        return [(campaign, created) for campaign in match(post["text"])]

    def counted(closed: tuple[str, tuple[int, int]]) -> tuple[str, tuple[int, int]]:
        meter.mentions(meter.counted + closed[1][1])
        return closed

    flow = Dataflow("peer")
    posts = kafka.input(
        "posts", flow, brokers=[job.server], topics=[job.topic], tail=False, starting_offset=OFFSET_BEGINNING
    )
    found = op.flat_map("match", posts.oks, mentions)
    # Partitions are read unevenly: nothing is late, and at the end of the topic all windows close.
    clock = EventClock(lambda mention: mention[1], wait_for_system_duration=timedelta(days=2))
    minutes = TumblingWindower(length=timedelta(minutes=1), align_to=datetime(2026, 1, 1, tzinfo=UTC))
    counts = windowing.count_window("count", found, clock, minutes, key=lambda mention: mention[0])
    op.inspect("out", op.map("total", counts.down, counted), lambda *_: None)
    with tempfile.TemporaryDirectory() as state:
        init_db_dir(Path(state), 1)
        run_main(flow, recovery_config=RecoveryConfig(state))


if __name__ == "__main__":
    main()
