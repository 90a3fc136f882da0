"""The rights of a role are enough: a worker and a board with nothing else do their work over SASL_SSL."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.ready import add_scram_user
from models.topics import Namespace
from tests.chaos.boards import start_board
from tests.integration.test_embedded_kafka import certified
from tests.integration.workers import Cluster, Record, cluster, posts

pytestmark = pytest.mark.broker

PASSWORD = "s3cret"
#: Whoever comes over the plaintext listener (the tests, and the broker itself) may do everything; all others nothing.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    listener = certified(tmp_path_factory.mktemp("tls"), "nobody", PASSWORD)
    with EmbeddedKafka(secure=listener, properties=AUTHORIZER) as kafka:
        yield kafka


@dataclass
class As(Cluster):
    """The same cluster, over SASL_SSL as the user of a role."""

    def role(self, broker: EmbeddedKafka, name: str) -> "As":
        user = f"{self.namespace.app}-{name}"
        add_scram_user(broker.settings, user, PASSWORD)
        settings = replace(broker.secure_settings, sasl_username=user)
        return As(settings, self.namespace, self.directory, self.partitions, self.workers)


def test_the_rights_of_the_roles_are_enough_and_no_more(
    guarded: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    with cluster(guarded.settings, namespace, tmp_path, partitions=2) as made:
        made.create()
        owner = As(made.kafka, namespace, tmp_path, 2, made.workers)
        done = owner.command("topics", "acls", "--apply")
        assert done.returncode == 0, done.stderr
        made.produce([*posts(0, 20), Record(b"{snapp", 1, b"twitter:9")])
        worker = owner.role(guarded, "worker").worker().ready()
        made.counted()
        assert made.outcomes() == {"counted": 20, "invalid": 1}
        board = start_board(owner.role(guarded, "board"), tmp_path / "board.log")
        try:
            board.wait_ready()
            assert [one["totals"]["mentions"] for one in board.json("/api/campaigns")["campaigns"]] == [20]
        finally:
            board.process.kill()
            board.process.wait()
        assert worker.terminate() == 0

        equal = owner.role(guarded, "auditor").command("recount", "--from-kafka")
        assert (equal.returncode, equal.stdout) == (0, ""), equal.stderr

        asked = ("dlq", "replay", "--policy", "all", "--yes")
        refused = owner.role(guarded, "worker").command(*asked)
        assert refused.returncode == 2, refused.stderr
        allowed = owner.role(guarded, "operator").command(*asked)
        assert allowed.stdout == "replayed 1, dropped 0\n", allowed.stderr
