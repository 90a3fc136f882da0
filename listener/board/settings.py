"""What a board is told."""

from dataclasses import dataclass

from listener.kafka.settings import KafkaSettings
from models.topics import Namespace


@dataclass(frozen=True)
class BoardSettings:
    """Where Kafka is, whose topics, and where to serve."""

    kafka: KafkaSettings
    namespace: Namespace
    http_host: str = "127.0.0.1"
    http_port: int = 8080
