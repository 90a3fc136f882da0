"""Telegram: public channels as Telethon writes its objects with ``to_json()``.

Shapes: https://tl.telethon.dev (``Message``, ``messages.ChannelMessages``, ``UpdateNewChannelMessage``,
``UpdateEditChannelMessage``, ``UpdateDeleteChannelMessages``). A channel's number never changes, its name may: posts
are keyed by the number.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct, field

from listener.sources.dates import parse_instant
from listener.sources.lenient import ABSENT, members, optional
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result, clamped
from listener.sources.urls import tidy
from models.post import Author, Counts, Post

_EARLIEST: Final = datetime(2013, 8, 1, tzinfo=UTC)
_LISTS: Final = frozenset({"ChannelMessages", "Messages", "MessagesSlice"})
_MESSAGE_UPDATES: Final = frozenset({"UpdateNewChannelMessage", "UpdateEditChannelMessage"})
_HOSTS: Final = frozenset({"t.me", "telegram.me", "telegram.dog"})


class _Kind(Struct):
    type: str = field(name="_", default="")


class _Peer(Struct):
    channel_id: int | None = None
    user_id: int | None = None


class _Entity(Struct):
    """A stretch of the text; offsets count UTF-16 code units."""

    offset: int
    length: int
    type: str = field(name="_", default="")
    url: str | None = None


class _ReactionCount(Struct):
    count: int


class _Reactions(Struct):
    results: list[_ReactionCount] = []


class _Replies(Struct):
    replies: int


class _Forward(Struct):
    from_id: _Peer | None = None
    channel_post: int | None = None


class _ReplyTo(Struct):
    reply_to_msg_id: int | None = None
    reply_to_peer_id: _Peer | None = None


class _WebPage(Struct):
    url: str | None = None


class _Media(Struct):
    webpage: _WebPage | None = None


class _Message(Struct):
    id: int
    peer_id: _Peer
    date: str | None
    from_id: _Peer | None = None
    message: str | None = None
    edit_date: str | None = None
    edit_hide: bool | None = None
    grouped_id: int | None = None
    entities: Raw = ABSENT
    views: int | None = None
    forwards: int | None = None
    replies: _Replies | None = None
    reactions: _Reactions | None = None
    fwd_from: Raw = ABSENT
    reply_to: Raw = ABSENT
    media: Raw = ABSENT


class _Chat(Struct):
    id: int
    title: str | None = None
    username: str | None = None


class _Object(Struct):
    type: str = field(name="_", default="")
    message: Raw = Raw()
    messages: Raw = Raw()
    chats: list[_Chat] = []
    channel_id: int | None = None


class TelegramParser:
    """Messages of channels become creates and updates; the messages of an album, one after the other, are one post."""

    def __init__(self, base_url: str | None = None) -> None:
        """``base_url``: the channel's address (``https://t.me/name``), when all messages are of one channel."""
        self._username = _username(base_url)
        self._chats: dict[int, _Chat] = {}
        self._album: list[_Message] = []
        self._album_seen: datetime | None = None

    def parse(self, line: bytes, observed_at: datetime) -> list[Result]:
        """The records of one line; those of an album come when it is over. Raises ValueError for what is no object."""
        outer = msgspec.json.decode(line, type=_Object)
        self._chats.update((chat.id, chat) for chat in outer.chats)
        if outer.type in _LISTS:
            parts = msgspec.json.decode(outer.messages, type=list[Raw])
            return [result for part in parts for result in self._part(part, observed_at)]
        if outer.type in _MESSAGE_UPDATES:
            return self._message(bytes(outer.message), observed_at)
        if outer.type == "UpdateDeleteChannelMessages":
            return [*self.finish(), *self._deletes(outer, observed_at)]
        return self._message(line, observed_at)

    def finish(self) -> list[Result]:
        """The album that was held back, as one post under its first message."""
        if not self._album or self._album_seen is None:
            return []
        album, self._album = sorted(self._album, key=lambda message: message.id), []
        return [self._post(_merged(album), self._album_seen)]

    def _part(self, raw: Raw, observed_at: datetime) -> list[Result]:
        try:
            return self._message(bytes(raw), observed_at)
        except ValueError as error:
            return [Problem(f"a message of the list: {error}")]

    def _message(self, raw: bytes, observed_at: datetime) -> list[Result]:
        kind = msgspec.json.decode(raw, type=_Kind).type
        if kind != "Message":
            if not kind:
                raise ValueError("no object of Telethon: `_` is missing")
            what = "a service message" if kind == "MessageService" else f"an object {kind!r}"
            return [Problem(f"{what}, not a post", ignored=True)]
        message = msgspec.json.decode(raw, type=_Message)
        if message.peer_id.channel_id is None:
            return [Problem("a message of a private chat or a small group: only channels are read", ignored=True)]
        if message.grouped_id is None:
            return [*self.finish(), self._post(message, observed_at)]
        return self._hold(message, observed_at)

    def _hold(self, message: _Message, observed_at: datetime) -> list[Result]:
        is_next = self._album and _album_of(self._album[0]) != _album_of(message)
        done = self.finish() if is_next else []
        self._album.append(message)
        self._album_seen = observed_at
        return done

    def _deletes(self, update: _Object, observed_at: datetime) -> list[Result]:
        if update.channel_id is None:
            return [Problem("a delete without `channel_id`: the message may be of any chat", ignored=True)]
        ids = msgspec.json.decode(update.messages, type=list[int])
        return [
            Post(
                event_id=UNNAMED,
                schema_version=SCHEMA_VERSION,
                observed_at=observed_at,
                source="telegram",
                op="delete",
                post_id=_key(update.channel_id, number),
                platform="telegram",
                # A delete says nothing of the post's time; its entity knows it.
                created_at=observed_at,
            )
            for number in ids
        ]

    def _post(self, message: _Message, observed_at: datetime) -> Post:
        channel = message.peer_id.channel_id or 0
        chat = self._chats.get(channel) or _Chat(channel)
        username = chat.username or self._username
        # Telegram stamps a change of the reactions as an edit too, and asks not to show it.
        edited_at = None if message.edit_hide else parse_instant(message.edit_date)
        text = message.message or ""
        forwarded = optional(message.fwd_from, _Forward)
        return Post(
            event_id=UNNAMED,
            schema_version=SCHEMA_VERSION,
            observed_at=observed_at,
            source="telegram",
            op="update" if edited_at else "create",
            post_id=_key(channel, message.id),
            platform="telegram",
            created_at=clamped(parse_instant(message.date), observed_at, _EARLIEST),
            edited_at=edited_at,
            text=text,
            url=f"https://t.me/{username}/{message.id}" if username else f"https://t.me/c/{channel}/{message.id}",
            author=_author(message, chat, username),
            in_reply_to=_replied_to(optional(message.reply_to, _ReplyTo), channel),
            repost_of=_origin(forwarded) if forwarded else None,
            hashtags=_stretches(message, "MessageEntityHashtag", "#"),
            mentions=_stretches(message, "MessageEntityMention", "@"),
            links=_links(message),
            visibility="public" if username else None,
            counts=_counts(message),
        )


