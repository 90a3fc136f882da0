"""A recount of a cluster, for the commands that ask for one."""

import asyncio
from collections.abc import Callable

from listener.kafka.settings import KafkaSettings
from listener.recount.live.cluster import Cluster
from listener.recount.live.recount import Recounting, Result
from listener.worker.cluster import partitions_of
from models.topics import Namespace


async def compared(
    kafka: KafkaSettings, namespace: Namespace, *, retention: bool, say: Callable[[str], None]
) -> Result:
    """Everything that is retained, counted again and compared; ``say`` is told how far it is."""
    partitions = await asyncio.to_thread(partitions_of, kafka, namespace)
    return await Recounting(Cluster(kafka, namespace), retention, say).run(partitions)
