"""robots.txt (RFC 9309): read once a day for each site, and obeyed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from aiohttp import ClientSession
from protego import Protego

from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import USER_AGENT, call

#: The name by which sites address us in their robots.txt.
AGENT: Final = "listener"
_KEPT_S: Final = 24 * 3600.0
#: RFC 9309 asks readers to take at least 500 KiB; what comes after that does not count.
_READ_BYTES: Final = 512 * 1024
_MAX_BYTES: Final = 8 * 1024 * 1024
#: A delay above this is meant to keep robots away altogether; a page an hour is no service to anyone.
_LONGEST_DELAY_S: Final = 30.0


@dataclass
class _Site:
    rules: Protego | None = None
    read_at: float = float("-inf")
    next_call: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Manners:
    """May this address be read, and when: one call after the other for each site, ``pause`` seconds apart.

    ``obey`` False leaves robots.txt unread (for one's own sites); the pauses stay.
    """

    def __init__(
        self, session: ClientSession, *, pause: float, obey: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._pause = pause
        self._obey = obey
        self._monotonic = monotonic
        self._sites: dict[str, _Site] = {}

    async def ask(self, url: str) -> bool:
        """Wait for our turn; False when the site does not want robots there.

        Raises SourceFault while its robots.txt cannot be had: until then nothing is allowed.
        """
        parts = urlsplit(url)
        site = self._sites.setdefault(f"{parts.scheme}://{parts.netloc}", _Site())
        async with site.lock:
            if self._obey and self._monotonic() - site.read_at > _KEPT_S:
                site.rules = await self._rules(f"{parts.scheme}://{parts.netloc}/robots.txt")
                site.read_at = self._monotonic()
            if site.rules is not None and not site.rules.can_fetch(url, AGENT):
                return False
            wait = site.next_call - self._monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            site.next_call = self._monotonic() + max(self._pause, _delay(site.rules))
            return True

    async def _rules(self, url: str) -> Protego | None:
        answer = await call(self._session, url, headers={"User-Agent": USER_AGENT}, max_bytes=_MAX_BYTES)
        if answer.status >= 500:  # noqa: PLR2004 - RFC 9309: unreachable, so nothing is allowed
            raise SourceFault(f"{url} answers {answer.status}: nothing may be read until it can be")
        if answer.status != 200:  # noqa: PLR2004 - RFC 9309: unavailable, so everything is allowed
            return None
        return Protego.parse(answer.body[:_READ_BYTES].decode("utf-8", errors="replace"))


def _delay(rules: Protego | None) -> float:
    delay = rules.crawl_delay(AGENT) if rules is not None else None
    return min(delay or 0.0, _LONGEST_DELAY_S)
