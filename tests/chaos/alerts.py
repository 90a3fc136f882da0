"""Alerts under faults: a quiet past, so that what flows is a spike; a receiver in Alertmanager's place; and the judge.

Which incidents there are follows from the closed minutes alone, so they are found again by feeding fresh watches with
the series topic: nothing else may have been written or told, and each of them only once.
"""

import json
import math
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from time import time
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from listener.kafka.settings import KafkaSettings
from models.campaign import CampaignSet
from models.incident import Incident, unpack_incident
from models.series import ClosedMinute, pack_minute, unpack_minute
from processors.incidents import CampaignWatch
from tests.chaos.oracle import Figures

#: A watch scores rows of five minutes, and a day must have taught it before.
ROW_S = 300
_PAST_S = 34 * 3600
_PER_MINUTE = 2.0
_DAY_S = 86_400
_NEVER = -math.inf


class Told(NamedTuple):
    """One alert as it was posted; ``at`` and ``ends`` in epoch seconds."""

    at: float
    labels: tuple[tuple[str, str], ...]
    starts: datetime
    ends: float


class Receiver:
    """Takes ``POST /api/v2/alerts`` on a port of its own and keeps what it was told. Use as a context manager."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.told += [_told(time(), one) for one in body]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _told(at: float, alert: dict[str, Any]) -> Told:
    starts, ends = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
    return Told(at, tuple(sorted(alert["labels"].items())), starts, ends.timestamp())


#: An alert as people are told of it: the labels that tell it apart, and when it opened.
Name = tuple[str, str, str, str, datetime]
Topic = tuple[list[ClosedMinute], list[Incident]]


def messages(told: Iterable[Told]) -> Counter[Name]:
    """How often an Alertmanager would have sent each alert: whenever one begins to fire that did not."""
    until: dict[tuple[tuple[str, str], ...], float] = {}
    sent = Counter[Name]()
    for one in told:
        if one.ends > one.at >= until.get(one.labels, _NEVER):
            labels = dict(one.labels)
            sent[labels["campaign"], labels["severity"], labels["kind"], labels["platform"], one.starts] += 1
        until[one.labels] = one.ends
    return sent


def replayed(minutes: Iterable[ClosedMinute], campaigns: CampaignSet) -> list[Incident]:
    """Every state of an incident that fresh watches come to over the closed minutes."""
    watches = {one.id: CampaignWatch(one) for one in campaigns.campaigns}
    return [change.incident for one in minutes if one.campaign in watches for change in watches[one.campaign].take(one)]


def unheard(states: Sequence[Incident], told: Iterable[Told], written: Iterable[Incident]) -> set[str]:
    """The incidents that nobody was told of, or that are not on their topic."""
    sent = {(campaign, starts) for campaign, *_, starts in messages(told)}
    topic = {one.id for one in written}
    return {one.id for one in states if (one.campaign, one.opened_at) not in sent or one.id not in topic}


def judge_alerts(
    figures: Figures, states: Sequence[Incident], told: Iterable[Told], written: Iterable[Incident]
) -> None:
    """Add the alerts and their duplicates: told again, or told of or written without being in the closed minutes."""
    told = list(told)
    sent = messages(told)
    known = {(one.campaign, one.severity, one.kind, one.platform, one.opened_at) for one in states}
    again = {name: times - 1 for name, times in sent.items() if times > 1}
    untrue = [name for name in sent if name not in known]
    strange = {one.id for one in written} - {one.id for one in states}
    figures.alerts += len(sent)
    figures.duplicates += sum(again.values()) + len(untrue) + len(strange)
    figures.problems += [f"told {times + 1} times: {name}" for name, times in again.items()]
    figures.problems += [f"told, but not in the closed minutes: {name}" for name in untrue]
    figures.problems += [f"written, but not in the closed minutes: {name}" for name in sorted(strange)]
    figures.problems += [f"nobody was told of {name}" for name in sorted(unheard(states, told, written))]


def row_end(now: float) -> int:
    """The row end that record time is to cross: it has passed, but not so long ago that its minutes alert nobody."""
    return int(now + 60) // ROW_S * ROW_S


def quiet_past(kafka: KafkaSettings, series: str, campaigns: CampaignSet, until: int, rng: Random) -> None:
    """Write closed minutes up to ``until`` (epoch seconds) in which little happens, day and night."""
    with closing(KafkaProducer(**kafka.kafka_python(), acks="all", linger_ms=20)) as producer:
        for minute in range(until - _PAST_S, until, 60):
            usual = _PER_MINUTE * (1 + 0.66 * math.sin(2 * math.pi * minute / _DAY_S))
            for campaign in campaigns.campaigns:
                amount = max(0, round(rng.gauss(usual, math.sqrt(usual))))
                one = ClosedMinute(campaign.id, minute, {"twitter": {"mentions": amount}} if amount else {})
                producer.send(series, key=one.key, value=pack_minute(one), partition=0)
        producer.flush(120)


def read_topics(kafka: KafkaSettings, series: str, incidents: str) -> Topic:
    """The closed minutes and the incidents as they were written, every record."""
    minutes = [unpack_minute(value) for value in _values(kafka, series)]
    records = [unpack_incident(value) for value in _values(kafka, incidents)]
    return minutes, [one for one in records if isinstance(one, Incident)]


def _values(kafka: KafkaSettings, topic: str) -> Iterator[bytes]:
    tp = TopicPartition(topic, 0)
    with closing(KafkaConsumer(**kafka.kafka_python(), enable_auto_commit=False)) as consumer:
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end = consumer.end_offsets([tp])[tp]
        while consumer.position(tp) < end:
            for records in consumer.poll(500).values():
                yield from (one.value for one in records if one.value is not None)
