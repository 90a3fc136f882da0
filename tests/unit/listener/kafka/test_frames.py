"""Answers in pieces, as a connection brings them."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise

import aiokafka.conn
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from listener.kafka.frames import LEAST, FrameConnection, FrameProtocol, FrameReader
from listener.loop import Loop

#: Small ones, some about as large as what a reader holds from the beginning, and larger.
SIZES = st.one_of(st.integers(0, 20), st.integers(LEAST - 3, LEAST + 3), st.integers(0, 3 * LEAST))
LOOPS: Sequence[Callable[[], asyncio.AbstractEventLoop]] = (asyncio.SelectorEventLoop, Loop)


@pytest.fixture(scope="module")
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of who serves and of who asks."""
    authority = trustme.CA()
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    authority.configure_trust(asking)
    return serving, asking


def pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """The data cut at these places, which come round again."""
    ends = accumulate((1 + cut for cut in cuts), initial=0)
    places = [*(end for end in ends if end < len(data)), len(data)]
    yield from (data[begin:end] for begin, end in pairwise(places))


def bring(reader: FrameReader, data: bytes) -> None:
    """What a transport does with data that has come."""
    while data:
        room = reader.room()
        assert len(room)
        taken = min(len(room), len(data))
        room[:taken] = data[:taken]
        reader.filled(taken)
        data = data[taken:]


@given(st.lists(SIZES, max_size=8), st.lists(st.integers(0, 2 * LEAST), min_size=1, max_size=20), st.booleans())
def test_what_is_read_is_what_came_however_it_came(sizes: list[int], cuts: list[int], ahead: bool) -> None:  # noqa: FBT001
    data = bytes(range(251)) * (sum(sizes) // 251 + 1)
    data = data[: sum(sizes)]

    async def read() -> list[bytes]:
        reader = FrameReader()
        task = asyncio.create_task(_read(reader, sizes))
        for piece in pieces(data, cuts):
            if not ahead:
                await asyncio.sleep(0)  # lets the task ask for more first
            bring(reader, piece)
        return await task

    expected = [data[begin:end] for begin, end in pairwise(accumulate(sizes, initial=0))]
    assert asyncio.run(read()) == expected


async def _read(reader: FrameReader, sizes: Sequence[int]) -> list[bytes]:
    return [await reader.readexactly(size) for size in sizes]


def test_a_connection_that_ends_within_an_answer_says_what_there_was() -> None:
    async def read() -> None:
        reader = FrameReader()
        bring(reader, b"abc")
        assert await reader.readexactly(1) == b"a"
        waiting = asyncio.create_task(reader.readexactly(5))
        await asyncio.sleep(0)
        reader.end()
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await waiting
        assert (caught.value.partial, caught.value.expected) == (b"bc", 5)
        assert not reader.at_eof(), "two bytes are there"
        assert await reader.readexactly(2) == b"bc"
        assert reader.at_eof()

    asyncio.run(read())


def test_what_broke_the_connection_is_raised_where_it_is_read() -> None:
    async def read() -> None:
        reader = FrameReader()
        reader.end(ConnectionResetError("by peer"))
        reader.end()
        with pytest.raises(ConnectionResetError, match="by peer"):
            await reader.readexactly(1)

    asyncio.run(read())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_server_is_read_through_a_real_connection(
    loop: Callable[[], asyncio.AbstractEventLoop],
    encrypted: bool,  # noqa: FBT001
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    sizes = [4, 0, 5 * LEAST, 4, 40 * LEAST, 1]
    data = bytes(range(251)) * (sum(sizes) // 251 + 1)
    serving, asking = certificates if encrypted else (None, None)

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data[: sum(sizes)])
        await writer.drain()
        writer.close()

    async def read() -> list[bytes]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving)
        async with server:
            reader, inner = FrameReader(), asyncio.StreamReaderProtocol(asyncio.StreamReader())
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: FrameProtocol(reader, inner), *server.sockets[0].getsockname(), ssl=asking
            )
            found = await _read(reader, sizes)
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(1)
            transport.close()
        return found

    with asyncio.Runner(loop_factory=loop) as runner:
        found = runner.run(read())
    assert found == [data[begin:end] for begin, end in pairwise(accumulate(sizes, initial=0))]


def test_the_old_protocol_still_holds_back_who_writes() -> None:
    async def write() -> None:
        inner = asyncio.StreamReaderProtocol(asyncio.StreamReader())
        protocol = FrameProtocol(FrameReader(), inner)
        protocol.pause_writing()
        drained = asyncio.create_task(inner._drain_helper())  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert not drained.done()
        protocol.resume_writing()
        await drained

    asyncio.run(write())


def test_aiokafka_makes_these_connections() -> None:
    assert aiokafka.conn.AIOKafkaConnection is FrameConnection
