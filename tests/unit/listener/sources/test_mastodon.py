"""Mastodon's events and statuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.sources.mastodon import MastodonParser
from listener.sources.memory import Memory
from listener.sources.records import Problem, Result
from models.post import Counts, Post

LINES = (Path(__file__).parent / "corpus" / "messages" / "mastodon.ndjson").read_bytes().splitlines()
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
KEY = "mastodon:https://m.example/users/ali/statuses/1"


@pytest.fixture
def results() -> list[list[Result]]:
    parser = MastodonParser()
    return [parser.parse(line, NOW) for line in LINES[:9]]


def post(results: list[Result]) -> Post:
    assert isinstance(results[0], Post)
    return results[0]


def test_update_is_a_create(results: list[list[Result]]) -> None:
    found = post(results[0])
    assert (found.op, found.post_id, found.created_at, found.lang) == ("create", KEY, TEN, "fa")
    assert found.text == "سلام #x & دنیا\nسطر\n\nhttps://shop.example/long/path"
    assert (found.hashtags, found.mentions) == (["x"], ["brand@other.example"])
    assert found.links == ["https://shop.example/long/path", "https://card.example/"]
    assert found.counts == Counts(likes=3, shares=2), "-1 is unknown"
    assert found.author
    assert (found.author.id, found.author.handle) == ("https://m.example/users/ali", "ali@m.example")


def test_status_update_is_an_update(results: list[list[Result]]) -> None:
    found = post(results[1])
    assert (found.op, found.post_id, found.text, found.edited_at) == ("update", KEY, "تازه", TEN.replace(minute=5))


def test_a_plain_status_and_its_parent(results: list[list[Result]]) -> None:
    assert (post(results[2]).op, post(results[2]).in_reply_to) == ("create", KEY)


def test_a_reblog_has_the_text_but_not_the_counters(results: list[list[Result]]) -> None:
    found = post(results[3])
    assert (found.repost_of, found.counts, found.text) == (KEY, Counts(), post(results[0]).text)
    assert found.post_id != KEY


def test_only_public_posts(results: list[list[Result]]) -> None:
    assert results[4] == [Problem("a post of visibility 'private': only public ones are read", ignored=True)]


def test_a_delete_finds_its_post(results: list[list[Result]]) -> None:
    found = post(results[5])
    assert (found.op, found.post_id, found.created_at) == ("delete", KEY, TEN)
    assert isinstance(results[6][0], Problem)
    assert "not seen before" in results[6][0].reason


def test_other_events_and_lists(results: list[list[Result]]) -> None:
    assert results[7] == [Problem("an event 'notification', not about a post", ignored=True)]
    assert (post(results[8]).op, type(results[8][1])) == ("update", Problem)


def test_a_payload_may_come_unwrapped() -> None:
    line = b'{"event":"update","payload":{"uri":"https://a.example/1","content":"x","account":{"acct":"b@c.example"}}}'
    assert post(MastodonParser().parse(line, NOW)).text == "x"


@pytest.mark.parametrize("line", [*LINES[9:], b"{}", b"[]]", b'"x"'])
def test_what_is_no_message(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|malformed|missing|Expected"):
        MastodonParser().parse(line, NOW)


def test_the_memory_is_bounded() -> None:
    memory = Memory(size=2)
    for name in ("a", "b", "a", "c"):
        memory.learn(name, name.upper())
    assert [memory.recall(name) for name in "abc"] == ["A", None, "C"]
