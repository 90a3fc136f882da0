"""What a worker is told."""

from dataclasses import dataclass
from pathlib import Path

from listener.kafka.settings import KafkaSettings
from models.topics import Namespace


@dataclass(frozen=True)
class WorkerSettings:
    """``session_timeout`` in seconds; ``campaigns`` None: the latest set on the topic holds."""

    kafka: KafkaSettings
    namespace: Namespace
    campaigns: Path | None
    retention: bool
    capped: bool
    http_host: str
    http_port: int
    session_timeout: float
    instance_id: str | None
