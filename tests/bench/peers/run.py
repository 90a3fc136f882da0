"""``make bench-peers``: other engines on the same posts and broker; writes ``build/peers.json``, tables, a chart.

Twice: every engine with our matcher, and the Python engines with the one that their users would write (matchers.py).
Rounds are interleaved, each begins with another engine (behind the bare loop, whose totals are the ones to reach), and
medians are compared; a run whose totals are not those of the others with the same matcher does not count: the script
ends. What takes a hundred times as long gets an eighth of the posts. What a peer needs is installed under
``build/peers``, one environment each (requirements.txt beside this file).
"""

import argparse
import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from models.topics import Namespace
from tests.bench.peers import kafka_streams
from tests.bench.peers.common import figures_in
from tests.bench.peers.tables import Runs, report
from tests.bench.processes import run_measured
from tests.bench.run import PARTITIONS, _ends, measure_bare, measure_worker, produce, say

HOME: Final = Path("build/peers")
STREAMS: Final = "kafka_streams"
WORKER: Final = "worker"
#: Module → the environment it runs in; None: ours (or, for Kafka Streams, none).
PEERS: Final = {
    "confluent_loop": "quixstreams",
    "bytewax_flow": "bytewax",
    "pathway_flow": "pathway",
    "quix": "quixstreams",
    "faust_documented": None,
    STREAMS: None,
}
#: What is measured on the short topic.
SLOW: Final = ("faust_documented",)
SHORTER: Final = 8
Figures = dict[str, float]


@dataclass(frozen=True)
class Input:
    """A topic and what is on it; ``mentions``: by whose matcher."""

    topic: str
    posts: int
    mentions: dict[str, int]


def environment(name: str | None) -> Path:
    """The interpreter of a peer's environment, made at the first use."""
    if name is None:
        return Path(sys.executable)
    home = HOME / name
    python = home / "bin" / "python"
    if not (home / ".complete").exists():
        say(f"installing {name} …")
        pinned = (Path(__file__).parent / "requirements.txt").read_text().splitlines()
        wanted = [line for line in pinned if line.startswith(name)]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
        (home / ".complete").touch()
    return python.absolute()


def measure_peer(module: str, kafka: KafkaSettings, given: Input, keywords: int, whose: str) -> Figures:
    """One run of a peer in a process of its own."""
    server, mentions = kafka.bootstrap_servers[0], given.mentions[whose]
    if module == STREAMS:
        figures = kafka_streams.measure(server, given.topic, given.posts, keywords, mentions)
    else:
        # Ours come last: a peer's own packages win over those of the same name.
        paths = {"PYTHONPATH": os.pathsep.join([".", *sys.path[1:]])}
        command = [str(environment(PEERS[module])), "-m", f"tests.bench.peers.{module}", server, given.topic, whose]
        numbers = map(str, (PARTITIONS, keywords, given.posts, mentions))
        done, peak = run_measured([*command, *numbers], os.environ | paths)
        figures = figures_in(module, done) | {"peak_mb": peak}
    return figures | {"posts": given.posts}


def main() -> None:
    """Measure, print the tables, write the figures and the chart."""
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
    runs: Runs = {}
    for number in range(options.rounds):
        # A broker for each round: engines keep their groups, changelogs and repartition topics on it.
        for whose in ("ours", "users"):
            with EmbeddedKafka(progress=say) as broker:
                _round(broker.settings, options, whose, number, runs)
        shown = (f"{name}/{whose} {found[-1]['cpu_s']:.1f} s" for (whose, name), found in runs.items())
        say(f"round {number + 1}: " + ", ".join(shown))
    report(vars(options), runs)


def _round(kafka: KafkaSettings, options: argparse.Namespace, whose: str, number: int, runs: Runs) -> None:
    """All engines once, with this matcher; those that have no other take part in the first table only."""
    keywords = options.keywords
    long, bare = _filled(kafka, "", options.posts, options, whose)
    short, _ = _filled(kafka, "short.", options.posts // SHORTER, options, whose)
    found = {"bare_loop": bare | {"posts": long.posts}}
    if whose == "users":
        found["bare_loop_hazm"] = measure_bare(kafka, short.topic, keywords, "hazm") | {"posts": short.posts}
    for name in _in_turn(number, options, whose):
        if name == WORKER:
            found[name] = _worker(kafka, long, whose)
        else:
            found[name] = measure_peer(name, kafka, short if name in SLOW else long, keywords, whose)
    for name, figures in found.items():
        runs.setdefault((whose, name), []).append(figures)


def _in_turn(number: int, options: argparse.Namespace, whose: str) -> list[str]:
    """The engines of a round: who comes first finds the broker in another state than who comes last."""
    names = [WORKER, *options.peers] if whose == "ours" else [name for name in options.peers if name != STREAMS]
    first = number * len(names) // options.rounds
    return [*names[first:], *names[:first]]


def _filled(
    kafka: KafkaSettings, prefix: str, posts: int, options: argparse.Namespace, whose: str
) -> tuple[Input, Figures]:
    """A topic, and a run of the bare loop over it, whose total is the one to reach."""
    namespace = Namespace("bench", prefix)
    create_topics(kafka, declared_topics(namespace, PARTITIONS))
    asyncio.run(produce(kafka, namespace.posts, posts, options.keywords, options.share))
    bare = measure_bare(kafka, namespace.posts, options.keywords, whose)
    return Input(namespace.posts, posts, {whose: int(bare["mentions"])}), bare


def _worker(kafka: KafkaSettings, given: Input, whose: str) -> Figures:
    figures = measure_worker(kafka, Namespace("bench"), asyncio.run(_ends(kafka, given.topic)))
    if int(figures["mentions"]) != given.mentions[whose]:
        raise SystemExit(f"the worker counted {figures['mentions']} mentions, the bare loop {given.mentions[whose]}")
    return figures | {"posts": given.posts}


if __name__ == "__main__":
    main()
