"""The alerting of one board: it watches what closes, explains what opens, and, while it leads, tells and writes.

::

    listener.incidents.v1 ─► snapshots, incidents
    listener.series.v1    ─► Watching ─► changes ─► explain ─┬─► Delivery ─► Alertmanagers
    listener.feedback.v1  ─► answers ──────┘                 └─► Writer ─► listener.incidents.v1

Every board watches, so that one that takes over knows all; only the leader tells. Both would say the same.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiokafka import TopicPartition
from msgspec.structs import replace

from listener.alerting.alerts import Alert, alert_of
from listener.alerting.delivery import Delivery
from listener.alerting.settings import AlertingSettings
from listener.alerting.sources import MentionSource, evidence_of
from listener.alerting.watching import ALL, LEARN_S, Watching
from listener.alerting.writing import Writer
from listener.changelog import ChangelogReader, Records
from listener.errors import Halt
from listener.kafka.settings import KafkaSettings
from models.campaign import Campaign
from models.feedback import Answered, unpack_feedback
from models.incident import Incident, Snapshot, unpack_incident
from models.series import unpack_minute
from models.topics import Namespace
from processors.incidents import Change
from processors.incidents.explain import explain

_log = logging.getLogger("listener.alerting.service")

#: Records that are taken at a time, at most.
SLICE: Final = 200
#: An explanation that takes longer is left out: the message must not wait for it.
_EXPLAIN_S: Final = 20.0
#: Incidents that are remembered for the page, newest first.
_REMEMBERED: Final = 2000
_NEVER: Final = float("-inf")


@dataclass
class Outcomes:
    """For the metrics: incidents opened by (campaign, kind), answers by (rule, kind, answer)."""

    opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str, str]] = field(default_factory=Counter)


class AlertingService:
    """Use as a task: ``run``.

    Minutes more than ``learn_s`` old are not read into the watches: their memories are shorter.
    ``leading`` and ``campaigns`` are asked whenever it matters; ``mentions`` None: explanations come from counts alone.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        namespace: Namespace,
        settings: AlertingSettings,
        campaigns: Callable[[], Mapping[str, Campaign]],
        *,
        mentions: MentionSource | None = None,
        leading: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.time,
        learn_s: float = LEARN_S,
    ) -> None:
        self._now, self._learn_s = now, learn_s
        self._kafka, self._namespace, self._settings = kafka, namespace, settings
        self._campaigns, self._mentions, self._leading = campaigns, mentions, leading
        self._watching = Watching(campaigns)
        self._writer = Writer(kafka, namespace.incidents)
        self.delivery = Delivery(settings.alertmanagers, sending=leading, now=now, random=random.random)
        self.incidents: dict[str, Incident] = {}
        self.outcomes = Outcomes()
        self.caught_up = False
        self._told: dict[str, Alert] = {}
        #: By incident: what this board knows and the topic does not, and which are open there.
        self._unwritten: dict[str, Incident] = {}
        self._open_there: set[str] = set()
        self._answered: dict[str, dict[str, None]] = {}
        self._position = 0
        self._led = False

    async def run(self) -> None:
        """Watch until cancelled. Raises Halt for records that this program cannot read."""
        tasks = [asyncio.create_task(one) for one in (self._follow(), self._writer.run(), self.delivery.run())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, campaign: str) -> list[Incident]:
        """Incidents of a campaign (``*``: of the sources), the newest first."""
        found = [one for one in self.incidents.values() if one.campaign == campaign]
        return sorted(found, key=lambda one: (one.opened_at, one.id), reverse=True)

    def answers(self, incident: str) -> list[str]:
        """What was answered to an incident, in order."""
        return list(self._answered.get(incident, ()))

    @property
    def open(self) -> list[Incident]:
        """All that are open."""
        return [one for one in self.incidents.values() if one.resolved_at is None]

    async def _follow(self) -> None:
        await self._remember()
        series, feedback = (TopicPartition(name, 0) for name in (self._namespace.series, self._namespace.feedback))
        incidents = TopicPartition(self._namespace.incidents, 0)
        start: dict[TopicPartition, int | None] = {incidents: None, series: self._position or None, feedback: None}
        async with await self._reader(start, series) as reader:
            while True:
                batch = await reader.next()
                if batch is not None:
                    await self._take(*batch)
                if reader.caught_up and not self.caught_up:
                    self.caught_up = True
                    _log.info("alerting has caught up: %d open incidents", len(self.open))
                await self._lead()

    async def _reader(self, start: dict[TopicPartition, int | None], series: TopicPartition) -> ChangelogReader:
        """A reader from where the snapshots end; from the beginning where the log has no such place any more."""
        try:
            async with ChangelogReader(self._kafka, {series: start[series]}):
                pass
        except Halt as halt:
            _log.warning("the snapshots are of another log, reading the series from its beginning: %s", halt)
            start = start | {series: None}
        return ChangelogReader(self._kafka, start)

    async def _remember(self) -> None:
        """Read snapshots and incidents to their end; the series is then read from the oldest snapshot's place."""
        positions: dict[str, int] = {}
        tp = TopicPartition(self._namespace.incidents, 0)
        async with ChangelogReader(self._kafka, {tp: None}) as reader:
            while not reader.caught_up:
                batch = await reader.next()
                for offset, _, value in batch[1] if batch else ():
                    record = self._read(tp.topic, offset, value)
                    if isinstance(record, Snapshot):
                        self._watching.restore(record)
                        positions[record.campaign] = record.position
        # A campaign without a snapshot has no minutes before those of the others, or learns from where they are; one
        # that has left the files must not hold back the place for ever.
        known = {*self._campaigns(), ALL}
        self._position = min((at for name, at in positions.items() if name in known), default=0)

    def _read(self, topic: str, offset: int, value: bytes | None) -> Incident | Snapshot | None:
        try:
            return self._incident(value)
        except msgspec.DecodeError as error:
            raise _unreadable(topic, offset, error) from error

    async def _take(self, tp: TopicPartition, records: Records) -> None:
        start = 0
        while start < len(records):
            # In a thread: the first start learns from weeks of minutes, and requests must get their turn. Nothing else
            # feeds the watches meanwhile, and what changed is explained before the next minute is taken.
            start, changes = await asyncio.to_thread(self._learn, tp.topic, records, start)
            for change in changes:
                await self._changed(change)

    def _learn(self, topic: str, records: Records, start: int) -> tuple[int, list[Change]]:
        """Take records from ``start`` on, up to the first that changes something; (where to go on, its changes)."""
        end = min(start + SLICE, len(records))
        for index, (offset, _, value) in enumerate(records[start:end], start + 1):
            if value is None:
                continue
            try:
                changes = self._changes(topic, offset, value)
            except msgspec.DecodeError as error:
                raise _unreadable(topic, offset, error) from error
            if changes:
                return index, changes
        return end, []

    def _changes(self, topic: str, offset: int, value: bytes) -> list[Change]:
        if topic == self._namespace.series:
            self._position = offset + 1
            minute = unpack_minute(value)
            return self._watching.take(minute) if minute.minute >= self._now() - self._learn_s else []
        if topic == self._namespace.feedback:
            return self._answers(value)
        self._incident(value)
        return []

    def _incident(self, value: bytes | None) -> Incident | Snapshot | None:
        if value is None:
            return None
        record = unpack_incident(value)
        if isinstance(record, Incident):
            known = self.incidents.get(record.id)
            if known is None or record.updated_at >= known.updated_at:
                self._keep(record)
                self._unwritten.pop(record.id, None)
            (self._open_there.add if record.resolved_at is None else self._open_there.discard)(record.id)
        return record

    def _answers(self, value: bytes) -> list[Change]:
        said = unpack_feedback(value)
        if not isinstance(said, Answered):
            return []
        before = self._answered.setdefault(said.incident, {})
        if said.answer not in before:
            before[said.answer] = None
            found = self.incidents.get(said.incident)
            kind, rule = ("", "") if found is None else (found.kind, found.rule)
            self.outcomes.answers[rule, kind, said.answer] += 1
        return self._watching.answer(said)

    async def _changed(self, change: Change) -> None:
        """Explain, keep, and while leading tell and write."""
        incident = change.incident
        if change.what == "opened":
            self.outcomes.opened[incident.campaign, incident.kind] += 1
        if not self.caught_up:
            # What is open when all is read is told then.
            incident = self._with_known_explanation(incident)
            self._keep(incident)
            self._unwritten[incident.id] = incident
            return
        incident = await self._explained(incident)
        self._keep(incident)
        if self._leading():
            self._tell(incident)
        else:
            self._unwritten[incident.id] = incident

    async def _explained(self, incident: Incident) -> Incident:
        history = self._watching.history(incident.campaign)
        campaign = self._campaigns().get(incident.campaign)
        if incident.campaign == ALL or history is None or campaign is None:
            return incident
        counts = history.watch.counts
        evidence = None
        try:
            if self._mentions is not None:
                async with asyncio.timeout(_EXPLAIN_S):
                    evidence = await evidence_of(
                        self._mentions, incident.campaign, incident.started_at, incident.updated_at
                    )
        except Exception:  # noqa: BLE001 - an alert without its reasons is better than none
            _log.exception("the mentions of %s could not be asked for", incident.id)
        # In a thread: thousands of texts take seconds. Nothing feeds the watch meanwhile, as its reader waits here.
        found = await asyncio.to_thread(explain, campaign, incident, counts, evidence, history)
        return replace(incident, explanation=found)

    def _with_known_explanation(self, incident: Incident) -> Incident:
        known = self.incidents.get(incident.id)
        return incident if known is None else replace(incident, explanation=known.explanation)

    def _keep(self, incident: Incident) -> None:
        self.incidents.pop(incident.id, None)
        self.incidents[incident.id] = incident
        while len(self.incidents) > _REMEMBERED:
            del self.incidents[next(iter(self.incidents))]

    async def _lead(self) -> None:
        """Write what is due; on taking over, tell of all that is open."""
        leading = self._leading() and self.caught_up
        if leading and not self._led:
            for incident in list(self._unwritten.values()):
                if incident.id in self._open_there and incident.resolved_at is not None:
                    # The leader before died without saying that it is over.
                    self._tell(incident)
                else:
                    self._writer.write(incident)
            self._unwritten.clear()
            for incident in list(self._watching.open):
                await self._changed(Change("updated", self._with_known_explanation(incident)))
            for incident in self.open:
                if incident.campaign == ALL:
                    self._tell(incident)
        self._led = leading
        if leading:
            # One at a turn, off the loop: packing takes tens of milliseconds a campaign.
            snapshot = await asyncio.to_thread(next, self._watching.snapshots(self._position), None)
            if snapshot is not None:
                self._writer.write(snapshot)

    def _tell(self, incident: Incident) -> None:
        self._writer.write(incident)
        campaign = self._campaigns().get(incident.campaign) or Campaign(id=incident.campaign)
        alert = alert_of(incident, campaign, self._settings.base, self._settings.signer)
        before = self._told.get(incident.id)
        if before is not None and (incident.quiet or before.fingerprint != alert.fingerprint):
            # Another severity is another alert to Alertmanager: the one before is over.
            self.delivery.want(replace(before, resolved_at=incident.updated_at))
        if incident.quiet or incident.resolved_at is not None:
            self._told.pop(incident.id, None)
        else:
            self._told[incident.id] = alert
        if not incident.quiet:
            self.delivery.want(alert)


def _unreadable(topic: str, offset: int, error: Exception) -> Halt:
    return Halt(
        f"{topic}, offset {offset}: the record cannot be read ({error}). Was it written by a newer Listener? Then run "
        "this board in that version."
    )
