"""What a connector is, and what it gets."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol

from listener.kafka.settings import KafkaSettings
from listener.sources.kit.output import Output
from models.topics import Namespace


class Connector(Protocol):
    """Reads one source into an output, from the cursors that the output holds."""

    @property
    def topics(self) -> Sequence[str]:
        """Logical names of the topics that it writes to."""

    async def run(self, output: Output) -> None:
        """Read until cancelled, or until the source is over.

        Raises SourceFault for what will pass (it is called again after a wait), Refused for what will not.
        """


@dataclass(frozen=True)
class Context:
    """What belongs to the process, not to a source. ``base``: where relative files of the configuration are."""

    base: Path = Path()
    kafka: KafkaSettings | None = None
    namespace: Namespace = field(default_factory=Namespace)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    random: Random = field(default_factory=random.SystemRandom)


class Configured(Protocol):
    """The settings of one kind of source."""

    def connector(self, context: Context) -> Connector:
        """The connector. Raises UsageProblem for settings that cannot work."""
