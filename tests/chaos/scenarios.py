"""The faults. Each scenario runs its own topics on a broker, and returns its figures.

Where the faults fall is decided by the seed, in records of the stream, not in seconds.
"""

import time
from collections.abc import Callable
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from models.cells import PROGRESS
from tests.chaos.boards import is_ready
from tests.chaos.burst import burst
from tests.chaos.changelogs import changelog
from tests.chaos.crew import CAMPAIGNS, Crew, crew
from tests.chaos.disk import diskfull
from tests.chaos.members import members
from tests.chaos.oracle import Figures
from tests.chaos.stream import Hurried
from tests.chaos.supervisor import PATIENCE_S, SESSION_TIMEOUT_S
from tests.chaos.trio import NODES, Trio
from tests.integration.workers import until

Scenario = Callable[..., Figures]


def kill(broker: EmbeddedKafka, directory: Path, seed: int, times: int = 20) -> Figures:
    """Kill -9 of a random worker; every second while the others still recover from the last."""
    with crew(broker, directory, "kill", seed) as one:
        for number in range(times):
            one.flow(one.rng.randint(100, 1500))
            done = one.fault(lambda: one.victim().kill())
            if number % 2:
                one.recovered(done)
        one.recovered(one.faults[-1])
        return one.verdict()


def term(broker: EmbeddedKafka, directory: Path, seed: int, times: int = 20) -> Figures:
    """SIGTERM of a random worker: it drains, signs off and ends with 0. Every second while its successor starts."""
    with crew(broker, directory, "term", seed) as one:
        for number in range(times):
            one.flow(one.rng.randint(100, 1500))
            done = one.fault(lambda: one.end(one.victim()))
            if number % 2:
                one.recovered(done)
        return one.verdict()


def freeze(broker: EmbeddedKafka, directory: Path, seed: int, times: int = 3) -> Figures:
    """A worker is frozen past its session and wakes up as a zombie while another owns its partitions."""
    with crew(broker, directory, "freeze", seed) as one:
        for _ in range(times):
            one.flow(one.rng.randint(500, 1500))
            # Only one that has joined the group has a session to lose.
            one.ready()
            zombie = one.victim()
            done = one.fault(lambda it=zombie: one.freeze(it))  # type: ignore[misc]
            one.pause(SESSION_TIMEOUT_S * one.rng.uniform(1.3, 2.0))
            one.thaw(zombie)
            until(lambda it=zombie: not it.running, "the zombie to end itself", PATIENCE_S)  # type: ignore[misc]
            one.recovered(done)
        return one.verdict()


def outage(broker: EmbeddedKafka, directory: Path, seed: int, times: int = 5) -> Figures:
    """The broker is killed or stopped in good order, and started again."""
    with crew(broker, directory, "outage", seed) as one:
        for number in range(times):
            one.flow(one.rng.randint(500, 1500))
            done = one.fault(broker.kill if number % 2 == 0 else broker.stop)
            time.sleep(one.rng.uniform(0, 5))
            broker.start()
            one.recovered(done)
        return one.verdict()


def stall(broker: EmbeddedKafka, directory: Path, seed: int, seconds: tuple[float, ...] = (30.0, 90.0)) -> Figures:
    """The broker is frozen: connections stay open and nothing answers."""
    with crew(broker, directory, "stall", seed) as one:
        for length in seconds:
            one.flow(1000)
            done = one.fault(broker.pause)
            time.sleep(length)
            broker.resume()
            one.recovered(done)
        return one.verdict()


def rolling(broker: EmbeddedKafka, directory: Path, seed: int, rounds: int = 2) -> Figures:
    """All workers are restarted, one after the other."""
    with crew(broker, directory, "rolling", seed) as one:
        for worker in list(one.members) * rounds:
            if worker not in one.members:
                worker = one.members[0]  # noqa: PLW2901 - the second round meets those that were started anew
            done = one.fault(lambda it=worker: one.end(it))  # type: ignore[misc]
            one.tend()
            one.ready()
            one.recovered(done)
        return one.verdict()


