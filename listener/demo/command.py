"""``listener demo``."""

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import click

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.errors import UsageProblem
from listener.inputs.options import NEEDED, ManyInputs, Replay, replay_options
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.recount.report import Report
from models.campaign import CampaignSet
from models.topics import Namespace

#: What shells report for a program that was ended by Ctrl-C.
_INTERRUPTED: Final = 130


@click.command(cls=ManyInputs)
@replay_options
@kafka_options(required=False)
def demo(replay: Replay, *, once: bool, as_json: bool, kafka: KafkaSettings | None) -> None:
    """Count files with the whole product: a real Kafka, workers and a board on this machine.

    With --bootstrap-servers that cluster is used, with topics of its own that are deleted at the end.
    """
    if not once:
        raise UsageProblem(NEEDED)
    campaigns = load_campaigns(replay.campaigns)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _log_directory() as directory:
            report = _on_some_kafka(replay, campaigns, kafka, directory)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("stopped")
        sys.exit(_INTERRUPTED)
    click.echo(report.to_json() if as_json else report.to_text())


def _on_some_kafka(replay: Replay, campaigns: CampaignSet, kafka: KafkaSettings | None, directory: Path) -> Report:
    if kafka is None:
        with EmbeddedKafka(progress=_say) as broker:
            return asyncio.run(_count(DemoRun(replay, broker.settings, Namespace("demo"), directory, _say), campaigns))
    # Others may use the cluster: what the demo makes has a name that nobody else has, and goes at the end.
    unique = f"demo-{uuid.uuid4().hex[:10]}"
    run = DemoRun(replay, kafka, Namespace(unique, f"{unique}."), directory, _say)
    try:
        return asyncio.run(_count(run, campaigns))
    finally:
        _delete(run)


async def _count(run: DemoRun, campaigns: CampaignSet) -> Report:
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    async with run:
        return await run.count(campaign.id for campaign in campaigns.campaigns)


def _delete(run: DemoRun) -> None:
    with admin_client(run.kafka) as admin:
        admin.delete_topics([spec.name for spec in run.topics()], raise_errors=False)
        admin.delete_groups([run.namespace.app])


@contextlib.contextmanager
def _log_directory() -> Iterator[Path]:
    """A directory for the logs of the processes; after an error it stays, if there is something in it."""
    directory = Path(tempfile.mkdtemp(prefix="listener-demo-"))
    try:
        yield directory
    except Exception:
        with contextlib.suppress(OSError):
            directory.rmdir()
        if directory.exists():
            _say(f"the logs of all processes are in {directory}")
        raise
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    shutil.rmtree(directory, ignore_errors=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    click.echo(f"listener: {text}", err=True)
