"""``listener recount``."""

import os
import sys
import time
from collections.abc import Iterator

import click
import msgspec
from click.core import ParameterSource

from listener.campaigns.files import load_campaigns
from listener.demo.sample import or_sample
from listener.errors import UsageProblem
from listener.inputs.options import ManyInputs, Replay, replay_options
from listener.inputs.reading import partition, read_records
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.recount.counting import recount as count
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC
from models.topics import Namespace
from processors.match import Matcher


@click.command(cls=ManyInputs)
@click.option(
    "--from-kafka",
    is_flag=True,
    help="Count what the topics still hold again, and compare it with the cells of the workers: exit code 1 where "
    "anything differs. Reads only; workers may run.",
)
@kafka_options(required=False)
@namespace_options
@replay_options
def recount(
    replay: Replay, kafka: KafkaSettings | None, namespace: Namespace, *, once: bool, as_json: bool, from_kafka: bool
) -> None:
    """Count files without Kafka, independently of the stream processor; or, --from-kafka, what a cluster has counted.

    Of a cluster each difference is a line: campaign, window, metric, expected, found, and where. What cannot be
    recounted, because its records are gone, is listed as not covered.
    """
    del once
    if from_kafka:
        if replay.inputs:
            raise UsageProblem("give either --input or --from-kafka.")
        _from_kafka(kafka, namespace, as_json=as_json)
        return
    with or_sample(replay) as chosen:
        campaigns = load_campaigns(chosen.campaigns)
        result = count(_records(chosen), campaigns, Matcher(campaigns), retention=chosen.retention)
    click.echo(result.to_json() if as_json else result.report().to_text())


def _from_kafka(kafka: KafkaSettings | None, namespace: Namespace, *, as_json: bool) -> None:
    from listener.recount.live.command import compared  # noqa: PLC0415 - files need no Kafka client

    if kafka is None:
        raise UsageProblem("--from-kafka: which Kafka? Give --bootstrap-servers or LISTENER_BOOTSTRAP_SERVERS.")

    def say(text: str) -> None:
        click.echo(f"listener: {text}", err=True)

    result = compared(kafka, namespace, retention=_retention(), say=say)
    if as_json:
        click.echo(msgspec.json.encode({"equal": result.equal, **msgspec.structs.asdict(result)}))
    else:
        for line in result.lines():
            click.echo(line)
    click.echo(f"listener: {result.summary}", err=True)
    if not result.equal:
        sys.exit(1)


def _retention() -> bool:
    """As the workers have it: on, unless told otherwise (for files it is off, unless told otherwise)."""
    context = click.get_current_context()
    if context.get_parameter_source("retention") is ParameterSource.COMMANDLINE:
        return bool(context.params["retention"] == "on")
    return os.environ.get("LISTENER_RETENTION", "on") == "on"


def _records(replay: Replay) -> Iterator[tuple[int, bytes, int, str]]:
    """Posts and articles; business records have ``listener kpis`` for their oracle."""
    for record in read_records(replay.inputs, replay.field_map):
        if record.topic not in (POSTS_TOPIC, ARTICLES_TOPIC):
            continue
        yield partition(record.key, replay.partitions), record.value, time.time_ns() // 1_000_000, record.topic
