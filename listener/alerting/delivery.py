"""Delivery to Alertmanagers: each is told the whole wanted state, again and again, with back-off, and counted."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
import msgspec

from listener.alerting.alerts import Alert

_log = logging.getLogger("listener.alerting.delivery")

REFRESH_S: Final = 60.0
#: How long a resolution is repeated: an Alertmanager that was away must hear of it.
RESOLVED_S: Final = 900.0
_ANSWER_S: Final = 10.0
_BACKOFF_S: Final = 0.5
_BACKOFF_MOST_S: Final = 60.0
_PATH: Final = "/api/v2/alerts"

#: Upper bounds of the latency histogram, seconds.
BUCKETS: Final = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)

Fingerprint = tuple[tuple[str, str], ...]


def backoff(attempt: int, random: Callable[[], float]) -> float:
    """Seconds before attempt number ``attempt`` (from 1): full jitter, doubling to a minute.

    After Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    return random() * min(_BACKOFF_MOST_S, _BACKOFF_S * 2.0 ** min(attempt, 16))


@dataclass
class Target:
    """One Alertmanager: what it was told and how that went."""

    url: str
    accepted: int = 0
    failed: int = 0
    last_success: float | None = None
    #: What it has accepted, so that what is new can be told from what is repeated.
    known: dict[Fingerprint, bool] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Latency:
    """Seconds from the closing of a minute to the first acceptance of the alert that it made."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        seconds = max(0.0, seconds)
        self.counts[next((at for at, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))] += 1
        self.total += seconds


class Delivery:
    """Keeps every Alertmanager told of the wanted alerts while ``sending``; deliberately not a queue of messages.

    What is wanted is state: after an outage an Alertmanager hears what holds now, not what held then. Alertmanagers of
    a cluster tell each other what they have sent, so every one of them is told everything, as Prometheus does.
    """

    def __init__(
        self,
        urls: Iterable[str],
        *,
        sending: Callable[[], bool],
        now: Callable[[], float],
        random: Callable[[], float],
        refresh_s: float = REFRESH_S,
    ) -> None:
        self.targets = [Target(url.rstrip("/")) for url in urls]
        self.latency = Latency()
        self._sending, self._now, self._random, self._refresh_s = sending, now, random, refresh_s
        self._wanted: dict[Fingerprint, tuple[Alert, float]] = {}
        self._measured: set[tuple[Fingerprint, datetime]] = set()

    def want(self, alert: Alert) -> None:
        """Tell this from now on, instead of what was told for the same labels."""
        self._wanted[alert.fingerprint] = alert, self._now()
        self.wake()

    def wake(self) -> None:
        """Tell the Alertmanagers now."""
        for target in self.targets:
            target.wake.set()

    @property
    def queue(self) -> int:
        """Alerts that no Alertmanager has accepted in their present state."""
        return (
            sum(
                not any(target.known.get(name) == (alert.resolved_at is None) for target in self.targets)
                for name, (alert, _) in self._wanted.items()
            )
            if self._sending()
            else 0
        )

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S)) as session:
            await asyncio.gather(*(self._serve(session, target) for target in self.targets))

    async def _serve(self, session: aiohttp.ClientSession, target: Target) -> None:
        attempt = 0
        while True:
            pause = backoff(attempt, self._random) if attempt else self._refresh_s
            if attempt:
                # A new alert must not shorten the back-off of an Alertmanager that is down.
                await asyncio.sleep(pause)
            else:
                await self._wait(target, pause)
            target.wake.clear()
            if not self._sending():
                attempt = 0
                continue
            attempt = 0 if await self._post(session, target) else attempt + 1

    async def _wait(self, target: Target, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await target.wake.wait()
        except TimeoutError:
            return

    async def _post(self, session: aiohttp.ClientSession, target: Target) -> bool:
        """Tell one Alertmanager everything; whether it took it."""
        self._forget()
        wanted = {name: alert for name, (alert, _) in self._wanted.items()}
        if not wanted:
            return True
        now = datetime.fromtimestamp(self._now(), UTC)
        body = msgspec.json.encode([alert.payload(now) for alert in wanted.values()])
        headers = {"Content-Type": "application/json"}
        try:
            async with session.post(target.url + _PATH, data=body, headers=headers) as answer:
                refused = "" if answer.ok else f"{answer.status} {(await answer.text())[:200]}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            refused = repr(error)
        if refused:
            target.failed += 1
            _log.warning("%s does not take alerts: %s", target.url, refused)
            return False
        target.accepted += 1
        target.last_success = self._now()
        self._note(target, wanted)
        return True

    def _note(self, target: Target, wanted: dict[Fingerprint, Alert]) -> None:
        for name, alert in wanted.items():
            target.known[name] = alert.resolved_at is None
            key = name, alert.starts_at
            if alert.resolved_at is None and key not in self._measured:
                self._measured.add(key)
                self.latency.observe(self._now() - alert.closed_at)

    def _forget(self) -> None:
        """Drop what was resolved long enough ago."""
        now = self._now()
        old = [
            name
            for name, (alert, since) in self._wanted.items()
            if alert.resolved_at is not None and now - since > RESOLVED_S
        ]
        for name in old:
            del self._wanted[name]
            self._measured = {one for one in self._measured if one[0] != name}
            for target in self.targets:
                target.known.pop(name, None)
