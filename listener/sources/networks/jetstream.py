"""Bluesky's Jetstream, second and first version: posts, edits and deletes of the whole network as they happen."""

import base64
import logging
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NoReturn
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse
from msgspec import Meta, Struct, field

from listener.errors import UsageProblem
from listener.sources.bluesky import COLLECTION, BlueskyParser
from listener.sources.dates import parse_instant
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import judge, open_session
from listener.sources.kit.output import Output
from listener.sources.kit.stream import HEARTBEAT_S, MAX_FRAME_BYTES, next_frames
from listener.sources.records import Problem, Result
from models.post import POSTS_TOPIC, Post

_log = logging.getLogger("listener.sources.bluesky")

#: The public instances of Bluesky itself.
HOSTS: Final = (
    "wss://jetstream2.us-east.bsky.network",
    "wss://jetstream1.us-east.bsky.network",
    "wss://jetstream1.us-west.bsky.network",
    "wss://jetstream2.us-west.bsky.network",
)
_PATHS: Final = {1: "/subscribe", 2: "/xrpc/network.bsky.jetstream.subscribeEvents"}
#: The first version begins so far before the cursor: instances are not exactly equal in time.
_OVERLAP_US: Final = 5_000_000
#: Older cursors are clamped by the first version, which does not say so.
_KEPT_US: Final = 36 * 3600 * 1_000_000
#: Failures of one instance in a row before the next is tried.
_PATIENCE: Final = 3
_TOO_OLD: Final = "CursorTooOld"
_BAD_REQUEST, _NOT_FOUND = 400, 404


class BlueskyConfig(Struct, forbid_unknown_fields=True):
    """`version: auto` speaks the second version where the instance has it.

    `langs` keeps posts of these languages, and those that name none. Without it the worker's skim passes over what no
    campaign wants.
    """

    hosts: Annotated[tuple[str, ...], Meta(min_length=1)] = HOSTS
    version: Literal["auto", "1", "2"] = "auto"
    langs: list[str] = []
    idle_s: Annotated[float, Meta(gt=0)] = 60.0

    def connector(self, context: Context) -> Connector:
        """The stream. Raises UsageProblem for hosts that are none."""
        for host in self.hosts:
            if urlsplit(host).scheme not in {"ws", "wss"} or not urlsplit(host).hostname:
                raise UsageProblem(f"hosts: {host!r} is no address of a WebSocket (wss://…).")
        return Jetstream(self, context)


class Cursor(Struct, omit_defaults=True):
    """Where we are: ``seq`` is of one ``host`` and of the second version only, ``time_us`` of all."""

    host: str
    version: int
    time_us: int = 0
    seq: int | None = None


class _Payload(Struct):
    seq: int | None = None
    time: str | None = None


class _Position(Struct):
    """What of a frame says where it stands, or that something is wrong."""

    type: str = field(name="$type", default="")
    payload: _Payload | None = None
    seq: int | None = None
    time: str | None = None
    time_us: int | None = None
    error: str | None = None
    message: str | None = None


class _CursorTooOld(Exception):  # noqa: N818 - an answer, not a fault
    """The instance no longer has what comes after our cursor."""


