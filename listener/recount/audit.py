"""``listener audit``: the recount of what runs, again and again, as metrics."""

import asyncio
import logging
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import click
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric

from listener.errors import Halt, UsageProblem
from listener.http import Health, health_app, serve
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.metrics import Described, family
from listener.options import http_options, log_level_option, retention_option, set_up_logging
from listener.recount.live.command import compared
from listener.recount.live.recount import Result
from models.streams import STREAMS
from models.topics import Namespace

_log = logging.getLogger("listener.audit")

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType):
    """A span of time: ``90s``, ``30m``, ``1h``, ``1d``; seconds."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds; click's own error for anything else."""
        if isinstance(value, int):
            return value
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is no span of time: 90s, 30m, 1h or 1d", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]


@dataclass
class Auditor:
    """Recounts every so many seconds. ``recount`` blocks. ``last``: the last that came to an end.

    ``ended_at``: when it did, epoch seconds; ``seconds``: how long it took; ``failures``: those that came to none.
    """

    recount: Callable[[], Result]
    every: float
    clock: Callable[[], float] = time.time
    last: Result | None = None
    ended_at: float = 0.0
    seconds: float = 0.0
    failures: int = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.once()
            await asyncio.sleep(self.every)

    async def once(self) -> None:
        """One recount; where it cannot be made (no broker, records that went) the next one is waited for."""
        began = self.clock()
        try:
            found = await _beside(self.recount)
        except (UsageProblem, Halt, OSError) as error:
            self.failures += 1
            _log.error("no recount: %s", error)
            return
        self.last, self.ended_at = found, self.clock()
        self.seconds = self.ended_at - began
        for one in found.differences:
            _log.error("difference: %s", one.line())
        _log.info("%s", found.summary)


async def _beside(work: Callable[[], Result]) -> Result:
    """What ``work`` gives, from a thread that a stop need not wait for: it only reads."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            loop.call_soon_threadsafe(done.set_exception, error)
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    threading.Thread(target=run, name="recount", daemon=True).start()
    return await done


class AuditCollector(Described):
    """The metrics of an auditor: nothing but failures before the first recount came to an end."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor

    def collect(self) -> Iterable[Metric]:
        """All families."""
        auditor = self._auditor
        yield family("listener_audit_failures", [((), auditor.failures)])
        result = auditor.last
        if result is None:
            return
        wrong = Counter(one.topic for one in result.differences)
        open_ = Counter[str]()
        for one in result.not_covered:
            open_[one.topic] += one.windows
        topics = [stream.topic for stream in STREAMS]
        yield family("listener_audit_difference", [((topic,), wrong[topic]) for topic in topics])
        yield family("listener_audit_not_covered_windows", [((topic,), open_[topic]) for topic in topics])
        yield family("listener_audit_compared_cells", [((), result.compared)])
        yield family("listener_audit_last_success_timestamp_seconds", [((), auditor.ended_at)])
        yield family("listener_audit_duration_seconds", [((), auditor.seconds)])


@click.command()
@kafka_options
@namespace_options
@click.option(
    "--every",
    type=Span(),
    default="1h",
    envvar="LISTENER_AUDIT_EVERY",
    show_default=True,
    help="Time from the end of one recount to the beginning of the next: 30m, 1h, 1d.",
)
@retention_option
@http_options("AUDIT", 6067)
@log_level_option
def audit(
    kafka: KafkaSettings,
    namespace: Namespace,
    every: int,
    retention: str,
    http_host: str,
    http_port: int,
    log_level: str,
) -> None:
    """Recount what the topics still hold on a schedule (see `listener recount --from-kafka`), as metrics.

    Reads only. Differences are logged line by line and counted in `listener_audit_difference`.
    """
    set_up_logging(log_level, ())
    logging.getLogger("kafka").setLevel(logging.CRITICAL)

    def recount() -> Result:
        return compared(kafka, namespace, retention=retention == "on", say=_log.debug)

    asyncio.run(_serve(Auditor(recount, every), http_host, http_port))


async def _serve(auditor: Auditor, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector):
        collector(registry=registry)
    registry.register(AuditCollector(auditor))
    app = health_app(lambda: Health(ok=True), lambda: Health(ok=True), registry)
    async with serve(app, host, port) as bound:
        click.echo(f"audit: http://{host}:{bound}/metrics", err=True)
        loop = asyncio.create_task(auditor.run())
        await asyncio.wait([loop, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            loop.result()
        loop.cancel()
