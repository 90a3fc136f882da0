"""Campaigns while a worker runs: changed files become a new version, a new version comes into force.

::

    directory ── changed and valid ──► listener.campaigns.v1 ──► every worker: compile ──► in force at an offset

Files that cannot be used change nothing: the version in force stays, and ``listener_campaigns_valid`` says so. A worker
publishes only what changed in its own directory: one that still has the old files does not take back the new version.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from listener.campaigns.files import load_campaigns
from listener.changelog import ChangelogReader
from listener.errors import UsageProblem
from listener.worker.sets import SetStore
from models.campaign import CampaignSet
from processors.overlay import CompiledSet

_log = logging.getLogger("listener.worker.campaigns")

#: How often the directory is looked at (seconds).
LOOK_S: Final = 2.0

#: Name, size and time of change of each file: cheap to compare.
Fingerprint = tuple[tuple[str, int, int], ...]


@dataclass
class CampaignWatch:
    """Watches the files and the topic. ``adopt`` is given each new version, ready for use.

    ``valid``: whether the files, as they are now, could be used; ``failures``: how often they could not.
    """

    directory: Path | None
    sets: SetStore
    producer: AIOKafkaProducer
    adopt: Callable[[CompiledSet], None]
    valid: bool = True
    failures: int = 0
    changes: int = 0
    _seen: Fingerprint = ()

    async def first(self) -> CompiledSet:
        """The set to begin with: that of the files, or the latest on the topic. UsageProblem where there is none."""
        if self.directory is not None:
            self._seen = fingerprint(self.directory)
            await self.sets.publish(await asyncio.to_thread(self._read, self.directory), self.producer)
        else:
            await self.sets.load()
        if self.sets.latest is None:
            topic = self.sets.namespace.campaigns
            raise UsageProblem(f"no campaign set on topic {topic}: start a worker with --campaigns.")
        return await self.sets.compiled(self.sets.latest)

    async def run(self, in_force: str) -> None:
        """Watch for ever; ``in_force`` is the version to begin with."""
        async with ChangelogReader(self.sets.kafka, {self.sets.partition: None}) as reader:
            while True:
                batch = await reader.next(LOOK_S)
                if batch is not None:
                    self.sets.take(*batch)
                elif self.directory is not None:
                    await self._look(self.directory)
                latest = self.sets.latest
                if reader.caught_up and latest is not None and latest != in_force:
                    self.adopt(await self.sets.compiled(latest))
                    in_force = latest
                    self.changes += 1
                    _log.info("campaign set %s comes into force", latest)

    async def _look(self, directory: Path) -> None:
        now = await asyncio.to_thread(fingerprint, directory)
        if now == self._seen:
            return
        self._seen = now
        try:
            await self.sets.publish(await asyncio.to_thread(self._read, directory), self.producer)
            self.valid = True
        except UsageProblem as problem:
            self.valid = False
            self.failures += 1
            _log.error("the campaigns in force stay: %s", problem)

    def _read(self, directory: Path) -> CampaignSet:
        """The set of the files, with the models that will judge its mentions."""
        campaign_set = load_campaigns(directory)
        if self.sets.enricher is None:
            return campaign_set
        return msgspec.structs.replace(campaign_set, models=self.sets.enricher.versions)


def fingerprint(directory: Path) -> Fingerprint:
    """What tells whether the files of a directory have changed; empty where there is none."""
    try:
        found = [(file.name, file.stat()) for file in sorted(directory.iterdir()) if file.suffix in (".yaml", ".yml")]
    except OSError:
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)
