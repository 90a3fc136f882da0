"""Mastodon's streaming API: hashtags and public timelines, and the REST timelines for what was missed in between."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from aiohttp import ClientSession, ClientTimeout
from msgspec import Meta, Raw, Struct

from listener.errors import UsageProblem
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import CONNECT_S, call_api, judge, open_session, pause_of
from listener.sources.kit.output import Output
from listener.sources.kit.secrets import Secret
from listener.sources.kit.sse import events
from listener.sources.kit.stream import HEARTBEAT_S, MAX_FRAME_BYTES, next_frames
from listener.sources.mastodon import MastodonParser
from listener.sources.records import Problem, Result
from models.post import POSTS_TOPIC

_log = logging.getLogger("listener.sources.mastodon")

_PAGE: Final = 40
_NEW: Final = "update"
_OK: Final = 200


class MastodonConfig(Struct, forbid_unknown_fields=True):
    """One instance (`url`), read with a user's `token` (scope `read:statuses`): `hashtags`, and `public` timelines.

    `public: true` is all that the instance sees, `local` and `remote` its two parts. At most `catch_up_pages` (of 40
    posts each) are read for what was missed while not connected.
    """

    url: str
    token: Secret
    hashtags: list[str] = []
    public: Literal["local", "remote"] | bool = False
    transport: Literal["websocket", "sse"] = "websocket"
    streaming_url: str | None = None
    catch_up_pages: Annotated[int, Meta(ge=0, le=100)] = 10
    idle_s: Annotated[float, Meta(gt=0)] = 90.0

    def connector(self, context: Context) -> Connector:
        """The stream. Raises UsageProblem when nothing is to be read, or the token cannot be."""
        if urlsplit(self.url).scheme not in {"http", "https"} or not urlsplit(self.url).hostname:
            raise UsageProblem(f"url: {self.url!r} is no address of an instance (https://…).")
        if not self.hashtags and not self.public:
            raise UsageProblem("give `hashtags:`, or `public: true` for all that the instance sees.")
        tags = [tag.strip().lstrip("#").replace(" ", "_") for tag in self.hashtags]
        public = "public" if self.public is True else f"public:{self.public}"
        streams = [Timeline("hashtag", tag) for tag in tags] + ([Timeline(public)] if self.public else [])
        return MastodonStream(self, self.token.read("token", context.base), streams, context)


class Timeline(Struct, frozen=True):
    """A stream by its name in the streaming API, with the timeline of the REST API that has the same posts."""

    stream: str
    tag: str | None = None

    @property
    def key(self) -> str:
        """Its part of the cursor."""
        return f"{self.stream}:{self.tag}" if self.tag else self.stream

    @property
    def rest(self) -> tuple[str, list[tuple[str, str]]]:
        """Path and parameters of its timeline."""
        if self.tag:
            return f"/api/v1/timelines/tag/{quote(self.tag, safe='')}", []
        part = self.stream.partition(":")[2]
        return "/api/v1/timelines/public", [(part, "true")] if part else []

    @property
    def sse(self) -> tuple[str, list[tuple[str, str]]]:
        """Path and parameters of its stream of events."""
        path = f"/api/v1/streaming/{self.stream.replace(':', '/')}"
        return path, [("tag", self.tag)] if self.tag else []


class _Frame(Struct):
    stream: list[str] = []
    event: str | None = None
    payload: Raw = Raw()
    error: str | None = None
    status: int | None = None


class _Id(Struct):
    id: str


class _Urls(Struct, frozen=True):
    streaming: str | None = None


class _Configuration(Struct, frozen=True):
    urls: _Urls = _Urls()


class _Instance(Struct):
    configuration: _Configuration = _Configuration()


class MastodonStream:
    """Subscribes first, then reads what was missed, then follows: nothing falls between. Repetitions are harmless."""

    topics = (POSTS_TOPIC,)

    def __init__(self, config: MastodonConfig, token: str, timelines: list[Timeline], context: Context) -> None:
        self._config = config
        self._timelines = timelines
        self._context = context
        self._headers = {"Authorization": f"Bearer {token}"}
        self._parser = MastodonParser()
        self._last: dict[str, str] = {}

    async def run(self, output: Output) -> None:
        """Read until cancelled. Raises SourceFault when the connection is lost or silent, Refused for a wrong token."""
        saved = output.cursors.get("")
        if not self._last and isinstance(saved, dict):
            self._last = {str(key): str(value) for key, value in saved.items()}
        async with open_session() as session:
            base = await self._streaming_base(session)
            try:
                if self._config.transport == "sse":
                    await self._all_events(session, base, output)
                else:
                    await self._socket(session, base, output)
            except aiohttp.WSServerHandshakeError as error:
                judge(error.status, error.headers or {}, base, self._now())
                raise SourceFault(f"{base} answers {error.status}") from error
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise SourceFault(f"{base}: {error or type(error).__name__}") from error

    def _now(self) -> float:
        return self._context.clock().timestamp()

    async def _streaming_base(self, session: ClientSession) -> str:
        """Where the streaming API answers: large instances have a host of its own for it, and say so."""
        base = self._config.url.rstrip("/")
        if self._config.streaming_url:
            return self._config.streaming_url.rstrip("/")
        answer = await call_api(session, f"{base}/api/v2/instance", headers=self._headers, now=self._now())
        try:
            named = msgspec.json.decode(answer.body, type=_Instance).configuration.urls.streaming
        except (ValueError, RecursionError):
            named = None
        return (named or base).rstrip("/").replace("wss://", "https://").replace("ws://", "http://")

    async def _socket(self, session: ClientSession, base: str, output: Output) -> None:
        url = f"{base}/api/v1/streaming"
        async with session.ws_connect(
            url, headers=self._headers, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME_BYTES
        ) as socket:
            output.stats.answered()
            for timeline in self._timelines:
                tag = {"tag": timeline.tag} if timeline.tag else {}
                await socket.send_json({"type": "subscribe", "stream": timeline.stream, **tag})
            for timeline in self._timelines:
                await self._catch_up(session, timeline, output)
            while True:
                await self._take(await next_frames(socket, self._config.idle_s), output)

    async def _all_events(self, session: ClientSession, base: str, output: Output) -> None:
        """One connection for each timeline; the first that fails ends them all."""
        tasks = [asyncio.create_task(self._events(session, base, one, output)) for one in self._timelines]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _events(self, session: ClientSession, base: str, timeline: Timeline, output: Output) -> None:
        path, params = timeline.sse
        headers = self._headers | {"Accept": "text/event-stream"}
        endless = ClientTimeout(total=None, sock_connect=CONNECT_S)
        async with session.get(base + path, params=params, headers=headers, timeout=endless) as response:
            judge(response.status, response.headers, base + path, self._now())
            if response.status != _OK:
                raise SourceFault(f"{base + path} answers {response.status}")
            output.stats.answered()
            await self._catch_up(session, timeline, output)
            stream = [timeline.stream, *([timeline.tag] if timeline.tag else [])]
            async for event in events(response, self._config.idle_s):
                frame = {"stream": stream, "event": event.name, "payload": event.data.decode(errors="replace")}
                await self._take([msgspec.json.encode(frame)], output)

    async def _take(self, frames: list[bytes], output: Output) -> None:
        output.stats.answered()
        observed_at = self._context.clock()
        results: list[Result] = []
        for frame in frames:
            try:
                self._advance(frame)
                results += self._parser.parse(frame, observed_at)
            except (ValueError, RecursionError) as error:
                results.append(Problem(f"a frame that cannot be read: {error}"))
        await output.write(results, {"": dict(self._last)} if self._last else None)

    def _advance(self, line: bytes) -> None:
        """Remember the last post of its timeline. Raises what an error frame says, ValueError for no frame."""
        frame = msgspec.json.decode(line, type=_Frame)
        if frame.error:
            judge(frame.status or 0, {}, self._config.url, self._now())
            raise SourceFault(f"{self._config.url}: {frame.error}")
        if frame.event == _NEW and frame.stream:
            payload = bytes(frame.payload)
            text = msgspec.json.decode(payload, type=str) if payload.startswith(b'"') else payload
            self._learn(":".join(frame.stream), msgspec.json.decode(text, type=_Id).id)

    def _learn(self, key: str, native_id: str) -> None:
        """Ids grow with time; they are numbers, or texts of one length."""
        before = self._last.get(key)
        if before is None or (len(before), before) < (len(native_id), native_id):
            self._last[key] = native_id

    async def _catch_up(self, session: ClientSession, timeline: Timeline, output: Output) -> None:
        """Write what came since the last post that is known of the timeline, oldest first, within bounds."""
        if timeline.key not in self._last:
            return
        async for page in self._missed(session, timeline, output):
            results = self._parser.parse(page, self._context.clock())
            for status in msgspec.json.decode(page, type=list[_Id]):
                self._learn(timeline.key, status.id)
            await output.write(results, {"": dict(self._last)}, f"{timeline.key}: ")

    async def _missed(self, session: ClientSession, timeline: Timeline, output: Output) -> AsyncIterator[bytes]:
        path, params = timeline.rest
        for _ in range(self._config.catch_up_pages):
            query = [*params, ("min_id", self._last[timeline.key]), ("limit", str(_PAGE))]
            url = self._config.url.rstrip("/") + path
            answer = await call_api(session, url, headers=self._headers, params=query, now=self._now())
            try:
                number = len(msgspec.json.decode(answer.body, type=list[_Id]))
            except (ValueError, RecursionError) as error:
                raise SourceFault(f"{url}: no list of posts ({error})") from error
            if number:
                yield answer.body
            if number < _PAGE:
                return
            await asyncio.sleep(pause_of(answer.headers, self._now()))
        output.stats.cursor_resets += 1
        _log.warning(
            "%s: %s: more was missed than catch_up_pages allow: there is a gap", output.stats.name, timeline.key
        )
