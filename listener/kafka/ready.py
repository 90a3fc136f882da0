"""Is the broker there, and whom does it let in: the two questions to a broker that starts."""

import socket

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from kafka.errors import KafkaError

from listener.kafka.settings import KafkaSettings

_CONNECT_TIMEOUT_S = 1.0
_ANSWER_TIMEOUT_MS = 5_000


def answers(settings: KafkaSettings) -> bool:
    """Whether an admin client gets an answer with a broker in it that takes requests (is not fenced)."""
    host, _, port = settings.bootstrap_servers[0].rpartition(":")
    try:
        # Cheap while nothing listens, and the client would log each refusal.
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()
        with KafkaAdminClient(
            **settings.kafka_python(), bootstrap_timeout_ms=_ANSWER_TIMEOUT_MS, request_timeout_ms=_ANSWER_TIMEOUT_MS
        ) as admin:
            brokers = admin.describe_cluster()["brokers"]
    except (OSError, KafkaError):
        return False
    return any(not broker.get("is_fenced", False) for broker in brokers)


def add_scram_user(settings: KafkaSettings, username: str, password: str) -> None:
    """Let a user log in with SCRAM-SHA-512; an existing one gets this password."""
    with KafkaAdminClient(**settings.kafka_python()) as admin:
        change = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, password)
        errors = admin.alter_user_scram_credentials([change])
    if errors[username] is not None:
        raise RuntimeError(f"the broker refused the SCRAM user {username}: {errors[username]}")
