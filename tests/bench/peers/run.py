"""``make bench-peers``: other engines on the same posts, matcher and broker; writes ``build/peers.json`` and a chart.

Rounds are interleaved and medians compared; a run whose totals are not those of the others does not count: the script
ends. What a peer needs is installed under ``build/peers``, one environment each (requirements.txt beside this file).
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from tests.bench.peers import kafka_streams
from tests.bench.peers.common import figures_in
from tests.bench.run import PARTITIONS, _ends, measure_bare, measure_worker, produce, say

HOME: Final = Path("build/peers")
OUT: Final = Path("build/peers.json")
CHART: Final = Path("docs/images/peers.svg")
STREAMS: Final = "kafka_streams"
#: Module → the environment it runs in; None: ours (or, for Kafka Streams, none).
PEERS: Final = {
    "confluent_loop": "quixstreams",
    "bytewax_flow": "bytewax",
    "pathway_flow": "pathway",
    "quix": "quixstreams",
    "faust_documented": None,
    STREAMS: None,
}
NAMES: Final = {
    "worker": "Listener, exact and durable",
    "bare_loop": "bare aiokafka loop, no state",
    "confluent_loop": "bare confluent-kafka loop, no state",
    "bytewax_flow": "Bytewax, with recovery",
    "pathway_flow": "Pathway, with persistence",
    "quix": "Quix Streams",
    STREAMS: "Kafka Streams, one thread, its own matcher",
    "faust_documented": "Faust as documented",
}
Figures = dict[str, float]


def environment(name: str | None) -> Path:
    """The interpreter of a peer's environment, made at the first use."""
    if name is None:
        return Path(sys.executable)
    python = HOME / name / "bin" / "python"
    if not python.exists():
        say(f"installing {name} …")
        pinned = (Path(__file__).parent / "requirements.txt").read_text().splitlines()
        wanted = [line for line in pinned if line.startswith(name)]
        subprocess.run([sys.executable, "-m", "venv", str(HOME / name)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    return python.absolute()


def measure_peer(module: str, kafka: KafkaSettings, topic: str, options: argparse.Namespace, mentions: int) -> Figures:
    """One run of a peer in a process of its own."""
    if module == STREAMS:
        return kafka_streams.measure(kafka.bootstrap_servers[0], topic, options.posts, options.keywords, mentions)
    # Ours come last: a peer's own packages win over those of the same name.
    paths = {"PYTHONPATH": os.pathsep.join([".", *sys.path[1:]])}
    numbers = map(str, (PARTITIONS, options.keywords, options.posts, mentions))
    command = [str(environment(PEERS[module])), "-m", f"tests.bench.peers.{module}", kafka.bootstrap_servers[0], topic]
    done = subprocess.run([*command, *numbers], capture_output=True, text=True, env=os.environ | paths, check=False)
    return figures_in(module, done)


def main() -> None:
    """Measure, print a table, write the figures and the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=400_000)
    parser.add_argument("--keywords", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.05, help="of posts that hold a keyword")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    options = parser.parse_args()
    for module in options.peers:
        environment(PEERS[module])
    if STREAMS in options.peers:
        kafka_streams.prepare()
    runs: dict[str, list[Figures]] = {name: [] for name in ("worker", "bare_loop", *options.peers)}
    for number in range(options.rounds):
        # A broker for each round: engines keep their groups, changelogs and repartition topics on it.
        with EmbeddedKafka(progress=say) as broker:
            _round(broker.settings, options, runs)
        say(f"round {number + 1}: " + ", ".join(f"{name} {found[-1]['cpu_s']:.1f} s" for name, found in runs.items()))
    _report(options, runs)


def _round(kafka: KafkaSettings, options: argparse.Namespace, runs: dict[str, list[Figures]]) -> None:
    namespace = Namespace("bench")
    create_topics(kafka, declared_topics(namespace, PARTITIONS))
    asyncio.run(produce(kafka, namespace.posts, options.posts, options.keywords, options.share))
    ends = asyncio.run(_ends(kafka, namespace.posts))
    bare = measure_bare(kafka, namespace.posts, options.keywords)
    mentions = int(bare["mentions"])
    worker = measure_worker(kafka, namespace, ends)
    if int(worker["mentions"]) != mentions:
        raise SystemExit(f"the worker counted {worker['mentions']} mentions, the bare loop {mentions}")
    runs["bare_loop"].append(bare)
    runs["worker"].append(worker)
    for module in options.peers:
        runs[module].append(measure_peer(module, kafka, namespace.posts, options, mentions))


def _report(options: argparse.Namespace, runs: dict[str, list[Figures]]) -> None:
    def median(name: str, figure: str) -> float:
        return statistics.median(one[figure] for one in runs[name])

    costs = {name: median(name, "cpu_s") * 1e6 / options.posts for name in runs}
    print("| Engine | CPU s per million posts | of the bare aiokafka loop | posts/s |")
    print("|---|---|---|---|")
    for name, cost in sorted(costs.items(), key=lambda one: one[1]):
        speed = options.posts / median(name, "wall_s")
        print(f"| {NAMES[name]} | {cost:.1f} | {cost / costs['bare_loop']:.2f} | {speed:,.0f} |")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"options": vars(options), "cpu_s_per_million": costs, "runs": runs}, indent=2) + "\n")
    CHART.write_text(chart(costs, lambda name: NAMES[name]), encoding="utf-8")


def chart(costs: dict[str, float], name_of: Callable[[str], str]) -> str:
    """An SVG of bars, the cheapest on top."""
    height, label, width = 30, 270, 420
    top = max(costs.values())
    bars = []
    for row, (name, cost) in enumerate(sorted(costs.items(), key=lambda one: one[1])):
        y = 40 + row * height
        size = max(1.0, cost / top * width)
        colour = "#0a7d5a" if name == "worker" else "#8a8f98"
        bars.append(
            f'<text x="{label - 8}" y="{y + 14}" text-anchor="end">{name_of(name)}</text>'
            f'<rect x="{label}" y="{y}" width="{size:.1f}" height="20" fill="{colour}"/>'
            f'<text x="{label + size + 6:.1f}" y="{y + 14}">{cost:.1f}</text>'
        )
    total = 50 + len(costs) * height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {label + width + 60} {total}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>CPU seconds per million posts</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="8" y="22" font-weight="bold">CPU seconds per million posts, less is better</text>'
        f"{''.join(bars)}</svg>\n"
    )


if __name__ == "__main__":
    main()
