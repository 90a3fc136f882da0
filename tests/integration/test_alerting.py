"""Closed minutes in Kafka → alerting → a real pair of Alertmanagers → one message, read."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiokafka import AIOKafkaProducer, TopicPartition

from listener.alerting.service import AlertingService
from listener.alerting.settings import AlertingSettings
from listener.alerting.tokens import Signer
from listener.changelog import Records, read_to_end
from listener.http import serve
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.feedback import Answered, pack_feedback
from models.incident import Incident, Snapshot, unpack_incident
from models.mention import Mention, Origin
from models.series import ClosedMinute, pack_minute
from models.topics import Namespace
from tests.integration.alertmanagers import Alertmanager, Webhook, alertmanagers, program
from tests.integration.workers import PATIENCE_S
from tests.unit.processors.incidents.minutes import CAMPAIGN, MIDNIGHT, minute, quiet, spike

pytestmark = pytest.mark.broker

#: A day and ten hours: the watch has just learnt to speak.
EVENT = 2040
SIGNER = Signer(b"k" * 32)


class Mentions:
    """Twenty in each minute of the spike."""

    async def between(self, campaign: str, first: datetime, end: datetime) -> Sequence[Mention]:
        if first.timestamp() < MIDNIGHT + EVENT * 60:
            return []
        moments = range(int(first.timestamp()), int(end.timestamp()), 60)
        return [
            Mention(
                campaign=campaign,
                entity=f"twitter:{moment}-{number}",
                kind="post",
                op="create",
                origin=Origin("social.posts.v1", 0, moment + number),
                platform="twitter",
                event_time=datetime.fromtimestamp(moment, UTC),
                observed_at=datetime.fromtimestamp(moment, UTC),
                text="سرور بریمو قطع شد",
                author=f"author{number}",
                story="outage",
                sentiment="negative",
                url=f"https://example.com/{moment}/{number}",
            )
            for moment in moments
            for number in range(20)
        ]


@dataclass
class Rig:
    """Everything a test needs, on one event loop."""

    broker: EmbeddedKafka
    namespace: Namespace
    producer: AIOKafkaProducer
    managers: list[Alertmanager]
    webhook: Webhook
    services: list[AlertingService] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def write(self, minutes: Iterable[ClosedMinute]) -> None:
        for one in minutes:
            await self.producer.send(self.namespace.series, key=one.key, value=pack_minute(one), partition=0)
        await self.producer.flush()

    async def start(self, leading: Callable[[], bool] = lambda: True) -> AlertingService:
        """A board's alerting, which has read all that is there."""
        service = AlertingService(
            self.broker.settings,
            self.namespace,
            AlertingSettings(tuple(one.url for one in self.managers), "https://listen.example", SIGNER),
            lambda: {CAMPAIGN.id: CAMPAIGN},
            mentions=Mentions(),
            leading=leading,
            # The minutes of these tests are of 2025.
            learn_s=float("inf"),
        )
        self.services.append(service)
        self.tasks.append(asyncio.create_task(service.run()))
        await self.until(lambda: service.caught_up)
        return service

    async def stop(self, index: int) -> None:
        self.tasks[index].cancel()
        await asyncio.gather(self.tasks[index], return_exceptions=True)

    async def until(self, met: Callable[[], Any]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := met()):
                for task in self.tasks:
                    if task.done() and not task.cancelled():
                        task.result()
                await asyncio.sleep(0.02)
            return found

    async def records(self) -> list[Incident | Snapshot]:
        found: list[Incident | Snapshot] = []

        def take(_tp: TopicPartition, records: Records) -> None:
            found.extend(unpack_incident(value) for _, _, value in records if value)

        await read_to_end(self.broker.settings, [TopicPartition(self.namespace.incidents, 0)], take)
        return found


@asynccontextmanager
async def rig(broker: EmbeddedKafka, namespace: Namespace, directory: Path, refuse: int = 0) -> AsyncIterator[Rig]:
    create_topics(broker.settings, declared_topics(namespace, 1))
    webhook = Webhook(refuse)
    app = web.Application()
    app.router.add_post("/", webhook.take)
    producer = AIOKafkaProducer(**broker.settings.aiokafka(), enable_idempotence=True)
    async with serve(app, "127.0.0.1", 0) as port:
        with alertmanagers(directory, port) as managers:
            await producer.start()
            made = Rig(broker, namespace, producer, managers, webhook)
            try:
                await asyncio.gather(*(one.ready(peers=2) for one in managers))
                await made.write(quiet(0, EVENT))
                yield made
            finally:
                for index in range(len(made.tasks)):
                    await made.stop(index)
                await producer.stop()


@pytest.fixture(autouse=True)
def _needs_alertmanager() -> None:
    program()


