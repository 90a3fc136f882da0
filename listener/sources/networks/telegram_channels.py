"""Public channels of Telegram, read with the user's own account through Telethon (an extra that is off by default).

Polled, not pushed: a poll can resume where it was, and works for channels that the account has not joined.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import Meta, Struct

from listener.errors import UsageProblem
from listener.sources.engagement.apis import Looked
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.errors import RateLimited, Refused, SourceFault
from listener.sources.kit.output import Output
from listener.sources.kit.secrets import Secret
from listener.sources.records import Result
from listener.sources.telegram import TelegramParser
from models.post import POSTS_TOPIC, Post

_log = logging.getLogger("listener.sources.telegram")

#: Messages of one call, as Telegram allows.
_PAGE: Final = 100
_HASH_DIGITS: Final = 12


class TelegramConfig(Struct, forbid_unknown_fields=True, kw_only=True):
    """`api_id` and `api_hash` of https://my.telegram.org, the `session` file that `listener source login` makes.

    The last `recheck` messages of each channel are read again every `recheck_s` seconds for edits and deletes.
    """

    api_id: Secret
    api_hash: Secret
    session: str
    channels: Annotated[list[str], Meta(min_length=1)]
    history: Annotated[int, Meta(ge=1, le=1000)] = 50
    poll_s: Annotated[float, Meta(gt=0)] = 60.0
    recheck: Annotated[int, Meta(ge=0, le=_PAGE)] = 50
    recheck_s: Annotated[float, Meta(gt=0)] = 600.0

    def connector(self, context: Context) -> Connector:
        """The poller. Raises UsageProblem without Telethon or without the secrets."""
        return TelegramChannels(self, self.client(context), context)

    def client(self, context: Context) -> Any:
        """A client of Telethon, not connected."""
        try:
            from telethon import TelegramClient  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UsageProblem("Telegram needs an extra: pip install 'social-listener[telegram]'.") from error
        api_id = self.api_id.read("api_id", context.base)
        if not api_id.isdecimal():
            raise UsageProblem("api_id is a number, as https://my.telegram.org shows it.")
        session = str(context.base / self.session)
        return TelegramClient(
            session, int(api_id), self.api_hash.read("api_hash", context.base), flood_sleep_threshold=0
        )

    @contextlib.asynccontextmanager
    async def counts(self, context: Context) -> AsyncIterator["TelegramCounts"]:
        """Counters of the channels' messages, while the context is open."""
        client = self.client(context)
        async with connected(client):
            yield TelegramCounts(client, await _resolved(client, self.channels), context)


class Client(Protocol):
    """What is used of Telethon's client."""

    async def connect(self) -> None:
        """Connect."""

    async def disconnect(self) -> None:
        """Disconnect."""

    async def is_user_authorized(self) -> bool:
        """Whether the session is logged in."""

    async def get_entity(self, name: str) -> Any:
        """The channel of a name."""

    async def get_messages(self, entity: Any, **query: Any) -> Sequence[Any]:
        """Messages of a channel."""


class _Cursor(Struct):
    """The last message of a channel that was read."""

    last: int = 0


@dataclass
class _Channel:
    name: str
    entity: Any
    parser: TelegramParser
    last: int = 0
    known: dict[int, str] = field(default_factory=dict)


class TelegramChannels:
    """Channels one after the other; their cursors are one for each, under its name."""

    topics = (POSTS_TOPIC,)

    def __init__(self, config: TelegramConfig, client: Client, context: Context) -> None:
        self._config = config
        self._client = client
        self._context = context

    async def run(self, output: Output) -> None:
        """Poll until cancelled. Raises RateLimited when Telegram says how long to wait, Refused without a login."""
        async with connected(self._client):
            entities = await _resolved(self._client, self._config.channels)
            output.stats.answered()
            channels = [self._channel(name, entity, output) for name, entity in entities.items()]
            checked = self._context.monotonic()
            while True:
                is_time = self._context.monotonic() - checked >= self._config.recheck_s
                for channel in channels:
                    await self._poll(channel, output)
                    if is_time and channel.known:
                        await self._recheck(channel, output)
                if is_time:
                    checked = self._context.monotonic()
                await output.save()
                await asyncio.sleep(self._config.poll_s)

    def _channel(self, name: str, entity: Any, output: Output) -> _Channel:
        saved = output.cursors.get(name)
        last = msgspec.convert(saved, type=_Cursor).last if saved else 0
        return _Channel(name, entity, TelegramParser(f"https://t.me/{name}"), last)

    async def _poll(self, channel: _Channel, output: Output) -> None:
        """Write what is new, oldest first."""
        while True:
            query: dict[str, Any] = {"limit": _PAGE, "min_id": channel.last, "reverse": True}
            if channel.last == 0:
                query = {"limit": self._config.history}
            with _telegram_errors():
                found = [one for one in await self._client.get_messages(channel.entity, **query) if one is not None]
            output.stats.answered()
            if not found:
                return
            messages = sorted(found, key=lambda message: message.id)
            await self._write(channel, messages, output)
            if len(messages) < _PAGE or "min_id" not in query:
                return

    async def _write(self, channel: _Channel, messages: Sequence[Any], output: Output) -> None:
        channel.last = max(channel.last, messages[-1].id)
        channel.known |= {message.id: _content(message) for message in messages}
        channel.known = dict(sorted(channel.known.items())[-self._config.recheck :]) if self._config.recheck else {}
        results = _parsed(channel, messages, self._context)
        await output.write(results, {channel.name: msgspec.to_builtins(_Cursor(channel.last))}, f"{channel.name}: ")

    async def _recheck(self, channel: _Channel, output: Output) -> None:
        """Read the last messages again: those that have changed are written, those that are gone are deleted."""
        numbers = list(channel.known)
        with _telegram_errors():
            found = await self._client.get_messages(channel.entity, ids=numbers)
        by_id = {message.id: message for message in found if message is not None}
        changed = [
            message for number, message in sorted(by_id.items()) if _content(message) != channel.known.get(number)
        ]
        gone = [number for number in numbers if number not in by_id]
        results = _parsed(channel, changed, self._context)
        if gone:
            deletes = {"_": "UpdateDeleteChannelMessages", "channel_id": channel.entity.id, "messages": gone}
            results += channel.parser.parse(msgspec.json.encode(deletes), self._context.clock())
        channel.known |= {message.id: _content(message) for message in changed}
        for number in gone:
            del channel.known[number]
        await output.write(results, where=f"{channel.name}: ")


