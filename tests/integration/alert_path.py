"""The whole way of an alert in processes of their own: posts → worker → two boards → Alertmanagers. For test and bench.

A row of the watch has five minutes of the clock. Nothing of the product is made faster for tests: the minutes before
are prepared in the series topic, where the boards go on behind the last one, and posts carry the time of the row.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
from aiokafka import AIOKafkaProducer

from listener.kafka.naming import namespace_environment
from listener.kafka.settings import KafkaSettings
from models.series import ClosedMinute, pack_minute
from models.topics import Namespace

ROW_S = 300
#: The watch scores after a day; the hours of that day are known by then.
HOURS = 34
#: Mentions a minute, on average.
RATE = 2.0
EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class AlertPath:
    """``words``: the word that each campaign counts."""

    kafka: KafkaSettings
    namespace: Namespace
    directory: Path
    words: dict[str, str]

    def quiet(self, until: int) -> Iterator[ClosedMinute]:
        """Closed minutes of all campaigns, day to night 5 : 1, up to the minute ``until``; the same each time."""
        generator = np.random.default_rng(1)
        for minute in range(until - HOURS * 3600, until, 60):
            usual = RATE * (1 + 0.66 * np.sin(2 * np.pi * minute / 86400))
            for campaign in self.words:
                count = int(generator.poisson(usual))
                counts = {"twitter": {"mentions": count}} if count else {}
                yield ClosedMinute(campaign, minute, counts, authors=count, stories=count)

    async def past(self, producer: AIOKafkaProducer, until: int) -> None:
        """The quiet minutes up to ``until``, into the topic of closed minutes."""
        for one in self.quiet(until):
            await producer.send(self.namespace.series, key=one.key, value=pack_minute(one), partition=0)
        await producer.flush()

    async def post(self, producer: AIOKafkaProducer, campaign: str, number: int, at: float) -> None:
        """A post that names the campaign, written and recorded at ``at``."""
        moment = datetime.fromtimestamp(at, UTC).isoformat()
        body = {
            "event_id": f"e{campaign}{number}",
            "schema_version": 1,
            "observed_at": moment,
            "op": "create",
            "post_id": f"twitter:{campaign}{number}",
            "platform": "twitter",
            "created_at": moment,
            "text": f"{self.words[campaign]} از صبح قطع است و کسی پاسخ نمی‌دهد {number}",
            "url": f"https://example.com/{campaign}/{number}",
            "author": {"id": f"a{number % 400}"},
        }
        value = json.dumps(body, ensure_ascii=False).encode()
        key = str(body["post_id"]).encode()
        await producer.send(self.namespace.posts, key=key, value=value, timestamp_ms=int(at * 1000))

    def start(self, stack: ExitStack, alertmanagers: Sequence[str], environment: Mapping[str, str] = EMPTY) -> None:
        """A worker and two boards, until ``stack`` is left; their logs are in the directory."""
        campaigns = self.directory / "campaigns"
        campaigns.mkdir()
        for name, word in self.words.items():
            (campaigns / f"{name}.yaml").write_text(f"id: {name}\nname: {word}\nteam: mobility\nkeywords: [{word}]\n")
        around = {name: value for name, value in os.environ.items() if not name.startswith("LISTENER_")}
        around |= {**self.kafka.environment(), **namespace_environment(self.namespace), **environment}
        around |= {"LISTENER_AUTHOR_KEY": "a" * 64, "LISTENER_ALERT_KEY": "b" * 64}
        tell = [part for url in alertmanagers for part in ("--alertmanager", url)]
        board = ["board", "--http-port", "0", "--public-url", "http://localhost:8080", *tell]
        for name, options in (
            ("worker", ["worker", "--http-port", "0", "--campaigns", str(campaigns)]),
            ("board-1", board),
            ("board-2", board),
        ):
            log = stack.enter_context((self.directory / f"{name}.log").open("wb"))
            process = subprocess.Popen([sys.executable, "-m", "listener", *options], env=around, stderr=log, stdout=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)

    def logs(self) -> str:
        """The ends of what the processes said."""
        found = sorted(self.directory.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in found)
