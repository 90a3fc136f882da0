"""The product as it runs, with a Prometheus and an Alertmanager beside it; nothing is left of it."""

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web

from listener.demo.processes import HOST, Child, free_port
from listener.demo.producing import producer_for
from listener.demo.run import DemoRun
from listener.kafka.topics import create_topics
from tests.deploy.tools import DEPLOY
from tests.integration.alert_path import AlertPath

SCRAPE_S: Final = 5
#: Minutes of feed in the press of the scene: a few titles, with the words of the sample's campaigns.
TITLES: Final = ("بریمو در دو شهر دیگر", "هزار سبد انبار تازه ساخت", "پرستو تل و بازار تلفن همراه")
_PROGRAMS: Final = {"prometheus": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager"}
_POLL_S: Final = 0.5
_READY_S: Final = 30


@dataclass(frozen=True)
class Addresses:
    """Where they answer."""

    prometheus: str
    alertmanager: str


def missing() -> list[str]:
    """Programs that are not here, with the Debian packages that have them."""
    return [f"{name} (package {package})" for name, package in _PROGRAMS.items() if shutil.which(name) is None]


def configuration(targets: Mapping[str, Sequence[str]], alertmanager: str) -> dict[str, Any]:
    """The configuration of ``deploy/compose`` with addresses of this machine and a shorter interval."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"}
    config["rule_files"] = [str(DEPLOY / "prometheus" / one) for one in config["rule_files"]]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    jobs = [job["job_name"] for job in config["scrape_configs"]]
    config["scrape_configs"] = [{"job_name": job, "static_configs": [{"targets": list(targets[job])}]} for job in jobs]
    return config


@asynccontextmanager
async def program(directory: Path, name: str, *arguments: str) -> AsyncIterator[None]:
    """A program until this is left; its log is in the directory."""
    with (directory / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(name, *arguments, stdout=log, stderr=log)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def answering(url: str, log: Path) -> None:
    """Wait until something answers there; AssertionError with the end of its log when nothing does."""
    async with aiohttp.ClientSession() as http:
        for _ in range(int(_READY_S / _POLL_S)):
            with suppress(aiohttp.ClientError):
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(_POLL_S)
    said = await asyncio.to_thread(log.read_text, errors="replace")
    raise AssertionError(f"no answer from {url}:\n{said[-2000:]}")


@asynccontextmanager
async def alertmanager(directory: Path) -> AsyncIterator[str]:
    """An Alertmanager with the configuration of ``deploy/compose``; host and port."""
    port = free_port()
    await asyncio.to_thread((directory / "alertmanager").mkdir)
    options = (
        f"--config.file={DEPLOY / 'compose' / 'alertmanager.yml'}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={HOST}:{port}",
        "--cluster.listen-address=",
    )
    async with program(directory, "prometheus-alertmanager", *options):
        await answering(f"http://{HOST}:{port}/-/ready", directory / "prometheus-alertmanager.log")
        yield f"{HOST}:{port}"


@asynccontextmanager
async def prometheus(directory: Path, config: Mapping[str, Any]) -> AsyncIterator[str]:
    """A Prometheus with this configuration; its address."""
    port = free_port()
    file = directory / "prometheus.yml"
    await asyncio.to_thread(file.write_text, yaml.safe_dump(dict(config)))
    options = (
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address={HOST}:{port}",
    )
    async with program(directory, "prometheus", *options):
        await answering(f"http://{HOST}:{port}/-/ready", directory / "prometheus.log")
        yield f"http://{HOST}:{port}"


@asynccontextmanager
async def newspaper() -> AsyncIterator[str]:
    """A site with a feed whose items are from a minute ago; its address."""

    async def feed(_request: web.Request) -> web.Response:
        when = format_datetime(datetime.now(UTC))
        items = "".join(
            f"<item><title>{title}</title><link>http://news.example/{number}</link><pubDate>{when}</pubDate></item>"
            for number, title in enumerate(TITLES)
        )
        head = "<title>روزنامه</title><language>fa</language>"
        body = f'<rss version="2.0"><channel>{head}{items}</channel></rss>'
        return web.Response(text=body, content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/rss", feed)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        port = free_port()
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{port}/rss"
    finally:
        await runner.cleanup()


async def source(run: DemoRun, feed: str, directory: Path) -> Child:
    """The process of a source that reads the feed; it answers when this returns."""
    file = directory / "sources.yaml"
    settings = {"kind": "feeds", "feeds": [feed], "full_text": "never", "pause_s": 0, "interval_s": 10}
    await asyncio.to_thread(file.write_text, yaml.safe_dump({"sources": {"newspaper": settings}}))
    return await ready(run.add("source", ("source", "run", "newspaper", "--config", str(file))))


async def auditor(run: DemoRun) -> Child:
    """The process that recounts what the topics hold, every minute; it answers when this returns."""
    return await ready(run.add("audit", ("audit", "--every", "1m")))


async def ready(child: Child) -> Child:
    """Wait until a process answers."""
    async with asyncio.timeout(_READY_S), aiohttp.ClientSession() as http:
        while not await child.is_ready(http):
            await asyncio.sleep(_POLL_S)
    return child


async def quiet_past(run: DemoRun, campaign: str, word: str) -> None:
    """Prepare a day of quiet closed minutes of a campaign, so that what is told now is unusual at once.

    The watch scores after a day; what a board reads of the past day in catching up it does not learn from.
    """
    await asyncio.to_thread(create_topics, run.kafka, await asyncio.to_thread(run.topics))
    path = AlertPath(run.kafka, run.namespace, run.directory, {campaign: word})
    async with producer_for(run.kafka) as producer:
        await path.past(producer, int(time.time() // 60) * 60)


def environment(alertmanager_at: str, board_port: int, directory: Path) -> dict[str, str]:
    """Settings of the processes of the scene: whom boards tell, and where links in alerts lead."""
    return {
        "LISTENER_ALERTMANAGERS": f"http://{alertmanager_at}",
        "LISTENER_PUBLIC_URL": f"http://{HOST}:{board_port}",
        "LISTENER_ALERT_KEY": secrets.token_hex(32),
        "LISTENER_BOARD_STATE_DIR": str(directory / "board"),
        "LISTENER_BOARD_SNAPSHOT_EVERY": "10",
        "PROMETHEUS_DISABLE_CREATED_SERIES": "true",
    }


@asynccontextmanager
async def watched(run: DemoRun, children: Mapping[str, Sequence[Child]], board: str) -> AsyncIterator[Addresses]:
    """Prometheus beside a run that has been entered."""
    targets = {job: [f"{HOST}:{child.port}" for child in some] for job, some in children.items()}
    manager = run.environment["LISTENER_ALERTMANAGERS"].removeprefix("http://")
    async with AsyncExitStack() as stack:
        config = configuration(targets | {"listener-board": [board]}, manager)
        at = await stack.enter_async_context(prometheus(run.directory, config))
        yield Addresses(at, f"http://{manager}")