class TelegramCounts:
    """Views, forwards, reactions and replies of up to 100 messages of one channel in a call."""

    platform = "telegram"
    batch = _PAGE

    def __init__(self, client: Client, channels: dict[str, Any], context: Context) -> None:
        self._client = client
        self._channels = {entity.id: (name, entity) for name, entity in channels.items()}
        self._context = context

    async def look(self, posts: Sequence[str]) -> Looked:
        """One call for each channel that the posts are of; posts of channels that are not configured are left out."""
        by_channel: dict[int, list[int]] = {}
        for post in posts:
            own, _, number = post.removeprefix("telegram:").partition("/")
            if own.isdecimal() and number.isdecimal() and int(own) in self._channels:
                by_channel.setdefault(int(own), []).append(int(number))
        results: list[Result] = []
        for key, numbers in by_channel.items():
            name, entity = self._channels[key]
            with _telegram_errors():
                found = await self._client.get_messages(entity, ids=numbers)
            channel = _Channel(name, entity, TelegramParser(f"https://t.me/{name}"))
            for message in found:
                if message is not None:
                    results += [_counts_only(one) for one in _parsed(channel, [message], self._context)]
        return Looked(results, calls=len(by_channel))


@contextlib.asynccontextmanager
async def connected(client: Client) -> AsyncIterator[None]:
    """Connected and logged in while the context is open. Raises Refused when the session is not logged in."""
    with _telegram_errors():
        await client.connect()
    try:
        if not await client.is_user_authorized():
            raise Refused("the session is not logged in to Telegram: run `listener source login NAME --config FILE`.")
        yield
    finally:
        await client.disconnect()


async def _resolved(client: Client, names: Sequence[str]) -> dict[str, Any]:
    """The channels by name. Raises UsageProblem for a name that is no channel's."""
    found: dict[str, Any] = {}
    for text in names:
        name = text.rstrip("/").rpartition("/")[2].lstrip("@")
        with _telegram_errors():
            try:
                found[name] = await client.get_entity(name)
            except ValueError as error:
                raise UsageProblem(f"channels: Telegram knows no channel {text!r} ({error}).") from error
    return found


@contextlib.contextmanager
def _telegram_errors() -> Any:
    """Telethon's errors as ours: a flood wait is a rate limit, a lost login a refusal, the rest will pass."""
    try:
        yield
    except (SourceFault, UsageProblem):
        raise
    except ConnectionError as error:
        raise SourceFault(f"Telegram: {error or type(error).__name__}") from error
    except Exception as error:
        seconds = getattr(error, "seconds", None)
        if isinstance(seconds, int):
            raise RateLimited(f"Telegram asks for a pause of {seconds} s", float(seconds)) from error
        if getattr(error, "code", None) in (401, 403):
            raise Refused(f"Telegram refuses us: {error}. Log in again with `listener source login`.") from error
        if type(error).__module__.partition(".")[0] == "telethon":
            raise SourceFault(f"Telegram: {error}") from error
        raise


def _parsed(channel: _Channel, messages: Sequence[Any], context: Context) -> list[Result]:
    """The records of messages, an album as one post; the channel's own title and name go with them."""
    if not messages:
        return []
    parts = ",".join(message.to_json() for message in messages)
    document = f'{{"_":"ChannelMessages","messages":[{parts}],"chats":[{channel.entity.to_json()}]}}'
    return channel.parser.parse(document.encode(), context.clock()) + channel.parser.finish()


def _content(message: Any) -> str:
    """What a reader sees; not the counters, nor edits that Telegram hides."""
    edited = None if message.edit_hide else message.edit_date
    return sha256(f"{edited}\n{message.message}".encode()).hexdigest()[:_HASH_DIGITS]


def _counts_only(result: Result) -> Result:
    if not isinstance(result, Post):
        return result
    empty: dict[str, Any] = {
        "text": None,
        "edited_at": None,
        "hashtags": [],
        "mentions": [],
        "links": [],
        "repost_of": None,
    }
    return msgspec.structs.replace(result, op="engagement", in_reply_to=None, **empty)
