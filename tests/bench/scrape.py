"""What it costs to be scraped: ``python -m tests.bench.scrape``.

The board: a page of 5,000 series, how long it is rendered in a thread, what is done on the event loop for it, and how
long a task of that loop has to wait meanwhile; and what of a core it takes to be asked for that page a hundred times a
second, plain and in gzip as Prometheus does. The worker: CPU seconds and posts a second for the same posts with a
hundred scrapes a second and without any, in turn, round by round.
"""

import argparse
import asyncio
import gzip
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from listener.board.board import Board
from listener.board.metrics import BoardCollector
from listener.exposition import openmetrics_page
from listener.http import Health, health_app, serve
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.campaign import Campaign, CampaignSet
from models.cells import LIFETIME, METRICS, CellName, lifetime_key, pack_cell
from models.series import ClosedMinute
from models.topics import Namespace
from tests.bench.board import NOW, PLATFORMS, Reading, cluster_of
from tests.bench.record import markdown, record
from tests.bench.run import PARTITIONS, _ends, measure_worker, produce, say

SERIES: Final = 5_000
PAGES: Final = 20
OUT: Final = Path("build/scrape.json")
#: Seconds of being asked, before it is measured and while it is.
WARM_S: Final = 3.0
SERVED_S: Final = 10.0
#: Series of a campaign on one platform, about.
_PER_CAMPAIGN: Final = 80


def board_of(campaigns: int) -> Board:
    """A board that has caught up: lifetime counters and an hour of closed minutes for every campaign."""
    board = Board(Namespace())
    names = [f"campaign-{number:03}" for number in range(campaigns)]
    board.campaigns = CampaignSet(tuple(Campaign(id=name) for name in names))
    for number, name in enumerate(names):
        platform = PLATFORMS[number % 2]
        key = lifetime_key(CellName(name, "social.posts.v1", 0, platform).text())
        board.state.apply(LIFETIME, [(key, pack_cell(10**9, [1 + metric for metric in range(len(METRICS))]))])
        for start in range(NOW - 3600, NOW, 60):
            counts = {platform: dict.fromkeys(METRICS, 1 + start % 7)}
            board.closed.take(ClosedMinute(name, start, counts, 1 + start % 7, 1, 1.0, 31.0))
    board.reading = Reading(cluster_of(board.namespace))  # type: ignore[assignment]
    return board


def page_of(board: Board) -> tuple[CollectorRegistry, BoardCollector, int]:
    """Its registry and the number of series on its page."""
    collector, registry = BoardCollector(board), CollectorRegistry()
    registry.register(collector)
    collector.prepare()
    lines = openmetrics_page(registry).splitlines()
    return registry, collector, sum(not line.startswith(b"#") for line in lines)


async def render(registry: CollectorRegistry, collector: BoardCollector) -> dict[str, float]:
    """Milliseconds: on the loop, in the thread (CPU of both together), and the longest that a task had to wait."""
    waits: list[float] = []
    stop = asyncio.Event()

    async def tick() -> None:
        while not stop.is_set():
            asked = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - asked - 0.001)

    ticking = asyncio.create_task(tick())
    prepared, pages, cpus = [], [], []
    for _ in range(PAGES):
        began = time.process_time()
        collector.prepare()
        prepared.append(time.process_time() - began)
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.to_thread(openmetrics_page, registry)
        pages.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    stop.set()
    await ticking
    return {
        "on_the_loop_ms": statistics.median(prepared) * 1e3,
        "render_cpu_ms": statistics.median(cpus) * 1e3,
        "render_wall_ms": statistics.median(pages) * 1e3,
        "loop_waits_p99_ms": statistics.quantiles(waits, n=100)[98] * 1e3,
    }


