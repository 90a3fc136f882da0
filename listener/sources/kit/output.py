"""From a connector's results to acknowledged records, and only then to a saved cursor."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from listener.sources.kit.stats import Stats
from listener.sources.records import Problem, Record, Result, encode
from models.article import ARTICLES_TOPIC, Article
from models.post import POSTS_TOPIC

_log = logging.getLogger("listener.sources")

#: A stream's cursor is saved so often; what was read since is read again after a crash, and harmless by its key.
SAVE_EVERY_S: Final = 1.0
#: Reasons are logged up to this number a minute: a source that sends nothing but rubbish must not fill the disk.
_REASONS_PER_MINUTE: Final = 20
_MINUTE_S: Final = 60.0


class Outgoing(NamedTuple):
    """A record of an input topic (by its logical name), judged by its schema."""

    topic: str
    key: bytes
    value: bytes


class Sink(Protocol):
    """Where records and cursors go. Cursors are JSON values by part of the source; None removes one."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Return when all of them are acknowledged."""

    async def save(self, cursors: Mapping[str, Any]) -> None:
        """Return when the cursors are acknowledged."""


def outgoing(record: Record) -> Outgoing:
    """The record for its topic. Raises ValueError with the field at fault."""
    value = encode(record)
    if isinstance(record, Article):
        return Outgoing(ARTICLES_TOPIC, record.article_id.encode(), value)
    return Outgoing(POSTS_TOPIC, record.post_id.encode(), value)


class Output:
    """What a connector writes to. ``cursors``: those that were saved, by part of the source; '' for the only part."""

    def __init__(
        self,
        sink: Sink,
        stats: Stats,
        cursors: Mapping[str, Any] | None = None,
        *,
        save_every: float = SAVE_EVERY_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stats = stats
        self.cursors: dict[str, Any] = dict(cursors or {})
        self.written = 0
        self._sink = sink
        self._unsaved: dict[str, Any] = {}
        self._save_every = save_every
        self._monotonic = monotonic
        self._saved_at = monotonic()
        self._reasons = 0
        self._reasons_since = monotonic()

    async def write(
        self, results: Iterable[Result | Outgoing], cursors: Mapping[str, Any] | None = None, where: str = ""
    ) -> None:
        """Send what is sound, wait for the acknowledgement, then count ``cursors`` as reached.

        What is not sound is counted and its reason logged, after ``where``: it must not stop the source.
        """
        records = [record for result in results if (record := self._judged(result, where)) is not None]
        if records:
            await self._sink.send(records)
            self.stats.results["produced"] += len(records)
        self.written += 1
        self._unsaved.update(cursors or {})
        if self._unsaved and self._monotonic() - self._saved_at >= self._save_every:
            await self.save()

    async def save(self) -> None:
        """Save the cursors that were reached."""
        if not self._unsaved:
            return
        reached, self._unsaved = self._unsaved, {}
        await self._sink.save(reached)
        self.cursors.update(reached)
        self._saved_at = self._monotonic()

    def complain(self, reason: object, where: str = "") -> None:
        """Count something that became no record, and log why."""
        self.stats.results["invalid"] += 1
        if self._monotonic() - self._reasons_since >= _MINUTE_S:
            self._reasons, self._reasons_since = 0, self._monotonic()
        self._reasons += 1
        if self._reasons <= _REASONS_PER_MINUTE:
            _log.warning("%s: %s%s", self.stats.name, where, " ".join(str(reason).split())[:500])

    def _judged(self, result: Result | Outgoing, where: str) -> Outgoing | None:
        if isinstance(result, Outgoing):
            return result
        if isinstance(result, Problem):
            if result.ignored:
                self.stats.results["ignored"] += 1
            else:
                self.complain(result.reason, where)
            return None
        try:
            record = outgoing(result)
        except ValueError as error:
            self.complain(error, where)
            return None
        event_time = result.published_at if isinstance(result, Article) else result.created_at
        if result.op == "create":
            self.stats.saw(event_time, result.observed_at)
        return record
