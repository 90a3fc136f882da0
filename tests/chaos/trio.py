"""Three brokers that are one cluster, each a controller too: three replicas, two of which must be in sync."""

from pathlib import Path
from types import TracebackType
from typing import Self

from kafka.errors import KafkaError

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka, new_cluster_id
from listener.kafka.layout import HOST, Ports
from listener.kafka.ports import free_ports
from listener.kafka.settings import KafkaSettings

NODES = 3
_REPLICATED = {
    f"{topic}.{what}": value
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    for what, value in (("replication.factor", "3"), ("min.isr", "2"))
    if (topic, what) != ("offsets.topic", "min.isr")
}


class Node(EmbeddedKafka):
    """One of the three; it is ready when the others are, so whoever starts it does not wait for it alone."""

    def __init__(self, number: int, ports: Ports, voters: str, cluster_id: str) -> None:
        own = {"node.id": str(number), "controller.quorum.voters": voters, "min.insync.replicas": "2"}
        super().__init__(properties=_REPLICATED | own, cluster_id=cluster_id)
        self._own_ports = ports

    def _start_on_free_ports(self) -> None:
        self._ports = self._own_ports
        self._configure()
        self._launch()


class Trio:
    """Use as a context manager, as ``EmbeddedKafka``."""

    def __init__(self) -> None:
        ports = [free_ports(0, secure=False) for _ in range(NODES)]
        voters = ",".join(f"{number}@{HOST}:{one.controller}" for number, one in enumerate(ports, 1))
        cluster_id = new_cluster_id()
        self.nodes = [Node(number, one, voters, cluster_id) for number, one in enumerate(ports, 1)]

    def __enter__(self) -> Self:
        try:
            for node in self.nodes:
                node.__enter__()
            for node in self.nodes:
                node._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Killed: one that stops in good order waits for a quorum that is going away too.
        for node in self.nodes:
            if node._process is not None:
                node.kill()
            node.__exit__(kind, error, traceback)

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings(tuple(node.settings.bootstrap_servers[0] for node in self.nodes))

    @property
    def log_files(self) -> list[Path]:
        return [node.log_file for node in self.nodes]

    def in_sync(self, topic: str) -> bool:
        """Whether every partition of a topic has all its replicas in sync."""
        try:
            with admin_client(self.settings) as admin:
                (found,) = admin.describe_topics([topic])
        except (KafkaError, UsageProblem):
            return False
        return all(len(one["isr_nodes"]) == NODES for one in found["partitions"])