class _NoSuchVersionError(Exception):
    """The instance does not speak this version."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


class Jetstream:
    """One stream, resumed where it was; another instance after several failures of one."""

    topics = (POSTS_TOPIC,)

    def __init__(self, config: BlueskyConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._cursor: Cursor | None = None
        self._speaks = 1 if config.version == "1" else 2
        self._host = 0
        self._failures = 0
        self._missing: dict[str, set[int]] = {}

    async def run(self, output: Output) -> None:
        """Read until cancelled. Raises SourceFault when the connection is lost or silent."""
        self._cursor = _read_cursor(output.cursors.get(""))
        if self._cursor and self._failures == 0 and self._cursor.host in self._config.hosts:
            self._host = self._config.hosts.index(self._cursor.host)
        try:
            async with open_session() as session:
                await self._connect(session, output)
        except SourceFault:
            self._failures += 1
            if self._failures % _PATIENCE == 0:
                self._host = (self._host + 1) % len(self._config.hosts)
            raise

    async def _connect(self, session: ClientSession, output: Output) -> None:
        while True:
            host = self._config.hosts[self._host]
            try:
                await self._once(session, host, output)
            except _CursorTooOld:
                self._lost(output, "the instance no longer has what comes after our cursor; going on from now")
                self._cursor = None
            except _NoSuchVersionError as error:
                _log.info("%s does not speak version %d of Jetstream", host, error.version)
                self._other_version(host, error.version, output)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise SourceFault(f"{host}: {error or type(error).__name__}") from error

    async def _once(self, session: ClientSession, host: str, output: Output) -> None:
        version = self._version(host)
        url = self._address(host, version, output)
        try:
            async with session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME_BYTES) as socket:
                output.stats.answered()
                await self._follow(socket, host, version, output)
        except aiohttp.WSServerHandshakeError as error:
            await self._explain(session, url, error)

    def _other_version(self, host: str, missing: int, output: Output) -> None:
        """Speak the other version from now on. Raises SourceFault when the instance has neither."""
        self._missing.setdefault(host, set()).add(missing)
        if len(self._missing[host]) == len(_PATHS):
            raise SourceFault(f"{host} speaks no version of Jetstream")
        self._speaks = 3 - missing
        if self._cursor and missing == 1:
            self._lost(output, "the instance takes no time for a cursor; going on from now")
            self._cursor = None

    def _version(self, host: str) -> int:
        """The version to speak: a sequence number is worth something at its own instance only, a time at all."""
        if self._cursor is None or self._config.version != "auto":
            wanted = self._speaks
        else:
            wanted = self._cursor.version if self._cursor.host == host else 1
        return 3 - wanted if wanted in self._missing.get(host, ()) else wanted

    def _address(self, host: str, version: int, output: Output) -> str:
        cursor = self._cursor
        if version == 2:  # noqa: PLR2004 - the version
            query = [("kinds", "commit"), ("collections", COLLECTION)]
            if cursor and cursor.host == host and cursor.seq is not None:
                query.append(("cursor", str(cursor.seq)))
            elif cursor:
                self._lost(output, "the cursor is of another instance or version; going on from now")
        else:
            query = [("wantedCollections", COLLECTION), ("maxMessageSizeBytes", str(MAX_FRAME_BYTES))]
            if cursor:
                query.append(("cursor", str(max(0, cursor.time_us - _OVERLAP_US))))
                if self._context.clock().timestamp() * 1e6 - cursor.time_us > _KEPT_US:
                    self._lost(output, "the cursor is older than 36 h; what is older than that is not sent any more")
        return f"{host.rstrip('/')}{_PATHS[version]}?{urlencode(query)}"

    def _lost(self, output: Output, why: str) -> None:
        output.stats.cursor_resets += 1
        _log.warning("%s: %s: there is a gap", output.stats.name, why)

    async def _explain(self, session: ClientSession, url: str, error: aiohttp.WSServerHandshakeError) -> NoReturn:
        """Raise what a refused handshake means; its body, which the client drops, is asked for once more."""
        if error.status == _NOT_FOUND and self._config.version == "auto":
            raise _NoSuchVersionError(2 if _PATHS[2] in url else 1)
        if error.status == _BAD_REQUEST and "cursor=" in url and _TOO_OLD in await _refusal(session, url):
            raise _CursorTooOld
        judge(error.status, error.headers or {}, url, self._context.clock().timestamp())
        raise SourceFault(f"{url} answers {error.status}")

    async def _follow(self, socket: ClientWebSocketResponse, host: str, version: int, output: Output) -> None:
        parser = BlueskyParser()
        while True:
            frames = await next_frames(socket, self._config.idle_s)
            now = self._context.clock()
            output.stats.answered()
            results: list[Result] = []
            for frame in frames:
                results += self._read(parser, frame, now)
                self._advance(frame, host, version)
            cursors = {"": msgspec.to_builtins(self._cursor)} if self._cursor else {}
            await output.write(results, cursors)
            self._failures = 0

    def _read(self, parser: BlueskyParser, frame: bytes, now: datetime) -> Iterable[Result]:
        try:
            return [self._wanted(result) for result in parser.parse(frame, now)]
        except (ValueError, RecursionError) as error:
            return [Problem(f"a frame that cannot be read: {error}")]

    def _wanted(self, result: Result) -> Result:
        langs = self._config.langs
        if not langs or not isinstance(result, Post) or result.op == "delete" or not result.lang:
            return result
        if result.lang.partition("-")[0].lower() in langs:
            return result
        return Problem(f"in {result.lang}", ignored=True)

    def _advance(self, frame: bytes, host: str, version: int) -> None:
        """Take the frame's place as the cursor. Raises what an error frame says."""
        try:
            at = msgspec.json.decode(frame, type=_Position)
        except (ValueError, RecursionError):
            return
        if at.error:
            if at.error == _TOO_OLD:
                raise _CursorTooOld
            raise SourceFault(f"{host}: {at.error}{f': {at.message}' if at.message else ''}")
        seq = at.payload.seq if at.payload else at.seq
        moment = parse_instant(at.payload.time if at.payload else at.time)
        time_us = at.time_us if at.time_us is not None else int(moment.timestamp() * 1e6) if moment else None
        if seq is None and time_us is None:
            return
        before = self._cursor.time_us if self._cursor else 0
        self._cursor = Cursor(host, version, before if time_us is None else time_us, seq)


def _read_cursor(saved: Any) -> Cursor | None:
    try:
        return None if saved is None else msgspec.convert(saved, type=Cursor)
    except msgspec.ValidationError:
        return None


async def _refusal(session: ClientSession, url: str) -> str:
    """What the server says to the same handshake, made by hand; empty when it cannot be had."""
    parts = urlsplit(url)
    address = urlunsplit(parts._replace(scheme="https" if parts.scheme == "wss" else "http"))
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    try:
        async with session.get(address, headers=headers) as response:
            if response.status != _BAD_REQUEST:
                return ""
            return (await response.content.read(4096)).decode(errors="replace")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return ""
