"""``make observe``: the demo with Prometheus and Alertmanager beside it, and what every panel of the dashboards shows.

A Kafka, two workers, a board, a source with a feed, an audit, the sample told as if now, and Debian's Prometheus and
Alertmanager with the rules and configurations of ``deploy/``. An alert is answered as a person does. The table goes to
standard output; a panel without data and without a reason ends it with exit code 1. Grafana itself is not run.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import click

from deploy.grafana.build import BOARDS, window_choices
from listener.campaigns.files import load_campaigns
from listener.demo.processes import HOST, free_port
from listener.demo.run import DemoRun
from listener.demo.sample import TOLD_SPEED, LiveSample
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.sample import campaigns_directory
from models.topics import Namespace
from tests.deploy.panels import Answer, Asked, asked, row, verdict
from tests.deploy.scene import (
    Addresses,
    alertmanager,
    auditor,
    environment,
    missing,
    newspaper,
    quiet_past,
    source,
    watched,
)

#: (uid, panel) → why it may be empty here.
REASONS: Final = {
    ("listener-kpis", "رشد فروش: Sales growth"): "growth is against the time before, and a whole campaign has none",
}
#: Whose past was quiet, so that the present of the sample is a spike.
_SPIKING: Final = ("berimo", "بریمو")
_LOOK_S: Final = 5
_WORKERS: Final = 2


@dataclass(frozen=True)
class Window:
    """A window that may be chosen instead of the first: so many of the queries with it have data."""

    board: str
    name: str
    with_data: int
    queries: int


def say(text: str) -> None:
    """Progress, on standard error."""
    click.echo(f"observe: {text}", err=True)


async def answers(http: aiohttp.ClientSession, prometheus: str, windows: Mapping[str, str]) -> list[Answer]:
    """What every query gives now. Raises AssertionError for one that Prometheus refuses."""
    found = []
    for one in asked(BOARDS, windows):
        async with http.get(f"{prometheus}/api/v1/query", params={"query": one.expr}) as answer:
            body = await answer.json()
        if body["status"] != "success":
            raise AssertionError(f"{one.board}, {one.panel}: {body['error']}\n{one.expr}")
        found.append(Answer.of(one, body["data"]["result"]))
    return found


async def other_windows(http: aiohttp.ClientSession, prometheus: str) -> list[Window]:
    """Every window that somebody may choose."""
    lines = []
    for board in BOARDS:
        for name in window_choices(board)[1:]:
            found = await answers(http, prometheus, {board.uid: name})
            mine = [one for one in found if one.asked.board == board.uid and f'"{name}"' in one.asked.expr]
            lines.append(Window(board.uid, name, sum(bool(one.series) for one in mine), len(mine)))
    return lines


async def answer_an_alert(http: aiohttp.ClientSession, manager: str) -> bool:
    """Follow the link of an alert in the Alertmanager and acknowledge it; False while there is none."""
    async with http.get(f"{manager}/api/v2/alerts") as answer:
        alerts = await answer.json()
    links = [link for one in alerts for link in one["annotations"].values() if "/alerts/answer?" in link]
    if not links:
        return False
    token = re.search(r"[?&]t=([^&]+)", links[0])
    if token is None:
        raise AssertionError(f"a link without a token: {links[0]}")
    async with http.post(links[0].partition("?")[0], data={"t": token[1], "answer": "acknowledge"}) as answer:
        answer.raise_for_status()
    return True


async def follow(addresses: Addresses, seconds: float) -> tuple[list[Answer], list[Window]]:
    """Look until every panel has data or the time is over."""
    end = time.monotonic() + seconds
    answered = False
    usual = {board.uid: window_choices(board)[0] for board in BOARDS if window_choices(board)}
    async with aiohttp.ClientSession() as http:
        while True:
            if not answered and (answered := await answer_an_alert(http, addresses.alertmanager)):
                say("an alert was answered")
            found = await answers(http, addresses.prometheus, usual)
            empty = [one.asked for one in found if not one.series]
            say(f"{len(found)} queries, {len(empty)} without data; {max(0, end - time.monotonic()):.0f} s left")
            if time.monotonic() >= end or not [one for one in empty if (one.board, one.panel) not in REASONS]:
                return found, await other_windows(http, addresses.prometheus)
            await asyncio.sleep(_LOOK_S)


async def observe(kafka: KafkaSettings, directory: Path, seconds: float) -> tuple[list[Answer], list[Window]]:
    """Start everything, tell the sample, and look."""
    port = free_port()
    async with AsyncExitStack() as stack:
        manager = await stack.enter_async_context(alertmanager(directory))
        feed = await stack.enter_async_context(newspaper())
        run = DemoRun(
            Replay((), FieldMap(), campaigns_directory(), retention=True, workers=_WORKERS),
            kafka,
            Namespace("demo"),
            directory,
            say,
            board_port=port,
            understanding=True,
            environment=environment(manager, port, directory),
        )
        await quiet_past(run, *_SPIKING)
        sample = await asyncio.to_thread(LiveSample.start, datetime.now(UTC), time.monotonic(), TOLD_SPEED)
        run.pace = sample
        await stack.enter_async_context(run)
        reader = await source(run, feed, directory)
        audit = await auditor(run)
        jobs = {"listener-worker": run.workers, "listener-source": [reader], "listener-audit": [audit]}
        addresses = await stack.enter_async_context(watched(run, jobs, f"{HOST}:{port}"))
        campaigns = [one.id for one in load_campaigns(campaigns_directory()).campaigns]
        telling = asyncio.create_task(run.count(campaigns, sample))
        looking = asyncio.create_task(follow(addresses, seconds))
        await asyncio.wait({telling, looking}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            looking.cancel()
            raise AssertionError("the sample has an end") from telling.exception()
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        return await looking


def report(found: Sequence[Answer], windows: Sequence[Window]) -> int:
    """Print the table and what is missing; the exit code."""
    for one in found:
        click.echo("\t".join(row(one)))
    for window in windows:
        click.echo(f"{window.board}\twindow {window.name}\t{window.with_data} of {window.queries} queries with data")
    result = verdict(found, REASONS)
    click.echo(f"{len(found)} queries, {len(result.empty)} without data and without a reason for it")
    for query, reason in result.excused:
        click.echo(f"empty, as it may be: {_name(query)}: {reason}")
    for name in result.needless:
        click.echo(f"has data now, needs no reason any more: {name}")
    for query in result.empty:
        click.echo(f"EMPTY: {_name(query)}: {query.expr}")
    useless = [window for window in windows if not window.with_data]
    for window in useless:
        click.echo(f"EMPTY: {window.board}: no query has data with the window {window.name}")
    return 1 if result.empty or useless else 0


def _name(one: Asked) -> str:
    return f"{one.board}, {one.panel}"


@click.command()
@click.option("--seconds", default=600.0, show_default=True, help="Longest time to wait for the last panel.")
def main(seconds: float) -> None:
    """Show what every panel of the dashboards has of a running product."""
    if absent := missing():
        raise click.ClickException(f"not installed: {', '.join(absent)}: apt-get install them")
    with tempfile.TemporaryDirectory(prefix="listener-observe-") as name, EmbeddedKafka() as kafka:
        found, windows = asyncio.run(observe(kafka.settings, Path(name), seconds))
    sys.exit(report(found, windows))


if __name__ == "__main__":
    main()
