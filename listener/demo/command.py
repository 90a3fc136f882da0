"""``listener demo``."""

import asyncio
import contextlib
import dataclasses
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import click
from rich.console import Console

from listener.board.leader import leader_group
from listener.campaigns.files import load_campaigns
from listener.demo.live import COUNTING, Watched, watch
from listener.demo.run import DemoRun
from listener.demo.sample import TOLD_SPEED, LiveSample, or_sample
from listener.errors import UsageProblem
from listener.inputs.options import ManyInputs, Replay, replay_options
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.recount.report import Report
from listener.sample import campaigns_directory
from listener.sources.demo.live import (
    NAMES,
    TITLES,
    LiveName,
    check_network,
    given_or_everyday,
    send,
    settings,
)
from listener.sources.kit.connector import Configured
from listener.steps import Steps
from models.campaign import CampaignSet
from models.topics import Namespace

#: What shells report for a program that was ended by Ctrl-C.
_INTERRUPTED: Final = 130


#: How much faster than real the files of a demo without an end are replayed, if not told otherwise.
_LIVELY: Final = 360.0
#: Where the board of a demo without an end is, if nothing else is there: as in the documentation.
_BOARD_PORT: Final = 8080


@dataclass(frozen=True)
class _Kind:
    """``sample``: invented posts. ``once``: they end. ``live``: the source of real ones, and its settings."""

    once: bool
    sample: bool
    live: "tuple[LiveName, Configured] | None" = None


