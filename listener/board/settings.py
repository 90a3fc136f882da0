"""What a board is told."""

from dataclasses import dataclass
from pathlib import Path

from listener.board.access.settings import LOCAL, AccessSettings
from listener.kafka.settings import KafkaSettings
from models.topics import Namespace


@dataclass(frozen=True)
class BoardSettings:
    """Where Kafka is, whose topics, where to serve and whom.

    ``state_dir``: what a restart need not read again; None: in a temporary directory, gone when the board stops.
    """

    kafka: KafkaSettings
    namespace: Namespace
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    state_dir: Path | None = None
    access: AccessSettings = LOCAL

    def __post_init__(self) -> None:
        self.access.check_host(self.http_host)
