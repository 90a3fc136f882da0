"""Running a connector until it is told to stop: again after faults, never again after a refusal."""

import asyncio
import logging
from random import Random

from listener.sources.kit.backoff import FullJitter
from listener.sources.kit.connector import Connector
from listener.sources.kit.errors import RateLimited, SourceFault
from listener.sources.kit.output import Output

_log = logging.getLogger("listener.sources")


async def run_connector(
    connector: Connector, output: Output, stop: asyncio.Event, random: Random, jitter: FullJitter | None = None
) -> None:
    """Run until the source is over or ``stop`` is set; then save the cursors that were reached.

    Raises what ends a source for good: Refused (and other UsageProblems), Halt.
    """
    working = asyncio.create_task(_again_and_again(connector, output, jitter or FullJitter(random)))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
        await output.save()
    if not working.cancelled():
        working.result()


async def _again_and_again(connector: Connector, output: Output, jitter: FullJitter) -> None:
    while True:
        before = output.written
        try:
            await connector.run(output)
        except SourceFault as fault:
            output.stats.connected = False
            output.stats.reconnects += 1
            output.stats.rate_limited += isinstance(fault, RateLimited)
            if output.written > before:
                jitter.reset()
            wait = max(jitter.next(), fault.retry_after or 0.0)
            _log.warning("%s: %s; again in %.1f s", output.stats.name, fault, wait)
            await asyncio.sleep(wait)
        else:
            return