def test_one_spike_is_one_message_whose_every_word_is_right(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with rig(broker, namespace, tmp_path, refuse=1) as made:
            leader = await made.start()
            follower = await made.start(leading=lambda: False)
            await made.write(spike(EVENT, 5, 20, mentions_negative=20))
            await made.until(lambda: made.webhook.of("firing"))
            assert made.webhook.refused == 1
            # A dozen more minutes, with their updates, then calm: all of it may add nothing but the end.
            await made.write(spike(EVENT + 5, 10, 20, mentions_negative=20))
            await made.write(quiet(EVENT + 15, EVENT + 150))
            await made.until(lambda: made.webhook.of("resolved"))
            assert not follower.delivery.targets[0].accepted
            assert sum(leader.delivery.latency.counts) >= 1
            (message,) = made.webhook.of("firing")
            (alert,) = message["alerts"]
            started = datetime.fromtimestamp(MIDNIGHT + EVENT * 60, UTC)
            assert alert["labels"] == {
                "alertname": "ListenerIncident",
                "campaign": "berimo",
                "team": "mobility",
                "platform": "twitter",
                "severity": "critical",
                "kind": "spike",
            }
            words = {name: re.sub("[\u2068\u2069]", "", text) for name, text in alert["annotations"].items()}
            assert words["summary"].startswith("Spike: بریمو: 100 mentions, ")
            assert words["description_fa"].startswith("از یکشنبه ۲۰ مهر ۱۴۰۴، ۱۰:۰۰: ۱۰۰ یادکرد از ۱۰۰ نویسنده")
            assert f"Since {started:%Y-%m-%d} 10:00 (Asia/Tehran)" in words["description"]
            assert "By story: سرور بریمو قطع شد 100%." in words["description"]
            assert "Without story سرور بریمو قطع شد (100 mentions) this would not have fired." in words["description"]
            assert "By sentiment: negative 100%." in words["description"]
            assert words["acknowledge"].startswith("https://listen.example/alerts/answer?t=")
            assert len(made.webhook.of("resolved")) == 1

    asyncio.run(scenario())


def test_an_alertmanager_that_died_costs_no_message_and_doubles_none(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with rig(broker, namespace, tmp_path) as made:
            leader = await made.start()
            made.managers[0].kill()
            await made.write(spike(EVENT, 5, 20))
            await made.until(lambda: made.webhook.of("firing"))
            await made.until(lambda: leader.delivery.targets[0].failed)
            await made.write(quiet(EVENT + 5, EVENT + 150))
            await made.until(lambda: made.webhook.of("resolved"))
            assert len(made.webhook.of("firing")) == 1

    asyncio.run(scenario())


def test_a_new_leader_goes_on_with_the_incident_and_the_answers(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with rig(broker, namespace, tmp_path) as made:
            await made.start()
            await made.write(spike(EVENT, 5, 20))
            await made.until(lambda: made.webhook.of("firing"))
            await made.stop(0)
            # From the snapshot and the incident of the one before; what it never saw, it reads.
            await made.write(spike(EVENT + 5, 10, 20))
            second = await made.start()
            # On taking over it tells what holds now, once that is explained.
            await made.until(lambda: second.open[0].observed == 300)
            (incident,) = second.open
            assert incident.explanation is not None
            said = Answered("berimo", incident.id, "ours", datetime.now(UTC))
            key = said.subject.encode()
            await made.producer.send_and_wait(namespace.feedback, key=key, value=pack_feedback(said), partition=0)
            await made.until(lambda: made.webhook.of("resolved"))
            assert len(made.webhook.of("firing")) == 1
            assert second.outcomes.answers == {("watch-1 (spikes-2)", "spike", "ours"): 1}
            await made.until(lambda: second.incidents[incident.id].quiet == "ours")
            records = await made.records()
            assert {one.id for one in records if isinstance(one, Incident)} == {incident.id}
            assert any(isinstance(one, Snapshot) and one.campaign == "berimo" for one in records)

    asyncio.run(scenario())


def test_what_ended_while_nobody_led_is_said_to_have_ended(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with rig(broker, namespace, tmp_path) as made:
            leads = False
            await made.start()
            await made.start(leading=lambda: leads)
            await made.write(spike(EVENT, 5, 20))
            await made.until(lambda: made.webhook.of("firing"))
            await made.stop(0)
            await made.write(quiet(EVENT + 5, EVENT + 150))
            follower = made.services[1]
            await made.until(lambda: follower.incidents and not follower.open)
            assert made.webhook.of("resolved") == []
            leads = True
            await made.until(lambda: made.webhook.of("resolved"))
            (incident,) = {one.id: one for one in await made.records() if isinstance(one, Incident)}.values()
            assert incident.resolved_at is not None
            assert len(made.webhook.of("firing")) == 1

    asyncio.run(scenario())


def test_what_was_replayed_or_never_complete_is_told_to_nobody(
    broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with rig(broker, namespace, tmp_path) as made:
            service = await made.start()
            await made.write(ClosedMinute(**_fields(one) | {"replayed": True}) for one in spike(EVENT, 30, 200))
            await made.write(quiet(EVENT + 30, EVENT + 60))
            last = minute(EVENT + 60, 2)
            await made.write([last])
            history = made.services[0]._watching.history
            await made.until(lambda: (found := history("berimo")) and found.watch.through == last.minute)
            assert (service.open, made.webhook.taken) == ([], [])

    asyncio.run(scenario())


def _fields(one: ClosedMinute) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