def measure_board(rate: float) -> dict[str, float]:
    """A page of ``SERIES`` series or a few more."""
    for campaigns in count(SERIES // _PER_CAMPAIGN, 5):
        registry, collector, series = page_of(board_of(campaigns))
        if series >= SERIES:
            break
    page = openmetrics_page(registry)
    sizes = {"page_kb": len(page) / 1024, "gzip_kb": len(gzip.compress(page, 1)) / 1024}
    asked = {
        f"{what}_{name}": value
        for name, packed in (("plain", False), ("gzip", True))
        for what, value in asyncio.run(serve_page(campaigns, rate, packed=packed)).items()
    }
    return {"series": series, "campaigns": campaigns} | sizes | asyncio.run(render(registry, collector)) | asked


async def serve_page(campaigns: int, rate: float, *, packed: bool) -> dict[str, float]:
    """What it takes to be asked ``rate`` times a second: answers a second, and share of a core."""
    registry, collector, _ = page_of(board_of(campaigns))
    fine, answers = Health(ok=True), 0

    async def answered(_request: web.Request, _response: web.StreamResponse) -> None:
        nonlocal answers
        answers += 1

    app = health_app(lambda: fine, lambda: fine, registry, collector.prepare)
    app.on_response_prepare.append(answered)
    async with serve(app, "127.0.0.1", 0) as port:
        with scraped(port, rate, packed=packed):
            await asyncio.sleep(WARM_S)
            cpu, began, before = time.process_time(), time.monotonic(), answers
            await asyncio.sleep(SERVED_S)
            wall = time.monotonic() - began
            return {"answers_per_s": (answers - before) / wall, "share_of_a_core": (time.process_time() - cpu) / wall}


def scrape(port: int, rate: float, *, packed: bool) -> None:
    """Ask for the page so often a second, over one connection as Prometheus does, until killed."""
    headers = {"Accept": "application/openmetrics-text"} | ({"Accept-Encoding": "gzip"} if packed else {})
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number, began in zip(count(1), iter(time.monotonic, None), strict=False):
        connection.request("GET", "/metrics", headers=headers)
        if not connection.getresponse().read():
            raise SystemExit("an empty page")
        if number == 1:
            first = began
        time.sleep(max(0.0, first + number / rate - time.monotonic()))


@contextmanager
def scraped(port: int, rate: float, *, packed: bool = True) -> Iterator[None]:
    """Scrapes go on meanwhile, from a process of their own."""
    options = ["--scraper", str(port), "--rate", str(rate), *(["--gzip"] if packed else [])]
    command = [sys.executable, "-m", "tests.bench.scrape", *options]
    process = subprocess.Popen(command)
    try:
        yield
        if process.poll() is not None:
            raise SystemExit(f"the scraper ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def measure_scraped_worker(posts: int, rounds: int, rate: float) -> dict[str, float]:
    """CPU seconds per million posts, with and without."""
    with_: list[dict[str, float]] = []
    without: list[dict[str, float]] = []
    with EmbeddedKafka(progress=say) as broker:
        kafka, topic = broker.settings, Namespace("bench").posts
        create_topics(kafka, declared_topics(Namespace("bench"), PARTITIONS))
        asyncio.run(produce(kafka, topic, posts, 200, 0.05))
        ends = asyncio.run(_ends(kafka, topic))
        for number in range(rounds):
            for name, found in (("alone", without), ("scraped", with_)):
                namespace = Namespace(f"{name}{number}")
                create_topics(kafka, declared_topics(namespace, PARTITIONS))
                beside = partial(scraped, rate=rate) if name == "scraped" else nullcontext
                figures = measure_worker(kafka, namespace, ends, beside=beside)
                found.append(figures)
                say(f"round {number + 1}, {name}: {figures['cpu_s']:.2f} CPU s in {figures['wall_s']:.1f} s")
    alone = statistics.median(one["cpu_s"] for one in without)
    wall = statistics.median(one["wall_s"] for one in with_)
    each = [(one["cpu_s"] - other["cpu_s"]) / (rate * one["wall_s"]) for one, other in zip(with_, without, strict=True)]
    lost = [1 - other["wall_s"] / one["wall_s"] for one, other in zip(with_, without, strict=True)]
    return {
        "alone_cpu_s": alone,
        "scraped_cpu_s": statistics.median(one["cpu_s"] for one in with_),
        "alone_wall_s": statistics.median(one["wall_s"] for one in without),
        "scraped_wall_s": wall,
        "cpu_ms_per_scrape": statistics.median(each) * 1e3,
        "share_of_a_core": statistics.median(each) * rate,
        "throughput_lost": statistics.median(lost),
    }


def main() -> None:
    """Print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=100.0, help="scrapes a second")
    parser.add_argument("--scraper", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--gzip", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--board-only", action="store_true")
    options = parser.parse_args()
    if options.scraper:
        scrape(options.scraper, options.rate, packed=options.gzip)
    found = {"board": measure_board(options.rate)}
    if not options.board_only:
        found["worker"] = measure_scraped_worker(options.posts, options.rounds, options.rate)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    record("scrape", _table(found["board"], found.get("worker"), options.rate))


def _table(board: dict[str, float], worker: dict[str, float] | None, rate: float) -> str:
    rows = [
        ("a board's page: series", f"{board['series']:,.0f}"),
        ("size, in gzip", f"{board['page_kb']:.0f} kB, {board['gzip_kb']:.0f} kB"),
        ("rendered in a thread, CPU", f"{board['render_cpu_ms']:.1f} ms (aim: 50)"),
        ("for it on the event loop", f"{board['on_the_loop_ms']:.1f} ms"),
    ]
    for name, said in (("plain", "plain"), ("gzip", "in gzip, as Prometheus asks")):
        share, answers = board[f"share_of_a_core_{name}"], board[f"answers_per_s_{name}"]
        rows.append(
            (f"a board asked {rate:.0f} times a second, {said}", f"{share:.1%} of a core ({answers:.0f} answered)")
        )
    if worker is not None:
        rows += (
            (f"a worker asked {rate:.0f} times a second: CPU per scrape", f"{worker['cpu_ms_per_scrape']:.2f} ms"),
            ("that is, of a core", f"{worker['share_of_a_core']:.1%} (aim: less than 5 %)"),
            ("posts a second that it loses", f"{worker['throughput_lost']:.1%} (aim: less than 5 %)"),
        )
    return markdown(("", ""), rows)


if __name__ == "__main__":
    main()