@click.command(cls=ManyInputs)
@replay_options
@kafka_options(required=False)
@click.option("--source", type=click.Choice(NAMES), help="Real posts or articles, from the network, no account needed.")
@click.option(
    "--source-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file with `sources:`, if --source is not to be read as it comes.",
)
def demo(
    replay: Replay,
    *,
    once: bool,
    as_json: bool,
    kafka: KafkaSettings | None,
    source: LiveName | None,
    source_config: Path | None,
) -> None:
    """Count posts with the whole product: a real Kafka, workers and a board on this machine.

    Without --input a sample day of invented posts is streamed; without --once it goes on until Ctrl-C. With --source
    real posts or articles are read from the network instead. With --bootstrap-servers that cluster is used, with topics
    of its own that are deleted at the end.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    kind = _Kind(once, not (replay.inputs or source), _live_source(source, source_config, once=once))
    try:
        with Steps(Console(stderr=True)) as steps, _input(replay, kind) as chosen, _log_directory() as directory:
            report = _on_some_kafka(_Demo(chosen, kind, directory, steps), kafka)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("stopped")
        sys.exit(_INTERRUPTED if once else 0)
    click.echo(report.to_json() if as_json else report.to_text())


def _live_source(name: LiveName | None, config: Path | None, *, once: bool) -> "tuple[LiveName, Configured] | None":
    if name is None:
        return None
    if once:
        raise UsageProblem("--source has no end: leave --once away.")
    live = settings(name, config)
    check_network(name, live)
    # The view shows what comes; the reasons of faults would tear it.
    logging.getLogger("listener.sources").setLevel(logging.CRITICAL)
    return name, live


@contextlib.contextmanager
def _input(replay: Replay, kind: _Kind) -> Iterator[Replay]:
    if kind.live:
        yield dataclasses.replace(replay, campaigns=given_or_everyday(replay.campaigns, kind.live[0]))
    elif kind.once:
        with or_sample(replay) as chosen:
            yield chosen
    elif kind.sample:
        yield dataclasses.replace(replay, campaigns=campaigns_directory(), speed=replay.speed or TOLD_SPEED)
    else:
        yield dataclasses.replace(replay, speed=replay.speed or _LIVELY)


@dataclass(frozen=True)
class _Demo:
    """What is to be done, before there is a Kafka."""

    replay: Replay
    kind: _Kind
    directory: Path
    steps: Steps

    def run_on(self, kafka: KafkaSettings, namespace: Namespace) -> DemoRun:
        port = 0 if self.kind.once else _BOARD_PORT
        return DemoRun(
            self.replay,
            kafka,
            namespace,
            self.directory,
            self.steps.say,
            board_port=port,
            # What is printed at the end of ``--once`` are counts: judging mentions would only take time.
            understanding=not self.kind.once,
        )


def _on_some_kafka(plan: _Demo, kafka: KafkaSettings | None) -> Report:
    campaigns = load_campaigns(plan.replay.campaigns)
    if kafka is None:
        with EmbeddedKafka(progress=plan.steps.say) as broker:
            return asyncio.run(_count(plan, plan.run_on(broker.settings, Namespace("demo")), campaigns))
    # Others may use the cluster: what the demo makes has a name that nobody else has, and goes at the end.
    unique = f"demo-{uuid.uuid4().hex[:10]}"
    run = plan.run_on(kafka, Namespace(unique, f"{unique}."))
    try:
        return asyncio.run(_count(plan, run, campaigns))
    finally:
        _delete(run)


async def _count(plan: _Demo, run: DemoRun, campaigns: CampaignSet) -> Report:
    this = asyncio.current_task()
    if this is not None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, this.cancel)
        loop.add_signal_handler(signal.SIGHUP, _hang_up, this)
    ids = [campaign.id for campaign in campaigns.campaigns]
    # Written while the processes start: neither waits for the other.
    sample = asyncio.create_task(_written(plan)) if plan.kind.sample and not plan.kind.once else None
    async with run:
        if plan.kind.once:
            return await run.count(ids)
        try:
            await _live(plan, run, ids, await sample if sample else None)
        finally:
            _say("stopping: processes, broker and data are removed")
        raise AssertionError("the live view ended by itself")


async def _written(plan: _Demo) -> LiveSample:
    speed = plan.replay.speed or TOLD_SPEED
    return await asyncio.to_thread(LiveSample.start, datetime.now(UTC), time.monotonic(), speed)


async def _live(plan: _Demo, run: DemoRun, ids: list[str], sample: LiveSample | None) -> None:
    """Count and show until cancelled. Raises UsageProblem when a process ends for good."""
    run.pace = sample
    console = Console(stderr=True)
    watched = Watched(_title(plan), run.board_url)
    plan.steps.end()
    plan.steps.pass_on = watched.note if console.is_terminal else _say_news
    if not console.is_terminal:
        _say(f"the page: {run.board_url}/  metrics: {run.board_url}/metrics  API: {run.board_url}/api/campaigns")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch(run, watched, console))
            if plan.kind.live:
                await run.count_sent(send(run, *plan.kind.live), ids)
            await run.count(ids, sample)
    except ExceptionGroup as failed:
        if problems := failed.subgroup(UsageProblem):
            raise problems.exceptions[0] from failed
        raise


def _title(plan: _Demo) -> str:
    if plan.kind.live:
        return f"Listener  {TITLES[plan.kind.live[0]]}"
    if plan.kind.sample:
        return f"Listener  invented posts and press, told {plan.replay.speed:.0f} times as fast"
    return f"Listener  {', '.join(file.name for file in plan.replay.inputs)}"


def _delete(run: DemoRun) -> None:
    with admin_client(run.kafka) as admin:
        admin.delete_topics([spec.name for spec in run.topics()], raise_errors=False)
        admin.delete_groups([run.namespace.app, leader_group(run.namespace)])


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


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
        _mute()
    raise KeyboardInterrupt


def _hang_up(task: asyncio.Task[Report]) -> None:
    _mute()
    task.cancel()


def _mute() -> None:
    """The terminal is gone: what is said on the way out must not fail for want of it."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path, a device
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere.fileno(), stream.fileno())


def _say_news(text: str) -> None:
    if not text.startswith(COUNTING):
        _say(text)


def _say(text: str) -> None:
    click.echo(f"listener: {text}", err=True)
