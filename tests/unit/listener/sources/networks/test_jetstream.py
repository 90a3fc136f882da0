"""The Jetstream connector against a server that speaks both versions, loses connections and forgets cursors.

Frames are rebuilt from the public documentation of Jetstream, not recorded.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType, web

from listener.errors import UsageProblem
from listener.sources.kit.errors import Refused
from listener.sources.networks.jetstream import BlueskyConfig
from tests.unit.listener.sources.rig import NOW, MemorySink, context, output, run_until, serve

V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
#: 2026-11-23T10:00:00Z.
START_US = 1_795_428_000_000_000


def frame(
    number: int,
    version: int = 2,
    operation: str = "create",
    text: str = "سلام",
    langs: str = "fa",
    at: str = "2026-11-23T10:00:00Z",
) -> str:
    post = {"text": f"{text} {number}", "createdAt": at, "langs": [langs]}
    commit = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": f"k{number}"}
    commit |= {} if operation == "delete" else {"record": post}
    if version == 1:
        return json.dumps({"did": "did:plc:a", "time_us": START_US + number, "kind": "commit", "commit": commit})
    place = {"seq": number, "time": at.replace("00Z", "01Z"), "did": "did:plc:a"}
    kind = "network.bsky.jetstream.subscribeEvents#commit"
    return json.dumps({"$type": "message", "payload": {"$type": kind, **place, **commit}})


@dataclass
class Instance:
    """One instance with a log of frames. ``cut_after``: it closes each connection after so many (mid-frame in effect:
    whatever was not read is lost). ``oldest``: cursors below are refused."""

    frames: list[str]
    version: int = 2
    cut_after: list[int] = field(default_factory=list)
    oldest: int = 0
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    abort: bool = False

    def routes(self) -> dict[str, Any]:
        return {V2 if self.version == 2 else "/subscribe": self.handle}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return web.Response(status=status, headers=headers)
        cursor = int(request.query.get("cursor", -1))
        if self.version == 2 and 0 <= cursor < self.oldest:
            return web.json_response({"error": "CursorTooOld", "message": "gone"}, status=400)
        self.queries.append(dict(request.query))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for number, text in enumerate(self._after(cursor)):
            if self.cut_after and number == self.cut_after[0]:
                self.cut_after.pop(0)
                if self.abort and request.transport is not None:
                    request.transport.abort()
                else:
                    await socket.close(code=1011)
                return socket
            await socket.send_str(text)
        async for message in socket:
            if message.type is WSMsgType.CLOSE:
                break
        return socket

    def _after(self, cursor: int) -> Iterable[str]:
        return [text for text in self.frames if self._place(text) >= cursor]

    def _place(self, text: str) -> int:
        try:
            at = json.loads(text)
        except (ValueError, RecursionError):
            return 1 << 62
        if not isinstance(at, dict):
            return 1 << 62
        return at["payload"]["seq"] if "payload" in at else at.get("time_us", 1 << 62)


def config(base: str, **more: Any) -> BlueskyConfig:
    host = base.replace("http", "ws")
    return msgspec.convert({"hosts": [host], "idle_s": 10, **more}, type=BlueskyConfig)


async def read(sink: MemorySink, base: str, enough: Callable[[MemorySink], bool], **more: Any) -> Any:
    out = output(sink)
    await run_until(config(base, **more).connector(context()), out, sink.until(enough))
    return out.stats


def posts(sink: MemorySink) -> list[tuple[str, str | None]]:
    return [(one["op"], one["text"]) for one in sink.values]


def test_posts_edits_and_deletes_of_the_second_version() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(1), frame(2, operation="update", text="نو"), frame(3, operation="delete")])
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 3 and "" in it.cursors)
        assert posts(sink) == [("create", "سلام 1"), ("update", "نو 2"), ("delete", None)]
        assert instance.queries == [{"kinds": "commit", "collections": "app.bsky.feed.post"}]
        assert sink.cursors[""]["seq"] == 3
        assert sink.keys[0] == "bluesky:at://did:plc:a/app.bsky.feed.post/k1"
        assert stats.connected
        assert stats.results["produced"] == 3
        assert stats.lag == NOW.timestamp() - START_US / 1e6

    asyncio.run(scenario())


@pytest.mark.parametrize("abort", [False, True], ids=["closed", "cut"])
@pytest.mark.parametrize("version", [1, 2])
def test_lost_connections_lose_nothing(version: int, *, abort: bool) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        frames = [frame(number, version) for number in range(40)]
        instance = Instance(frames, version, cut_after=[5, 7, 9], abort=abort)
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(set(it.keys)) == 40)
        assert stats.reconnects == 3
        assert stats.cursor_resets == 0
        assert {text for _, text in posts(sink)} == {f"سلام {number}" for number in range(40)}

    asyncio.run(scenario())


def test_a_crash_before_the_acknowledgement_reads_again_and_resumes_where_it_was() -> None:
    async def scenario() -> None:
        instance = Instance([frame(number) for number in range(10)], cut_after=[6])
        crashes = [1]

        def crash(_records: Any) -> None:
            if crashes:
                crashes.pop()
                raise SystemError

        sink = MemorySink(on_send=crash)
        async with serve(instance.routes()) as base:
            with pytest.raises(SystemError):
                await read(sink, base, lambda it: bool(it.records))
            assert sink.records == []
            assert sink.cursors == {}
            await read(sink, base, lambda it: len(set(it.keys)) == 10)
            await read(sink, base, lambda it: len(it.records) > len(set(it.keys)))
        assert instance.queries[-1]["cursor"] == "9", "cursors of the second version are inclusive"
        assert sorted(set(sink.keys)) == sorted({f"bluesky:at://did:plc:a/app.bsky.feed.post/k{n}" for n in range(10)})

    asyncio.run(scenario())


def test_a_cursor_that_is_too_old_is_told_and_left() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(number) for number in range(100, 103)], oldest=100)
        async with serve(instance.routes()) as base:
            sink.cursors[""] = {"host": base.replace("http", "ws"), "version": 2, "time_us": START_US, "seq": 7}
            stats = await read(sink, base, lambda it: len(it.records) == 3)
        assert stats.cursor_resets == 1
        assert "cursor" not in instance.queries[0]

    asyncio.run(scenario())


def test_an_error_frame_that_says_so_does_the_same() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        error = json.dumps({"$type": "error", "error": "CursorTooOld", "message": "gone"})
        instance = Instance([error, frame(1)])
        async with serve(instance.routes()) as base:
            sink.cursors[""] = {"host": base.replace("http", "ws"), "version": 2, "seq": 1 << 61}

            def heal(it: MemorySink) -> bool:
                return len(it.records) > 0

            out = output(sink)
            connector = config(base).connector(context())
            task = asyncio.create_task(run_until(connector, out, sink.until(heal)))
            while not out.stats.cursor_resets:
                await asyncio.sleep(0)
            instance.frames.remove(error)
            await task
        assert out.stats.cursor_resets >= 1

    asyncio.run(scenario())


def test_an_instance_of_the_first_version_is_spoken_to_in_it() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(1, version=1)], version=1)
        async with serve(instance.routes()) as base:
            await read(sink, base, lambda it: "" in it.cursors)
            await read(sink, base, lambda it: len(it.records) == 2)
        first, second = instance.queries
        assert first["wantedCollections"] == "app.bsky.feed.post"
        assert second["cursor"] == str(START_US + 1 - 5_000_000), "it begins five seconds before"

    asyncio.run(scenario())


def test_a_cursor_of_the_first_version_older_than_is_kept_is_a_gap() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        old = START_US - 48 * 3600 * 10**6
        instance = Instance([frame(1, version=1)], version=1)
        async with serve(instance.routes()) as base:
            sink.cursors[""] = {"host": base.replace("http", "ws"), "version": 1, "time_us": old}
            stats = await read(sink, base, lambda it: len(it.records) == 1, version="1")
        assert stats.cursor_resets == 1

    asyncio.run(scenario())


def test_another_instance_goes_on_by_the_time_when_one_is_gone() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        other = Instance([frame(5, version=1)], version=1)
        async with serve(other.routes()) as base:
            sink.cursors[""] = {"host": "ws://127.0.0.1:9", "version": 2, "time_us": START_US, "seq": 4}
            hosts = ["ws://127.0.0.1:9", base.replace("http", "ws")]
            stats = await read(sink, base, lambda it: len(it.records) == 1, hosts=hosts)
        assert other.queries[0]["cursor"] == str(START_US - 5_000_000)
        assert (stats.reconnects, stats.cursor_resets) == (3, 0)

    asyncio.run(scenario())


def test_garbage_among_the_frames_is_counted_and_passed_over() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        rubbish = ["{", "[]", '"x"', "[" * 10_000, frame(7).replace('"text"', '"tex"')]
        instance = Instance([frame(1), *rubbish, frame(2)])
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 2)
        assert stats.results["invalid"] == 5

    asyncio.run(scenario())


def test_only_the_wanted_languages() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(1, langs="en"), frame(2, langs="fa-IR"), frame(3, operation="delete")])
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 2, langs=["fa"])
        assert [op for op, _ in posts(sink)] == ["create", "delete"]
        assert stats.results["ignored"] == 1

    asyncio.run(scenario())


def test_troubles_pass_and_a_refusal_ends_it() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(1)], refusals=[(503, {}), (429, {"Retry-After": "0"}), (400, {})])
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 1)
            assert (stats.reconnects, stats.rate_limited) == (3, 1)
            instance.refusals = [(401, {})]
            with pytest.raises(Refused, match="401"):
                await read(sink, base, lambda _: False)

    asyncio.run(scenario())


def test_silence_is_a_lost_connection() -> None:
    async def scenario() -> None:
        sink = MemorySink()
        instance = Instance([frame(1)])
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) >= 3, idle_s=0.05)
        assert stats.reconnects >= 2

    asyncio.run(scenario())


def test_a_host_that_is_none_is_named() -> None:
    with pytest.raises(UsageProblem, match="no address of a WebSocket"):
        BlueskyConfig(hosts=("https://x",)).connector(context())
