"""Bluesky: frames of Jetstream (v1 and v2) and answers of ``app.bsky.feed.getPosts``.

Shapes: https://github.com/bluesky-social/jetstream and the lexicons of ``app.bsky.feed``. A like or a repost is an
event of its own, whose removal does not say of what: counters come from ``getPosts``, never from such events.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from listener.sources.dates import parse_instant
from listener.sources.lenient import ABSENT, members, optional
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result, clamped
from listener.sources.urls import tidy
from models.post import Author, Counts, Post

COLLECTION: Final = "app.bsky.feed.post"
#: Nobody posts from before the web as we know it; imports of old posts from elsewhere are common and sound.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TID_LETTERS: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH: Final = 13
#: The low bits of a record key tell writers apart that write in the same microsecond.
_TID_WRITER_BITS: Final = 10
_OPS: Final = {"create": "create", "update": "update", "delete": "delete"}


class _Feature(Struct):
    type: str = field(name="$type", default="")
    tag: str | None = None
    uri: str | None = None
    did: str | None = None


class _Facet(Struct):
    features: Raw = ABSENT


class _Ref(Struct):
    uri: str


class _Reply(Struct):
    parent: _Ref


class _EmbeddedRecord(Struct):
    """``app.bsky.embed.record`` has the reference itself, ``recordWithMedia`` one level down."""

    uri: str | None = None
    record: _Ref | None = None


class _Embed(Struct):
    external: _Ref | None = None
    record: _EmbeddedRecord | None = None
    media: "_Embed | None" = None


class _PostRecord(Struct):
    """Only the text is needed; the rest is read as far as it is as documented."""

    text: str
    created_at: Raw = field(name="createdAt", default=ABSENT)
    langs: Raw = ABSENT
    facets: Raw = ABSENT
    reply: Raw = ABSENT
    embed: Raw = ABSENT
    tags: Raw = ABSENT


class _Commit(Struct):
    operation: str
    collection: str
    rkey: str
    did: str = ""
    time: str | None = None
    record: Raw = Raw()


class _Frame(Struct):
    """Whatever comes on one line; what is present says which of the shapes it is."""

    type: str = field(name="$type", default="")
    payload: Raw = Raw()
    kind: str | None = None
    did: str = ""
    time_us: int | None = None
    commit: Raw = Raw()
    posts: list[Raw] | None = None
    operation: str | None = None


class _Typed(Struct):
    type: str = field(name="$type", default="")


class _ViewedRecord(Struct):
    created_at: str | None = field(name="createdAt", default=None)


class _Profile(Struct):
    did: str
    handle: str | None = None
    display_name: str | None = field(name="displayName", default=None)


class _View(Struct, rename="camel"):
    uri: str
    author: _Profile
    record: _ViewedRecord
    like_count: int | None = None
    repost_count: int | None = None
    reply_count: int | None = None
    quote_count: int | None = None
    bookmark_count: int | None = None


class BlueskyParser:
    """Frames of Jetstream become creates, updates and deletes; answers of ``getPosts`` become engagement."""

    def parse(self, line: bytes, observed_at: datetime) -> list[Result]:
        """The records of one line. Raises ValueError for what is neither a frame nor an answer."""
        frame = msgspec.json.decode(line, type=_Frame)
        if frame.posts is not None:
            return [_engagement(raw, observed_at) for raw in frame.posts]
        if bytes(frame.payload):
            kind = msgspec.json.decode(frame.payload, type=_Typed).type
            return [_second_version(kind, frame.payload, observed_at)]
        if frame.type.endswith("#commit") or (not frame.type and frame.operation is not None):
            return [_second_version(frame.type or "#commit", line, observed_at)]
        return [_first_version(frame, observed_at)]

    def finish(self) -> list[Result]:
        """Nothing is held back."""
        return []


def _second_version(kind: str, payload: Raw | bytes, observed_at: datetime) -> Result:
    if not kind.endswith("#commit"):
        return Problem(f"a frame of type {kind or 'unknown'!r}, not a commit", ignored=bool(kind))
    commit = msgspec.json.decode(payload, type=_Commit)
    return _commit(commit, parse_instant(commit.time), observed_at)


def _first_version(frame: _Frame, observed_at: datetime) -> Result:
    if frame.kind is None:
        raise ValueError("neither a frame of Jetstream (`payload`, or `kind` and `commit`) nor an answer of getPosts")
    if frame.kind != "commit":
        return Problem(f"a frame of kind {frame.kind!r}, not a commit", ignored=True)
    commit = msgspec.json.decode(frame.commit, type=_Commit)
    commit.did = frame.did
    return _commit(commit, _instant_us(frame.time_us), observed_at)


def _commit(commit: _Commit, happened_at: datetime | None, observed_at: datetime) -> Result:
    if commit.collection != COLLECTION:
        return Problem(f"a record of {commit.collection}, not a post", ignored=True)
    if commit.operation not in _OPS:
        return Problem(f"unknown operation {commit.operation!r}")
    if not commit.did.startswith("did:") or not commit.rkey:
        return Problem("a commit needs `did` and `rkey`")
    if commit.operation == "delete":
        claimed = _instant_of_key(commit.rkey) or happened_at
        return _post(commit, "delete", claimed, observed_at, happened_at, text=None)
    return _written(commit, happened_at, observed_at)


def _written(commit: _Commit, happened_at: datetime | None, observed_at: datetime) -> Post:
    if not bytes(commit.record):
        raise ValueError(f"a {commit.operation} without `record`")
    record = msgspec.json.decode(commit.record, type=_PostRecord)
    features = [one for facet in members(record.facets, _Facet) for one in members(facet.features, _Feature)]
    langs, reply = members(record.langs, str), optional(record.reply, _Reply)
    addresses = [*(feature.uri for feature in features), *_embedded(optional(record.embed, _Embed))]
    is_update = commit.operation == "update"
    op, created_at = "update" if is_update else "create", parse_instant(optional(record.created_at, str))
    post = _post(commit, op, created_at, observed_at, happened_at, record.text)
    return msgspec.structs.replace(
        post,
        edited_at=happened_at if is_update else None,
        lang=langs[0] if langs else None,
        in_reply_to=f"bluesky:{reply.parent.uri}" if reply else None,
        hashtags=_unique([feature.tag for feature in features] + [*members(record.tags, str)]),
        mentions=_unique([feature.did for feature in features]),
        links=_unique([tidy(uri) for uri in addresses if uri]),
    )


def _post(
    commit: _Commit,
    op: str,
    claimed: datetime | None,
    observed_at: datetime,
    happened_at: datetime | None,
    text: str | None,
) -> Post:
    """The post; nobody can have written it after the network saw it (``happened_at``)."""
    seen_at = clamped(happened_at, observed_at, _EARLIEST)
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="bluesky",
        op=op,  # type: ignore[arg-type]  # judged with the whole record
        post_id=f"bluesky:at://{commit.did}/{COLLECTION}/{commit.rkey}",
        platform="bluesky",
        created_at=clamped(claimed, seen_at, _EARLIEST),
        text=text,
        url=_web_address(commit.did, commit.rkey),
        author=Author(commit.did),
        visibility="public",
    )


def _engagement(raw: Raw, observed_at: datetime) -> Result:
    try:
        view = msgspec.json.decode(raw, type=_View)
    except ValueError as error:
        return Problem(f"a post of getPosts: {error}")
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="bluesky",
        op="engagement",
        post_id=f"bluesky:{view.uri}",
        platform="bluesky",
        created_at=clamped(parse_instant(view.record.created_at), observed_at, _EARLIEST),
        url=_web_address(view.author.did, view.uri.rpartition("/")[2]),
        author=Author(view.author.did, handle=view.author.handle, display_name=view.author.display_name or None),
        visibility="public",
        counts=Counts(
            likes=view.like_count,
            shares=view.repost_count,
            comments=view.reply_count,
            quotes=view.quote_count,
            saves=view.bookmark_count,
        ),
    )


def _embedded(embed: _Embed | None) -> list[str | None]:
    """Addresses of the link card and of the quoted post: a quote is a post of its own, so what it quotes is a link."""
    if embed is None:
        return []
    found = [embed.external.uri if embed.external else None]
    if embed.record is not None:
        quoted = embed.record.record.uri if embed.record.record else embed.record.uri
        found.append(_address_of(quoted) if quoted else None)
    return found + _embedded(embed.media)


def _address_of(uri: str) -> str | None:
    did, _, rest = uri.removeprefix("at://").partition("/")
    collection, _, rkey = rest.partition("/")
    return _web_address(did, rkey) if collection == COLLECTION else None


def _web_address(did: str, rkey: str) -> str:
    return f"https://bsky.app/profile/{did}/post/{rkey}"


def _instant_of_key(rkey: str) -> datetime | None:
    """When the record was made: its key is a TID, microseconds and writer in 13 digits of base 32; None if not."""
    if len(rkey) != _TID_LENGTH or not set(rkey) <= set(_TID_LETTERS):
        return None
    number = 0
    for letter in rkey:
        number = number * len(_TID_LETTERS) + _TID_LETTERS.index(letter)
    return _instant_us(number >> _TID_WRITER_BITS)


def _instant_us(microseconds: int | None) -> datetime | None:
    try:
        return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def _unique(values: list[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
