"""The Mastodon connector against a server that speaks WebSocket, server-sent events and REST.

Shapes are rebuilt from https://docs.joinmastodon.org, not recorded.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType, web

from listener.errors import UsageProblem
from listener.sources.kit.errors import Refused
from listener.sources.networks.mastodon_stream import MastodonConfig
from tests.unit.listener.sources.rig import MemorySink, context, output, run_until, serve

FIRST = 117_665_169_408_000_000


def status(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(FIRST + number),
        "uri": f"https://m.example/users/a/statuses/{number}",
        "url": f"https://m.example/@a/{number}",
        "created_at": "2026-11-23T10:00:00.000Z",
        "visibility": "public",
        "language": "fa",
        "content": f"<p>سلام {number}</p>",
        "account": {"id": "1", "acct": "a", "uri": "https://m.example/users/a"},
        **more,
    }


@dataclass
class Instance:
    """An instance. ``script``: for each connection what it sends (event, payload); then it closes or waits."""

    script: list[list[tuple[str, str]]]
    timeline: list[dict[str, Any]] = field(default_factory=list)
    token: str = "secret"
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    limited: int = 0
    mid_frame: bool = False

    def routes(self) -> dict[str, Any]:
        return {
            "/api/v2/instance": self.instance,
            "/api/v1/streaming": self.stream,
            "/api/v1/streaming/{name:.*}": self.sse,
            "/api/v1/timelines/{name:.*}": self.rest,
        }

    def _is_known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    async def instance(self, request: web.Request) -> web.Response:
        return web.json_response({"configuration": {"urls": {}}}, status=200 if self._is_known(request) else 401)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        first = json.loads((await socket.receive()).data)
        self.subscriptions.append(first)
        stream = [first["stream"], *([first["tag"]] if "tag" in first else [])]
        for event, payload in self.script.pop(0) if self.script else []:
            await socket.send_json({"stream": stream, "event": event, "payload": payload})
        if self.script:
            await socket.close()
            return socket
        async for message in socket:
            if message.type is WSMsgType.CLOSE:
                break
        return socket

    async def sse(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return web.Response(status=401)
        self.subscriptions.append({"path": request.match_info["name"], **request.query})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":)\n\n")
        for event, payload in self.script.pop(0) if self.script else []:
            await response.write(f"event: {event}\ndata: {payload}\n\n".encode())
        if self.script:
            if self.mid_frame:
                await response.write(f"event: update\ndata: {json.dumps(status(99))[:50]}".encode())
            return response
        await asyncio.sleep(30)
        return response

    async def rest(self, request: web.Request) -> web.Response:
        if self.limited:
            self.limited -= 1
            return web.Response(
                status=429, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2020-01-01T00:00:00Z"}
            )
        self.asked.append({"path": request.match_info["name"], **request.query})
        after = int(request.query["min_id"])
        page = [one for one in self.timeline if int(one["id"]) > after][: int(request.query["limit"])]
        return web.json_response(page[::-1])


def update(*numbers: int) -> list[tuple[str, str]]:
    return [("update", json.dumps(status(number))) for number in numbers]


async def read(sink: MemorySink, base: str, enough: Callable[[MemorySink], bool], **more: Any) -> Any:
    settings = {"url": base, "token": {"env": "TEST_TOKEN"}, "hashtags": ["#x"], "idle_s": 10, **more}
    connector = msgspec.convert(settings, type=MastodonConfig).connector(context())
    out = output(sink)
    await run_until(connector, out, sink.until(enough))
    return out.stats


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "secret")


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_posts_edits_and_deletes(transport: str) -> None:
    async def scenario() -> None:
        edit = ("status.update", json.dumps(status(1, edited_at="2026-11-23T10:05:00Z", content="<p>نو</p>")))
        instance = Instance([[*update(1, 2), edit, ("delete", str(FIRST + 2)), ("notification", "{}")]])
        sink = MemorySink()
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 4, transport=transport)
        found = [(one["op"], one["post_id"][-1], one["text"]) for one in sink.values]
        assert found == [
            ("create", "1", "سلام 1"),
            ("create", "2", "سلام 2"),
            ("update", "1", "نو"),
            ("delete", "2", None),
        ]
        named = {"stream": "hashtag", "type": "subscribe"} if transport == "websocket" else {"path": "hashtag"}
        assert instance.subscriptions == [{"tag": "x", **named}]
        assert stats.connected

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_what_was_missed_is_read_from_the_timeline(transport: str) -> None:
    async def scenario() -> None:
        missed = [status(number) for number in range(2, 96)]
        instance = Instance([update(1), update(95)], timeline=missed, mid_frame=True, limited=1)
        sink = MemorySink()
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(set(it.keys)) == 95, transport=transport)
        assert {key.rpartition("/")[2] for key in sink.keys} == {str(number) for number in range(1, 96)}
        assert [asked["min_id"] for asked in instance.asked][:1] == [str(FIRST + 1)]
        assert instance.asked[0]["path"] == "tag/x"
        assert (stats.cursor_resets, stats.rate_limited) == (0, 1)
        assert sink.cursors[""] == {"hashtag:x": str(FIRST + 95)}

    asyncio.run(scenario())


def test_a_new_process_goes_on_from_the_saved_cursor() -> None:
    async def scenario() -> None:
        instance = Instance([update(1)], timeline=[status(2), status(3)])
        sink = MemorySink()
        async with serve(instance.routes()) as base:
            await read(sink, base, lambda it: "" in it.cursors)
            await read(sink, base, lambda it: len(set(it.keys)) == 3)
        assert instance.asked[0]["min_id"] == str(FIRST + 1)

    asyncio.run(scenario())


def test_more_missed_than_allowed_is_a_gap_that_is_told() -> None:
    async def scenario() -> None:
        instance = Instance([], timeline=[status(number) for number in range(2, 200)])
        sink = MemorySink(cursors={"": {"hashtag:x": str(FIRST + 1)}})
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 80, catch_up_pages=2)
            assert stats.results["produced"] == 80
        assert stats.cursor_resets == 1 or len(instance.asked) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_wrong_token_ends_it(transport: str) -> None:
    async def scenario() -> None:
        instance = Instance([], token="another")
        async with serve(instance.routes()) as base:
            for more in ({}, {"streaming_url": base}):
                with pytest.raises(Refused, match="401"):
                    await read(MemorySink(), base, lambda _: False, transport=transport, **more)

    asyncio.run(scenario())


def test_private_posts_and_rubbish_become_nothing() -> None:
    async def scenario() -> None:
        private = ("update", json.dumps(status(1, visibility="private")))
        instance = Instance([[private, ("update", "{"), *update(3)]])
        sink = MemorySink()
        async with serve(instance.routes()) as base:
            stats = await read(sink, base, lambda it: len(it.records) == 1)
        assert (stats.results["ignored"], stats.results["invalid"]) == (1, 1)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"url": "m.example", "hashtags": ["x"]}, "no address of an instance"),
        ({"url": "https://m.example"}, "give `hashtags:`"),
        ({"url": "https://m.example", "public": True, "token": {"env": "NOT_SET_HERE"}}, "NOT_SET_HERE is empty"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], what: str) -> None:
    config = msgspec.convert({"token": {"env": "TEST_TOKEN"}, **settings}, type=MastodonConfig)
    with pytest.raises(UsageProblem, match=what):
        config.connector(context())
