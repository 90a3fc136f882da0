"""Frames of a WebSocket in batches: one acknowledgement for many, and nobody waits long for company."""

import asyncio
from typing import Final

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

from listener.sources.kit.errors import SourceFault

#: At most so many frames, or what comes within so many seconds after the first.
BATCH: Final = 500
BATCH_S: Final = 0.25
#: Above any post; a frame that is longer closes the connection.
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
#: Seconds between pings; a server that does not answer is lost.
HEARTBEAT_S: Final = 30.0


async def next_frames(socket: ClientWebSocketResponse, idle_s: float) -> list[bytes]:
    """The next frames, at least one. Raises SourceFault when none comes in time, or the connection ends."""
    try:
        frames = [_text(await socket.receive(timeout=idle_s))]
    except TimeoutError:
        raise SourceFault(f"nothing came for {idle_s:.0f} s") from None
    end = asyncio.get_running_loop().time() + BATCH_S
    while len(frames) < BATCH and (left := end - asyncio.get_running_loop().time()) > 0:
        try:
            message = await socket.receive(timeout=left)
        except TimeoutError:
            break
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            # What came before the end is good; the end is found again by the next call.
            break
        frames.append(_text(message))
    return frames


def _text(message: aiohttp.WSMessage) -> bytes:
    if message.type is WSMsgType.TEXT:
        return str(message.data).encode(errors="surrogatepass")
    if message.type is WSMsgType.BINARY:
        return bytes(message.data)
    reason = f" ({message.data}{f', {message.extra}' if message.extra else ''})" if message.data else ""
    raise SourceFault(f"the connection ended{reason}")
