"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as a stream of (event, data)."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
from aiohttp import ClientResponse

from listener.sources.kit.errors import SourceFault
from listener.sources.kit.stream import MAX_FRAME_BYTES


class Event(NamedTuple):
    """One event; without a name it is a ``message``."""

    name: str
    data: bytes


class _Open:
    """The event that is being read."""

    _name: str
    _data: list[bytes]
    _size: int

    def __init__(self) -> None:
        self._begin()

    def take(self, line: bytes) -> Event | None:
        """One line without its end; the event that it completes. Raises SourceFault when the event is too long."""
        self._size += len(line)
        if self._size > MAX_FRAME_BYTES:
            raise SourceFault(f"an event is longer than {MAX_FRAME_BYTES} bytes")
        if not line:
            done = Event(self._name, b"\n".join(self._data)) if self._data else None
            self._begin()
            return done
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode(errors="replace")
        elif field == b"data":
            self._data.append(value)
        return None

    def _begin(self) -> None:
        self._name, self._data, self._size = "message", [], 0


async def events(response: ClientResponse, idle_s: float) -> AsyncIterator[Event]:
    """The events of an open response. Comments keep it alive and are not given.

    Raises SourceFault when nothing comes for ``idle_s`` seconds, an event is too long, or the connection ends: an event
    that is cut off is not given.
    """
    event = _Open()
    while True:
        try:
            # Not `wait_for`: it loses a cancellation that comes together with a line.
            async with asyncio.timeout(idle_s):
                line = await response.content.readline()
        except TimeoutError:
            raise SourceFault(f"nothing came for {idle_s:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceFault(f"the stream broke: {error or type(error).__name__}") from error
        if not line.endswith(b"\n"):
            raise SourceFault("the stream ended")
        done = event.take(line.rstrip(b"\r\n"))
        if done is not None:
            yield done
