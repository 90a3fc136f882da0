"""``make bench``: worker CPU seconds per million posts, beside a bare consumer loop on the same broker and posts.

Only ratios travel between machines, so all are measured in turn, round by round, and the medians are compared. CPU is
counted from ready to done: imports and the building of automata happen once in a worker's life, not per post. A worker
does three jobs, each with outcomes, entities, four tables, progress, durable writes and commits:

``worker``    counts alone (``--mentions off``), which is what the bare loop does, only exact and durable
``mentions``  counts, and every mention is written down (``--understanding off``)
``whole_job`` the worker as it comes: mentions with normalisation, sentiment, relevance and story
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaProducer, TopicPartition

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from listener.worker.sets import SetStore
from models.post import POSTS_TOPIC
from models.topics import Namespace
from tests.bench.posts import campaign_set, posts
from tests.bench.processes import Peak, run_measured
from tests.bench.record import markdown, record

OUT: Final = Path("build/bench.json")
DEFAULT: Final = Namespace("bench")
PARTITIONS: Final = 4
#: Job → options of the worker.
JOBS: Final = {"worker": ("--mentions", "off"), "mentions": ("--understanding", "off"), "whole_job": ()}
#: What is measured, as the table says it.
SAID: Final = {
    "bare_loop": "bare loop: decodes every post, counts in a dictionary that is lost at the end",
    "worker": "counts alone (`--mentions off`), which is the bare loop's job",
    "mentions": "every mention written down (`--understanding off`)",
    "whole_job": "the worker as it comes: normalisation, sentiment, relevance, story of every mention",
}


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


async def produce(
    kafka: KafkaSettings, topic: str, count: int, keywords: int, share: float, namespace: Namespace = DEFAULT
) -> None:
    """Put the posts on the topic and the campaign set on the namespace's own."""
    campaigns = campaign_set(keywords)
    producer = AIOKafkaProducer(**kafka.aiokafka(), linger_ms=20, max_batch_size=500_000)
    await producer.start()
    for key, value in posts(count, campaigns, share):
        await producer.send(topic, key=key, value=value)
    await producer.flush()
    await SetStore(kafka, namespace).publish(campaigns, producer)
    await producer.stop()


