"""Mastodon: events of the streaming API and statuses of the REST API.

Shapes: https://docs.joinmastodon.org/methods/streaming/ and https://docs.joinmastodon.org/entities/Status/. The ``id``
of a status is a different one on every server, its ``uri`` is the same everywhere: posts are keyed by the ``uri``.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Raw, Struct

from listener.sources.dates import parse_instant
from listener.sources.lenient import ABSENT, members, optional
from listener.sources.memory import Memory
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result, clamped
from listener.sources.text import HtmlText, read_html
from listener.sources.urls import domain, tidy
from models.post import Author, Counts, Post

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EDIT: Final = "status.update"
_WRITES: Final = {"update": "create", _EDIT: "update"}
#: Mastodon's ids are milliseconds since 1970 and 16 bits of sequence.
_ID_SEQUENCE_BITS: Final = 16
#: Classes that Mastodon puts on links to people and hashtags: no links of the author's.
_NO_LINKS: Final = frozenset({"mention", "hashtag"})


class _Account(Struct):
    acct: str
    id: str | int | None = None
    uri: str | None = None
    url: str | None = None
    display_name: str | None = None
    followers_count: int | None = None


class _Tag(Struct):
    name: str


class _Mention(Struct):
    acct: str


class _Card(Struct):
    url: str | None = None


class _Status(Struct):
    uri: str
    account: _Account
    content: str
    id: str | int | None = None
    created_at: str | None = None
    edited_at: str | None = None
    visibility: str = "public"
    language: str | None = None
    url: str | None = None
    spoiler_text: str | None = None
    tags: Raw = ABSENT
    mentions: Raw = ABSENT
    card: Raw = ABSENT
    in_reply_to_id: str | int | None = None
    reblog: "_Status | None" = None
    favourites_count: int | None = None
    reblogs_count: int | None = None
    replies_count: int | None = None
    quotes_count: int | None = None


class _Event(Struct):
    """An envelope of the stream when it has an ``event``, otherwise a status as it is."""

    event: str | None = None
    payload: Raw = Raw()


class MastodonParser:
    """Statuses become creates and updates; a delete is told by the id of this server, so ids are remembered."""

    def __init__(self) -> None:
        self._uris = Memory()

    def parse(self, line: bytes, observed_at: datetime) -> list[Result]:
        """The records of one line: an event, a status or a list of statuses. Raises ValueError for anything else."""
        if line.lstrip().startswith(b"["):
            return [self._one_of_many(raw, observed_at) for raw in msgspec.json.decode(line, type=list[Raw])]
        event = msgspec.json.decode(line, type=_Event)
        if event.event is None:
            return [self._status(line, None, observed_at)]
        return [self._event(event.event, event.payload, observed_at)]

    def finish(self) -> list[Result]:
        """Nothing is held back."""
        return []

    def _event(self, name: str, payload: Raw, observed_at: datetime) -> Result:
        if name == "delete":
            return self._delete(_unpacked(payload), observed_at)
        if name in _WRITES:
            return self._status(_unpacked(payload), _WRITES[name], observed_at)
        return Problem(f"an event {name!r}, not about a post", ignored=True)

    def _one_of_many(self, raw: Raw, observed_at: datetime) -> Result:
        try:
            return self._status(raw, None, observed_at)
        except ValueError as error:
            return Problem(f"a status of the list: {error}")

    def _status(self, raw: Raw | bytes, op: str | None, observed_at: datetime) -> Result:
        status = msgspec.json.decode(raw, type=_Status)
        if status.visibility != "public":
            return Problem(f"a post of visibility {status.visibility!r}: only public ones are read", ignored=True)
        if status.reblog is not None and status.reblog.visibility != "public":
            return Problem("a repost of a post that is not public", ignored=True)
        if status.id:
            self._uris.learn(str(status.id), status.uri)
        parent = self._uris.recall(str(status.in_reply_to_id or ""))
        return _post(status, op or ("update" if status.edited_at else "create"), parent, observed_at)

    def _delete(self, payload: bytes, observed_at: datetime) -> Result:
        native_id = payload.decode().strip().strip('"')
        uri = self._uris.recall(native_id)
        if uri is None:
            reason = "its `uri` is not known, because the post itself was not seen before"
            return Problem(
                f"a delete of the post with the id {native_id[:40]!r} of this server: {reason}", ignored=True
            )
        return Post(
            event_id=UNNAMED,
            schema_version=SCHEMA_VERSION,
            observed_at=observed_at,
            source="mastodon",
            op="delete",
            post_id=f"mastodon:{uri}",
            platform="mastodon",
            created_at=clamped(_instant_of_id(native_id), observed_at, _EARLIEST),
        )


def _post(status: _Status, op: str, parent: str | None, observed_at: datetime) -> Post:
    written = status.reblog or status
    html = read_html(written.content)
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="mastodon",
        op=op,  # type: ignore[arg-type]  # judged with the whole record
        post_id=f"mastodon:{status.uri}",
        platform="mastodon",
        created_at=clamped(parse_instant(status.created_at), observed_at, _EARLIEST),
        edited_at=parse_instant(status.edited_at),
        text="\n\n".join(part for part in (read_html(written.spoiler_text or "").text, html.text) if part),
        lang=written.language or None,
        url=status.url or (written.url if status.reblog else None),
        author=_author(status),
        in_reply_to=f"mastodon:{parent}" if parent else None,
        repost_of=f"mastodon:{status.reblog.uri}" if status.reblog else None,
        hashtags=[tag.name for tag in members(written.tags, _Tag)],
        mentions=[mention.acct for mention in members(written.mentions, _Mention)],
        links=_links(html, optional(written.card, _Card)),
        visibility="public",
        # A reblog shows the counters of its original: they would count twice.
        counts=Counts() if status.reblog else _counts(status),
    )


def _counts(status: _Status) -> Counts:
    return Counts(
        likes=_known(status.favourites_count),
        shares=_known(status.reblogs_count),
        comments=_known(status.replies_count),
        quotes=_known(status.quotes_count),
    )


def _author(status: _Status) -> Author:
    account = status.account
    return Author(
        account.uri or account.url or str(account.id or account.acct),
        handle=_full_handle(account.acct, status.uri),
        display_name=account.display_name or None,
        followers=_known(account.followers_count),
    )


def _full_handle(acct: str, uri: str) -> str:
    """``user@host``: a server leaves out the host for its own people, whose statuses have their addresses there."""
    try:
        return acct if "@" in acct else f"{acct}@{domain(uri, strip_www=False)}"
    except ValueError:
        return acct


def _links(html: HtmlText, card: _Card | None) -> list[str]:
    found = [anchor.href for anchor in html.anchors if not anchor.classes & _NO_LINKS]
    if card is not None and card.url:
        found.append(card.url)
    return list(dict.fromkeys(map(tidy, found)))


def _known(count: int | None) -> int | None:
    """Servers that hide a counter send -1."""
    return count if count is not None and count >= 0 else None


def _instant_of_id(native_id: str) -> datetime | None:
    """When the server made the status, None when the id is none of Mastodon's own (other software counts otherwise)."""
    try:
        return datetime.fromtimestamp((int(native_id) >> _ID_SEQUENCE_BITS) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _unpacked(payload: Raw) -> bytes:
    """The payload's JSON: the stream wraps it in a string, some relays do not."""
    raw = bytes(payload)
    return msgspec.json.decode(raw, type=str).encode() if raw.startswith(b'"') else raw
