"""A recount of a cluster, for the commands that ask for one."""

import asyncio

import click

from listener.kafka.settings import KafkaSettings
from listener.recount.live.cluster import Cluster
from listener.recount.live.recount import Recounting, Result
from listener.worker.cluster import partitions_of
from models.topics import Namespace


async def compared(kafka: KafkaSettings, namespace: Namespace, *, retention: bool) -> Result:
    """Everything that is retained, counted again and compared; how far it is goes to standard error."""

    def say(text: str) -> None:
        click.echo(f"listener: {text}", err=True)

    partitions = await asyncio.to_thread(partitions_of, kafka, namespace)
    return await Recounting(Cluster(kafka, namespace), retention, say).run(partitions)