def measure_bare(kafka: KafkaSettings, topic: str, keywords: int, whose: str = "ours") -> dict[str, float]:
    """One run of the bare loop in a process of its own; ``whose``: of which matcher."""
    command = [sys.executable, "-m", "tests.bench.bare_loop", kafka.bootstrap_servers[0], topic]
    done, peak = run_measured([*command, str(PARTITIONS), str(keywords), whose])
    if done.returncode:
        raise SystemExit(f"the bare loop failed:\n{done.stderr[-4000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures | {"peak_mb": peak}


def measure_worker(
    kafka: KafkaSettings,
    namespace: Namespace,
    ends: dict[int, int],
    job: str = "worker",
    beside: Callable[[int], AbstractContextManager[object]] = nullcontext,
) -> dict[str, float]:
    """One run of a worker that starts without any state; ``job``: one of ``JOBS``.

    ``beside``: what goes on meanwhile, given the worker's port.
    """
    environment = os.environ | kafka.environment() | {"LISTENER_APP": namespace.app, "LISTENER_LOG_LEVEL": "WARNING"}
    with tempfile.TemporaryFile() as log:
        port = _free_port()
        options = ["--http-port", str(port), "--session-timeout", "10", *JOBS[job]]
        command = [sys.executable, "-m", "listener", "worker", *options]
        process = psutil.Popen(command, env=environment, stderr=log)
        try:
            _wait(process, lambda: _get(port, "/readyz") is not None, 0.01)
            cpu, wall = _cpu(process), time.monotonic()
            with beside(port):
                _wait(process, lambda: _is_done(port, ends))
                figures = {
                    "cpu_s": _cpu(process) - cpu,
                    "wall_s": time.monotonic() - wall,
                    "peak_mb": Peak(process.pid).look(),
                }
        finally:
            process.terminate()
            process.wait(30)
    return figures | {"mentions": _mentions(kafka, namespace)}


def _mentions(kafka: KafkaSettings, namespace: Namespace, partitions: int = PARTITIONS) -> int:
    """The total that the worker made durable, read from its changelogs."""
    from listener.worker.places import posts as posts_place
    from listener.worker.recovery import read_tables
    from models.cells import LIFETIME, MENTIONS, unpack_cell

    state = asyncio.run(read_tables(kafka, namespace, set(map(posts_place, range(partitions)))))
    cells = (value for tables in state.values() for value in tables[LIFETIME].values())
    return sum(unpack_cell(value).counters[MENTIONS] for value in cells)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _get(port: int, path: str) -> Any:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def _durable(port: int) -> dict[int, int]:
    """Partition of posts → last stamp that the worker at ``port`` made durable."""
    places = (_get(port, "/api/status") or {"partitions": {}})["partitions"]
    return {
        int(name.rpartition("/")[2]): one["durable"] for name, one in places.items() if name.startswith(POSTS_TOPIC)
    }


def _is_done(port: int, ends: dict[int, int]) -> bool:
    partitions = _durable(port)
    return len(partitions) == len(ends) and all(durable >= ends[p] - 1 for p, durable in partitions.items())


def _wait(process: psutil.Process, condition: Any, pause: float = 0.2) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if process.poll() is not None:
            raise SystemExit(f"the worker ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit("the worker did not finish within 300 s")
        time.sleep(pause)  # a worker that is asked more often spends its time on answering


async def _ends(kafka: KafkaSettings, topic: str, partitions: int = PARTITIONS) -> dict[int, int]:
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(**kafka.aiokafka())
    await consumer.start()
    found = await consumer.end_offsets([TopicPartition(topic, number) for number in range(partitions)])
    await consumer.stop()
    return {tp.partition: end for tp, end in found.items()}


def main() -> None:
    """Measure, print, write ``build/bench.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=400_000)
    parser.add_argument("--keywords", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.05, help="of posts that hold a keyword")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    runs: Runs = {name: [] for name in SAID}
    with EmbeddedKafka(progress=say) as broker:
        kafka, topic = broker.settings, Namespace("bench").posts
        create_topics(kafka, declared_topics(Namespace("bench"), PARTITIONS))
        say(f"producing {options.posts:,} posts …")
        asyncio.run(produce(kafka, topic, options.posts, options.keywords, options.share))
        ends = asyncio.run(_ends(kafka, topic))
        for number in range(options.rounds):
            for name in _in_turn(number):
                if name == "bare_loop":
                    runs[name].append(measure_bare(kafka, topic, options.keywords))
                    continue
                namespace = Namespace(f"{name.replace('_', '')}{number}")
                create_topics(kafka, declared_topics(namespace, PARTITIONS))
                runs[name].append(measure_worker(kafka, namespace, ends, name))
            last = {name: round(found[-1]["cpu_s"], 2) for name, found in runs.items()}
            say(f"round {number + 1}, CPU seconds: {last}")
    totals = {int(one["mentions"]) for found in runs.values() for one in found}
    if len(totals) != 1:
        raise SystemExit(f"the totals differ: {totals}")
    _report(options, runs)


Runs = dict[str, list[dict[str, float]]]


def _in_turn(number: int) -> tuple[str, ...]:
    """Everyone begins a round in turn: after a worker the broker is still busy with its writes, on the same cores."""
    names = tuple(SAID)
    first = number % len(names)
    return (*names[first:], *names[:first])


def _report(options: argparse.Namespace, runs: Runs) -> None:
    def median(name: str, figure: str) -> float:
        return statistics.median(one[figure] for one in runs[name])

    costs = {name: median(name, "cpu_s") * 1_000_000 / options.posts for name in runs}
    result = {
        "cpu_s_per_million": {name: round(cost, 2) for name, cost in costs.items()},
        "of_the_bare_loop": {name: round(cost / costs["bare_loop"], 3) for name, cost in costs.items()},
        "posts_per_second": {name: round(options.posts / median(name, "wall_s")) for name in runs},
        "peak_mb": {name: round(median(name, "peak_mb"), 1) for name in runs},
        "rounds": runs,
        "environment": {
            "posts": options.posts,
            "keywords": options.keywords,
            "share": options.share,
            "partitions": PARTITIONS,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        },
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    record("whole-path", _table(costs, median, options.posts))


def _table(costs: dict[str, float], median: Callable[[str, str], float], posts: int) -> str:
    rows = []
    for name in SAID:
        cost, ratio = f"{costs[name]:.1f}", f"{costs[name] / costs['bare_loop']:.2f}"
        speed, memory = f"{posts / median(name, 'wall_s'):,.0f}", f"{median(name, 'peak_mb'):.0f} MB"
        rows.append((SAID[name], cost, ratio, speed, memory))
    return markdown(("", "CPU s per million posts", "of the bare loop", "posts/s", "peak memory"), rows)


if __name__ == "__main__":
    main()
