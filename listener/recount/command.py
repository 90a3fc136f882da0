"""``listener recount``."""

import time
from collections.abc import Iterator

import click

from listener.campaigns.files import load_campaigns
from listener.demo.sample import or_sample
from listener.inputs.options import ManyInputs, Replay, replay_options
from listener.inputs.reading import partition, read_records
from listener.recount.counting import recount as count
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC
from processors.match import Matcher


@click.command(cls=ManyInputs)
@replay_options
def recount(replay: Replay, *, once: bool, as_json: bool) -> None:
    """Count files without Kafka, independently of the stream processor: the oracle for ``listener demo --once``."""
    del once
    with or_sample(replay) as chosen:
        campaigns = load_campaigns(chosen.campaigns)
        result = count(_records(chosen), campaigns, Matcher(campaigns), retention=chosen.retention)
    click.echo(result.to_json() if as_json else result.report().to_text())


def _records(replay: Replay) -> Iterator[tuple[int, bytes, int, str]]:
    """Posts and articles; business records have ``listener kpis`` for their oracle."""
    for record in read_records(replay.inputs, replay.field_map):
        if record.topic not in (POSTS_TOPIC, ARTICLES_TOPIC):
            continue
        yield partition(record.key, replay.partitions), record.value, time.time_ns() // 1_000_000, record.topic
