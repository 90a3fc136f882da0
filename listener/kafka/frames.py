"""What a broker answers, read into memory of its size: importing this makes aiokafka's connections do so.

aiokafka reads through ``asyncio.StreamReader``, which gets a large answer in pieces: each is allocated, appended to
a buffer that grows with it, and waited for; in the end all is copied out. That was a quarter of what a fetch costs
(docs/decisions/097-what-a-fetch-costs.md).
"""

import asyncio
from typing import Any, Final

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection

#: Bytes that are asked for while no answer is under way; most fit.
LEAST: Final = 65_536


class FrameReader:
    """The bytes of one connection in order: as much of ``asyncio.StreamReader`` as aiokafka uses. One task reads."""

    def __init__(self) -> None:
        self._memory = bytearray(LEAST)
        self._begin = self._end = 0
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._failure: BaseException | None = None

    # ── what the connection brings ──

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        self._hold(self._end - self._begin + 1)
        return memoryview(self._memory)[self._end :]

    def filled(self, size: int) -> None:
        """``size`` bytes are there now; who waits is woken once all that it waits for is."""
        self._end += size
        if self._end - self._begin >= self._wanted:
            self._wake()

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing will follow, because of ``failure`` if there is one."""
        self._ended, self._failure = True, self._failure or failure
        self._wake()

    # ── what aiokafka asks for ──

    def at_eof(self) -> bool:
        """Whether everything was read and nothing will follow."""
        return self._ended and self._begin == self._end

    async def readexactly(self, size: int) -> bytes:
        """The next ``size`` bytes; IncompleteReadError where the connection ends before, or what broke it."""
        while self._end - self._begin < size:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise asyncio.IncompleteReadError(bytes(self._memory[self._begin : self._end]), size)
            self._hold(size)
            self._wanted = size
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        begin, self._begin = self._begin, self._begin + size
        return bytes(memoryview(self._memory)[begin : self._begin])

    def _hold(self, size: int) -> None:
        """Have memory for ``size`` bytes from the first that is not read yet."""
        if self._begin + size <= len(self._memory):
            return
        unread = self._memory[self._begin : self._end]
        if size > len(self._memory):
            # What follows an answer may come with it. A new one, as the connection may still have a view of the old.
            self._memory = bytearray(size + LEAST)
        self._begin, self._end = 0, len(unread)
        self._memory[: self._end] = unread

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class FrameProtocol(asyncio.BufferedProtocol):
    """Brings what arrives to a reader; all else is left to the protocol that aiokafka made."""

    def __init__(self, reader: FrameReader, inner: asyncio.StreamReaderProtocol) -> None:
        self._reader = reader
        self._inner = inner

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the reader knows how much is to come
        """Where the transport writes to."""
        return self._reader.room()

    def buffer_updated(self, nbytes: int) -> None:
        """The transport has written."""
        self._reader.filled(nbytes)

    def eof_received(self) -> bool | None:
        """The broker has closed its side."""
        self._reader.end()
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._reader.end(exc)
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The transport has enough to send."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._inner.resume_writing()


class FrameConnection(AIOKafkaConnection):  # type: ignore[misc]
    """aiokafka's connection, which reads an answer into memory of its size."""

    def _create_reader_task(self) -> Any:
        """Called once connected, before anything was sent: nothing has arrived that the old reader could hold."""
        self._reader = FrameReader()
        self._writer.transport.set_protocol(FrameProtocol(self._reader, self._protocol))
        return super()._create_reader_task()


# aiokafka's clients have no argument for it: they make connections with the name that stands there.
aiokafka.conn.AIOKafkaConnection = FrameConnection
