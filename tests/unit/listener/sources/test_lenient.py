"""A field that is not as documented costs that field, not the message."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from listener.sources.bluesky import BlueskyParser
from listener.sources.mastodon import MastodonParser
from listener.sources.records import LineParser, encode
from listener.sources.telegram import TelegramParser
from models.post import Post

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ODD = (None, 5, "x", [], {}, [None], [{"a": 1}], {"a": [1]}, True)


def read(parser: LineParser, line: dict[str, Any]) -> Post:
    (found, *_) = [*parser.parse(json.dumps(line).encode(), NOW), *parser.finish()]
    assert isinstance(found, Post)
    encode(found)
    return found


@pytest.mark.parametrize("odd", ODD, ids=map(repr, ODD))
@pytest.mark.parametrize("name", ["createdAt", "langs", "facets", "reply", "embed", "tags"])
def test_bluesky(name: str, odd: object) -> None:
    record = {"text": "سلام", "createdAt": "2026-11-23T10:00:00Z", name: odd}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "k", "record": record}
    found = read(BlueskyParser(), {"did": "did:plc:a", "time_us": 1795428000000000, "kind": "commit", "commit": commit})
    assert (found.text, found.created_at.day) == ("سلام", 23)


@pytest.mark.parametrize("odd", ODD, ids=map(repr, ODD))
@pytest.mark.parametrize("name", ["tags", "mentions", "card", "media_attachments", "poll", "application"])
def test_mastodon(name: str, odd: object) -> None:
    status = {"id": 7, "uri": "https://a.example/1", "content": "<p>سلام</p>", "account": {"acct": "a", "id": 3}}
    assert read(MastodonParser(), {**status, name: odd}).text == "سلام"


@pytest.mark.parametrize("odd", ODD, ids=map(repr, ODD))
@pytest.mark.parametrize("name", ["entities", "fwd_from", "reply_to", "media", "reply_markup"])
def test_telegram(name: str, odd: object) -> None:
    message = {"_": "Message", "id": 1, "date": "2026-11-23T10:00:00+00:00", "message": "سلام"}
    peer = {"_": "PeerChannel", "channel_id": 5}
    assert read(TelegramParser(), {**message, "peer_id": peer, name: odd}).text == "سلام"


def test_one_wrong_facet_takes_no_other_with_it() -> None:
    good = {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "t"}, {"tag": 5}]}
    record = {"text": "x", "createdAt": "2026-11-23T10:00:00Z", "facets": [good, {"features": None}, 7]}
    bare = {
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": "k",
        "record": record,
        "did": "did:plc:a",
    }
    assert read(BlueskyParser(), {**bare, "seq": 1, "time": "2026-11-23T10:00:00Z"}).hashtags == ["t"]


def test_every_caption_of_an_album_is_its_text() -> None:
    def part(number: int, text: str) -> dict[str, Any]:
        peer = {"_": "PeerChannel", "channel_id": 5}
        date = "2026-11-23T10:00:00+00:00"
        return {"_": "Message", "id": number, "peer_id": peer, "date": date, "message": text, "grouped_id": 3}

    parser = TelegramParser()
    held = [parser.parse(json.dumps(part(*one)).encode(), NOW) for one in ((2, "دو"), (1, ""), (3, "سه"))]
    (found,) = parser.finish()
    assert held == [[], [], []]
    assert isinstance(found, Post)
    assert (found.post_id, found.text) == ("telegram:5/1", "دو\n\nسه")
