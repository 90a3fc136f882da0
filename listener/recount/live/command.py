"""A recount of a cluster, for the commands that ask for one."""

import asyncio
from collections.abc import Callable

from kafka.errors import NoError, for_code

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from listener.loop import Loop
from listener.recount.live.cluster import Cluster
from listener.recount.live.recount import Recounting, Result
from models.streams import STREAMS, Stream
from models.topics import Namespace


def compared(kafka: KafkaSettings, namespace: Namespace, *, retention: bool, say: Callable[[str], None]) -> Result:
    """Everything that is retained, counted again and compared; ``say`` is told how far it is."""
    partitions = input_partitions(kafka, namespace)
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(Recounting(Cluster(kafka, namespace), retention, say).run(partitions))


def input_partitions(kafka: KafkaSettings, namespace: Namespace) -> dict[Stream, int]:
    """How many partitions each input has; UsageProblem where one is not there."""
    names = {namespace.input(stream): stream for stream in STREAMS}
    with admin_client(kafka) as admin:
        topics = [topic for topic in admin.describe_topics(list(names)) if for_code(topic["error_code"]) is NoError]
    found = {names[topic["name"]]: len(topic["partitions"]) for topic in topics}
    missing = [name for name, stream in names.items() if stream not in found]
    if missing:
        raise UsageProblem(f"there is no topic {missing[0]}, or it may not be read: `listener topics check` tells.")
    return {stream: found[stream] for stream in STREAMS}