def scale(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """Workers 1 → 3 → 2 → 1 while posts flow."""
    with crew(broker, directory, "scale", seed, workers=1) as one:
        for wanted in (3, 2, 1):
            one.flow(one.rng.randint(800, 1600))
            one.wanted = wanted
            one.recovered(one.fault(one.tend))
            one.ready()
        return one.verdict()


def poison(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """A third of all records are none, and workers die on top of it."""
    with crew(broker, directory, "poison", seed, poison=0.33) as one:
        for _ in range(2):
            one.flow(2500)
            one.recovered(one.fault(lambda: one.victim().kill()))
        return one.verdict()


def large(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """A message of 10 MB, on a topic that was made to take it, becomes a dead letter; counting goes on."""
    with crew(broker, directory, "large", seed) as one:
        one.flow(500)
        one.recovered(one.fault(lambda: _send_large(one)))
        return one.verdict()


def _send_large(one: Crew) -> None:
    import asyncio

    from aiokafka import AIOKafkaProducer
    from kafka.admin import ConfigResource, ConfigResourceType

    from listener.kafka.admin import admin_client

    limit = 12 * 1024 * 1024
    topic = one.cluster.namespace.posts
    with admin_client(one.cluster.kafka) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": str(limit)})]
        )

    async def send() -> None:
        _, value = one.load.stream._match(), b'{"op": "create", "text": "snapp ' + b"x" * (10 * 1024 * 1024) + b'"}'
        producer = AIOKafkaProducer(**one.cluster.kafka.aiokafka(), max_request_size=limit)
        await producer.start()
        try:
            one.load.note(await producer.send_and_wait(topic, value, b"large", 0), value)
        finally:
            await producer.stop()

    asyncio.run(send())


def change(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """The campaigns change in the middle, twice, and a worker is killed at each change."""
    more = CAMPAIGNS + "- {id: rival, keywords: [tapsi]}\n"
    with crew(broker, directory, "change", seed) as one:
        for text in (more, more.replace("tapsi", "tapsi, تپسی, cheap")):
            one.flow(one.rng.randint(1000, 2000))
            one.campaigns(text)
            one.flow(one.rng.randint(100, 800))
            one.recovered(one.fault(lambda: one.victim().kill()))
        one.flow(1500)
        return one.verdict()


def boards(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """Two boards: people are told, the one that leads is killed, the other goes on; then a third, and a worker dies."""
    with crew(broker, directory, "boards", seed) as one:
        one.flow(1000)
        one.board()
        one.rest(lambda: all(map(is_ready, one.boards)), "the boards to be ready")
        one.rest(one.alerted, "people to be told")
        one.fault(lambda: one.kill_board(one.leader()))
        one.flow(1500)
        one.board()
        one.leader()
        one.recovered(one.fault(lambda: one.victim().kill()))
        one.flow(1500)
        return one.verdict()


def replicas(trio: Trio, directory: Path, seed: int, times: int = 3) -> Figures:
    """Three brokers, three replicas, two must be in sync: one broker is killed, later another."""
    with crew(trio, directory, "replicas", seed) as one:
        topics = [one.cluster.namespace.posts, one.cluster.namespace.changelog(PROGRESS), "__consumer_offsets"]
        for number in range(times):
            one.flow(one.rng.randint(500, 1500))
            node = trio.nodes[number % NODES]
            done = one.fault(node.kill)
            one.recovered(done)
            node.start()
            one.rest(lambda: all(trio.in_sync(topic) for topic in topics), "the replicas to be in sync")
        return one.verdict()


def retention(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """Two weeks pass in half a minute: state is dropped while late posts arrive and workers die."""
    with crew(broker, directory, "retention", seed, clock=Hurried(14.0, 40_000.0)) as one:
        for _ in range(3):
            one.flow(one.rng.randint(2000, 3000))
            one.recovered(one.fault(lambda: one.victim().kill()))
        return one.verdict()


SCENARIOS: dict[str, Scenario] = {}
for _scenario in (
    kill,
    term,
    freeze,
    outage,
    stall,
    rolling,
    scale,
    poison,
    large,
    change,
    boards,
    retention,
    changelog,
    replicas,
    diskfull,
    members,
    burst,
):
    SCENARIOS[_scenario.__name__] = _scenario  # type: ignore[assignment]
