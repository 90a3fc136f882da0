"""What a board is told."""

from dataclasses import dataclass
from pathlib import Path

from listener.alerting.settings import NOBODY, AlertingSettings
from listener.board.access.settings import LOCAL, AccessSettings
from listener.kafka.settings import KafkaSettings
from models.topics import Namespace
from processors.closing import USUAL, Rules


@dataclass(frozen=True)
class BoardSettings:
    """Where Kafka is, whose topics, where to serve and whom, and when minutes close (``rules``).

    ``state_dir``: what a restart need not read again; None: in a temporary directory, gone when the board stops.
    ``snapshot_every_s`` is in seconds; ``max_series`` bounds the campaign series on ``/metrics``.
    """

    kafka: KafkaSettings
    namespace: Namespace
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    state_dir: Path | None = None
    access: AccessSettings = LOCAL
    alerting: AlertingSettings = NOBODY
    rules: Rules = USUAL
    snapshot_every_s: float = 300.0
    max_series: int = 50_000

    def __post_init__(self) -> None:
        self.access.check_host(self.http_host)
