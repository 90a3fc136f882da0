"""``listener demo``."""

import asyncio
import contextlib
import dataclasses
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
from rich.console import Console

from listener.campaigns.files import load_campaigns
from listener.demo.live import watch
from listener.demo.run import DemoRun
from listener.demo.sample import or_sample
from listener.inputs.options import ManyInputs, Replay, replay_options
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.recount.report import Report
from models.campaign import CampaignSet
from models.topics import Namespace

#: What shells report for a program that was ended by Ctrl-C.
_INTERRUPTED: Final = 130


#: How much faster than real a demo without an end goes, if not told otherwise: the sample day in some four minutes.
_LIVELY: Final = 360.0


@click.command(cls=ManyInputs)
@replay_options
@kafka_options(required=False)
def demo(replay: Replay, *, once: bool, as_json: bool, kafka: KafkaSettings | None) -> None:
    """Count posts with the whole product: a real Kafka, workers and a board on this machine.

    Without --input a sample day of invented posts is streamed; without --once it goes on until Ctrl-C. With
    --bootstrap-servers that cluster is used, with topics of its own that are deleted at the end.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with or_sample(replay) as chosen, _log_directory() as directory:
            report = _on_some_kafka(chosen if once else _lively(chosen), kafka, directory, once=once)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("stopped")
        sys.exit(_INTERRUPTED if once else 0)
    click.echo(report.to_json() if as_json else report.to_text())


def _lively(replay: Replay) -> Replay:
    return replay if replay.speed else dataclasses.replace(replay, speed=_LIVELY)


def _on_some_kafka(replay: Replay, kafka: KafkaSettings | None, directory: Path, *, once: bool) -> Report:
    campaigns = load_campaigns(replay.campaigns)
    if kafka is None:
        with EmbeddedKafka(progress=_say) as broker:
            run = DemoRun(replay, broker.settings, Namespace("demo"), directory, _say if once else _quiet)
            return asyncio.run(_count(run, campaigns, once=once))
    # Others may use the cluster: what the demo makes has a name that nobody else has, and goes at the end.
    unique = f"demo-{uuid.uuid4().hex[:10]}"
    run = DemoRun(replay, kafka, Namespace(unique, f"{unique}."), directory, _say if once else _quiet)
    try:
        return asyncio.run(_count(run, campaigns, once=once))
    finally:
        _delete(run)


async def _count(run: DemoRun, campaigns: CampaignSet, *, once: bool) -> Report:
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    ids = [campaign.id for campaign in campaigns.campaigns]
    async with run:
        if once:
            return await run.count(ids)
        _say(f"the board answers at {run.board_url}/api/campaigns and {run.board_url}/metrics")
        async with asyncio.TaskGroup() as group:
            group.create_task(watch(run, Console(stderr=True)))
            await run.count(ids)
        raise AssertionError("the live view ended by itself")


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


def _quiet(_text: str) -> None:
    """The live view says it all."""


def _say(text: str) -> None:
    click.echo(f"listener: {text}", err=True)