def _author(message: _Message, chat: _Chat, username: str | None) -> Author:
    """The channel; in a public group, where people write under their own name, the person's number."""
    person = message.from_id.user_id if message.from_id else None
    if person is not None:
        return Author(str(person))
    return Author(str(chat.id), handle=username, display_name=chat.title or None)


def _key(channel: int, number: int) -> str:
    return f"telegram:{channel}/{number}"


def _album_of(message: _Message) -> tuple[int | None, int | None]:
    return message.peer_id.channel_id, message.grouped_id


def _merged(album: list[_Message]) -> _Message:
    """One message for an album: under its first id, with its captions wherever they stand and the highest counters.

    Telegram counts the views of every picture, so a sum would count each reader several times.
    """
    caption = next((message for message in album if message.message), album[0])
    return msgspec.structs.replace(
        caption,
        message="\n\n".join(dict.fromkeys(message.message for message in album if message.message)),
        id=album[0].id,
        date=album[0].date,
        views=_highest([message.views for message in album]),
        forwards=_highest([message.forwards for message in album]),
        replies=max((one.replies for one in album if one.replies), key=lambda it: it.replies, default=None),
        reactions=max((one.reactions for one in album if one.reactions), key=_likes, default=None),
    )


def _highest(values: list[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _likes(reactions: _Reactions) -> int:
    return sum(result.count for result in reactions.results)


def _counts(message: _Message) -> Counts:
    return Counts(
        likes=_likes(message.reactions) if message.reactions else None,
        shares=message.forwards,
        comments=message.replies.replies if message.replies else None,
        views=message.views,
    )


def _replied_to(reply: _ReplyTo | None, channel: int) -> str | None:
    if reply is None or reply.reply_to_msg_id is None:
        return None
    elsewhere = reply.reply_to_peer_id.channel_id if reply.reply_to_peer_id else None
    return _key(elsewhere or channel, reply.reply_to_msg_id)


def _origin(forward: _Forward) -> str | None:
    """The post that was forwarded; None when it was a person's or its channel is hidden."""
    if forward.from_id is None or forward.from_id.channel_id is None or forward.channel_post is None:
        return None
    return _key(forward.from_id.channel_id, forward.channel_post)


def _stretches(message: _Message, kind: str, sign: str) -> list[str]:
    units = (message.message or "").encode("utf-16-le", errors="surrogatepass")
    found = [
        units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", errors="replace")
        for entity in members(message.entities, _Entity)
        if entity.type == kind and entity.offset >= 0 and entity.length > 0
    ]
    return list(dict.fromkeys(name for part in found if (name := part.strip().removeprefix(sign))))


def _links(message: _Message) -> list[str]:
    entities, media = members(message.entities, _Entity), optional(message.media, _Media)
    hidden = [entity.url for entity in entities if entity.type == "MessageEntityTextUrl" and entity.url]
    page = media.webpage.url if media and media.webpage else None
    found = [*_stretches(message, "MessageEntityUrl", ""), *hidden, *([page] if page else [])]
    return list(dict.fromkeys(map(tidy, found)))


def _username(base_url: str | None) -> str | None:
    """The channel's name in its address (also in that of its web preview, ``t.me/s/name``)."""
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url if "//" in base_url else f"https://{base_url}")
    except ValueError:
        return None
    names = [name for name in parts.path.split("/") if name]
    if names[:1] == ["s"]:
        names = names[1:]
    return names[0] if parts.hostname in _HOSTS and names and names[0] != "c" else None
