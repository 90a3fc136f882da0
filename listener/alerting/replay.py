"""The back-test for the page: ``listener backtest`` in a process of its own, one at a time, with a deadline.

Replaying weeks keeps a processor busy for some seconds; the board's event loop must not wait for it, and a thread would
hold it up as well.
"""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from listener.alerting.backtest import Report, Span
from listener.errors import UsageProblem
from listener.kafka.naming import namespace_environment
from listener.kafka.settings import KafkaSettings
from models.campaign import Campaign
from models.topics import Namespace

#: A back-test that takes longer is given up.
DEADLINE_S: Final = 120.0
_LAST_WORDS: Final = 500


class BusyError(Exception):
    """Another back-test is running."""


class Backtests:
    """Runs back-tests over the series topic. ``command``: what to run instead of this program, for tests."""

    def __init__(
        self,
        kafka: KafkaSettings,
        namespace: Namespace,
        *,
        deadline_s: float = DEADLINE_S,
        command: Sequence[str] = (sys.executable, "-m", "listener", "backtest"),
    ) -> None:
        self._environment: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LISTENER_")},
            **kafka.environment(),
            **namespace_environment(namespace),
        }
        self._deadline_s, self._command = deadline_s, command
        self._running = False

    async def run(self, campaign: Campaign, false_per_week: float, span: Span) -> Report:
        """What the rule would have said. Raises BusyError, and UsageProblem where there is nothing or it takes long."""
        if self._running:
            raise BusyError
        self._running = True
        try:
            return await self._replay(campaign, false_per_week, span)
        finally:
            self._running = False

    async def _replay(self, campaign: Campaign, false_per_week: float, span: Span) -> Report:
        asked = replace(campaign, alerts=replace(campaign.alerts, false_per_week=false_per_week))
        options = ["--campaign", campaign.id, "--json", "--campaign-json", "-"]
        for option, at in (("--from", span.first_ms), ("--to", span.end_ms)):
            options += [] if at is None else [option, datetime.fromtimestamp(at / 1000, UTC).isoformat()]
        # The board's own work goes before it.
        behind = ["nice", "-n", "10"] if shutil.which("nice") else []
        process = await asyncio.create_subprocess_exec(
            *behind,
            *self._command,
            *options,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                told, problem = await process.communicate(msgspec.json.encode(asked))
        except TimeoutError as error:
            raise UsageProblem(
                f"the back-test took more than {self._deadline_s:.0f} s: ask for a shorter time"
            ) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode:
            words = problem.decode(errors="replace").strip().splitlines()
            raise UsageProblem(words[-1][:_LAST_WORDS] if words else f"the back-test ended with {process.returncode}")
        return msgspec.json.decode(told, type=Report)
