"""One HTTP call to a source: size capped, time limited, and what its answer asks of us understood."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from aiohttp import ClientSession, ClientTimeout

from listener import __version__
from listener.sources.kit.errors import RateLimited, Refused, SourceFault

USER_AGENT: Final = f"listener/{__version__} (+https://github.com/social-listener/social-listener)"
CALL_S: Final = 30.0
CONNECT_S: Final = 10.0
MAX_BYTES: Final = 16 * 1024 * 1024
#: No source may make us wait longer than this; then we ask once more.
LONGEST_WAIT_S: Final = 3600.0

_CHUNK: Final = 64 * 1024
#: Above this a reset header is a moment (epoch seconds), below it a number of seconds.
_EPOCH: Final = 1_000_000_000
#: In the order of trust; the IETF draft's name, then those of Bluesky, Mastodon and others.
_REMAINING: Final = ("RateLimit-Remaining", "X-RateLimit-Remaining")
_RESET: Final = ("RateLimit-Reset", "X-RateLimit-Reset")

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _UNAVAILABLE, _ERRORS = 401, 403, 429, 503, 500


@dataclass(frozen=True)
class Answer:
    """Status, headers (of any case), and the body, complete and decompressed. ``url``: after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def open_session(**options: Any) -> ClientSession:
    """A client that says who it is and honours the proxy variables of the environment."""
    headers = {"User-Agent": USER_AGENT, **options.pop("headers", {})}
    timeout = ClientTimeout(total=CALL_S, sock_connect=CONNECT_S)
    return ClientSession(headers=headers, timeout=timeout, trust_env=True, **options)


async def call(
    session: ClientSession,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: list[tuple[str, str]] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """GET ``url``. Raises SourceFault when the network fails or the answer is longer than ``max_bytes``."""
    try:
        async with session.get(url, headers=headers, params=params, max_redirects=5) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > max_bytes:
                    raise SourceFault(f"{url} answers with more than {max_bytes} bytes")
            return Answer(response.status, response.headers, bytes(body), str(response.url))
    except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError, ValueError) as error:
        raise SourceFault(f"{url}: {error or type(error).__name__}") from error


async def call_api(
    session: ClientSession,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: list[tuple[str, str]] | None = None,
    now: float,
) -> Answer:
    """GET from an API that answers 200 when all is well.

    Raises Refused for 401 and 403, RateLimited for 429, SourceFault for anything else but success and 404.
    """
    answer = await call(session, url, headers=headers, params=params)
    judge(answer.status, answer.headers, url, now)
    return answer


def judge(status: int, headers: Mapping[str, str], url: str, now: float) -> None:
    """Raise what a status asks for; nothing for success, redirects, 404 and 410. ``now``: epoch seconds."""
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        raise Refused(
            f"{url} refuses us ({status}): check that the token is right, not expired, and has the rights that the "
            "guide of this source names. Nothing is asked again until the source is started anew."
        )
    if status == _TOO_MANY:
        raise RateLimited(f"{url} asks for fewer calls (429)", wait_of(headers, now))
    if status >= _ERRORS:
        raise SourceFault(f"{url} is in trouble ({status})", wait_of(headers, now))
    if status >= 400 and status not in (404, 410):  # noqa: PLR2004 - the statuses themselves
        raise SourceFault(f"{url} answers {status}")


def wait_of(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that ``Retry-After`` or an exhausted rate limit asks us to wait; None when neither says."""
    found = _seconds(headers.get("Retry-After"), now)
    if found is None:
        found = pause_of(headers, now) or None
    return found


def pause_of(headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait before the next call: up to the reset when nothing remains of the rate limit, otherwise 0."""
    remaining = next((headers[name] for name in _REMAINING if name in headers), None)
    if remaining is None or not remaining.strip().isdecimal() or int(remaining) > 0:
        return 0.0
    return _seconds(next((headers[name] for name in _RESET if name in headers), None), now) or 0.0


def _seconds(text: str | None, now: float) -> float | None:
    """A number of seconds, an epoch time, an HTTP date or an ISO time, as seconds from now; None for anything else."""
    if not text:
        return None
    text = text.strip()
    if text.isdecimal():
        number = float(text)
        return _bounded(number - now if number > _EPOCH else number)
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
        except (ValueError, TypeError, IndexError):
            continue
        return _bounded((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
