"""What a worker is told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from listener.kafka.settings import KafkaSettings
from models.topics import Namespace

#: The changelogs are looked over for a zombie's records so long after they were acquired (seconds): well before
#: compaction may run (min.compaction.lag.ms is an hour).
TAIL_FIRST_S: Final = 60.0


@dataclass(frozen=True)
class WorkerSettings:
    """``campaigns`` None: the latest set on the topic holds.

    ``mentions`` off: they are counted, not written down; ``understanding`` off: not judged either.

    ``session_timeout`` and ``tail_check_after`` (from an assignment to the first look for a zombie's records) are in
    seconds.
    """

    kafka: KafkaSettings
    namespace: Namespace
    campaigns: Path | None
    retention: bool
    capped: bool
    http_host: str
    http_port: int
    session_timeout: float
    instance_id: str | None
    tail_check_after: float
    mentions: bool = True
    understanding: bool = True
    author_key: bytes | None = field(default=None, repr=False)
