"""Bluesky's frames and answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.sources.bluesky import BlueskyParser
from listener.sources.records import Problem, Result
from models.post import Counts, Post

LINES = (Path(__file__).parent / "corpus" / "messages" / "bluesky.ndjson").read_bytes().splitlines()
NOW = datetime(2026, 11, 24, tzinfo=UTC)
WRITTEN = datetime(2026, 11, 23, 10, 0, 0, 123000, tzinfo=UTC)
KEY = "bluesky:at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3n2xuo4lu2222"


def parse(number: int) -> list[Result]:
    return BlueskyParser().parse(LINES[number - 1], NOW)


def post(number: int) -> Post:
    found = parse(number)[0]
    assert isinstance(found, Post)
    return found


def test_create_of_the_second_version() -> None:
    found = post(1)
    assert (found.op, found.post_id, found.created_at, found.lang) == ("create", KEY, WRITTEN, "fa")
    assert (found.hashtags, found.mentions) == (["اسنپ", "extra"], ["did:plc:brand"])
    assert found.in_reply_to == "bluesky:at://did:plc:b/app.bsky.feed.post/2"
    quoted = "https://bsky.app/profile/did:plc:q/post/3"
    assert (found.repost_of, found.links) == (None, ["https://shop.example/a", quoted, "https://card.example/"])


def test_update_and_delete_of_the_first_version() -> None:
    update, delete = post(2), post(3)
    assert (update.op, update.post_id, update.text) == ("update", KEY, "edited")
    assert update.edited_at == datetime(2026, 11, 23, 10, 1, tzinfo=UTC)
    assert (delete.op, delete.post_id, delete.text) == ("delete", KEY, None)
    assert delete.created_at == WRITTEN.replace(microsecond=0), "from the record's key"


@pytest.mark.parametrize("number", [4, 5])
def test_other_frames_are_ignored(number: int) -> None:
    (problem,) = parse(number)
    assert isinstance(problem, Problem)
    assert problem.ignored


@pytest.mark.parametrize("number", [6, 7])
def test_absurd_times_become_that_of_the_frame(number: int) -> None:
    assert post(number).created_at == datetime(2026, 11, 23, 10, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("frame_time", ["", '"time_us":-1,', '"time_us":99999999999999999999,'])
def test_absurd_times_become_the_observation_when_the_frame_has_none(frame_time: str) -> None:
    record = '{"text":"x","createdAt":"2999-01-01T00:00:00Z"}'
    commit = f'{{"operation":"create","collection":"app.bsky.feed.post","rkey":"x","record":{record}}}'
    line = f'{{"did":"did:plc:x",{frame_time}"kind":"commit","commit":{commit}}}'
    try:
        (found,) = BlueskyParser().parse(line.encode(), NOW)
    except ValueError:
        assert "999" in frame_time
        return
    assert isinstance(found, Post)
    assert found.created_at == NOW


def test_a_create_without_its_record_is_named() -> None:
    commit = b'{"operation":"create","collection":"app.bsky.feed.post","rkey":"x"}'
    line = b'{"did":"did:plc:x","kind":"commit","commit":%b}' % commit
    with pytest.raises(ValueError, match="a create without `record`"):
        BlueskyParser().parse(line, NOW)


def test_links_lose_their_trackers() -> None:
    facet = '{"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example/x?utm_source=b&id=1#f"}]}'
    record = f'{{"text":"x","createdAt":"2026-11-23T10:00:00Z","facets":[{facet}]}}'
    commit = f'{{"operation":"create","collection":"app.bsky.feed.post","rkey":"x","record":{record}}}'
    (found,) = BlueskyParser().parse(f'{{"did":"did:plc:x","kind":"commit","commit":{commit}}}'.encode(), NOW)
    assert isinstance(found, Post)
    assert found.links == ["https://a.example/x?id=1#f"]


def test_answers_of_get_posts_are_engagement() -> None:
    found, problem = parse(8)
    assert isinstance(found, Post)
    assert (found.op, found.post_id, found.created_at) == ("engagement", KEY, WRITTEN)
    assert found.counts == Counts(likes=5, shares=2, comments=1, quotes=0)
    assert isinstance(problem, Problem)


@pytest.mark.parametrize("number", [9, 10, 11])
def test_what_is_no_frame(number: int) -> None:
    with pytest.raises(ValueError, match=r"Expected|truncated|neither"):
        parse(number)


@pytest.mark.parametrize("change", [{"did": "nobody"}, {"rkey": ""}, {"operation": "merge"}])
def test_incomplete_commits(change: dict[str, str]) -> None:
    payload = {
        "$type": "x#commit",
        "did": "did:plc:a",
        "operation": "delete",
        "collection": "app.bsky.feed.post",
        "rkey": "1",
    }
    (problem,) = BlueskyParser().parse(json.dumps({"payload": payload | change}).encode(), NOW)
    assert isinstance(problem, Problem)
    assert not problem.ignored
