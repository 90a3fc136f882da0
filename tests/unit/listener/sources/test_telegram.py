"""Telegram's objects as Telethon writes them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.sources.records import Problem, Result
from listener.sources.telegram import TelegramParser
from models.post import Counts, Post

LINES = (Path(__file__).parent / "corpus" / "messages" / "telegram.ndjson").read_bytes().splitlines()
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def parse(*numbers: int, base_url: str | None = None) -> list[Result]:
    parser = TelegramParser(base_url)
    results = [result for number in numbers for result in parser.parse(LINES[number - 1], NOW)]
    return results + parser.finish()


def posts(*numbers: int, base_url: str | None = None) -> list[Post]:
    return [result for result in parse(*numbers, base_url=base_url) if isinstance(result, Post)]


def test_a_message() -> None:
    (found,) = posts(1)
    assert (found.op, found.post_id, found.created_at) == (
        "create",
        "telegram:1234567/10",
        NOW.replace(day=23, hour=10),
    )
    assert found.counts == Counts(likes=7, shares=4, comments=3, views=1000)
    assert (found.hashtags, found.mentions) == (["اسنپ"], ["brand"]), "offsets count UTF-16 units"
    assert found.links == ["https://shop.example", "https://hidden.example/"]
    assert (found.url, found.visibility) == ("https://t.me/c/1234567/10", None)


@pytest.mark.parametrize("address", ["https://t.me/namune", "https://t.me/s/namune", "t.me/namune"])
def test_the_channels_address_gives_its_name(address: str) -> None:
    (found,) = posts(1, base_url=address)
    assert (found.post_id, found.url, found.visibility) == ("telegram:1234567/10", "https://t.me/namune/10", "public")


@pytest.mark.parametrize(
    "address", ["https://a.example/namune", "https://t.me/c/5/6", "https://t.me/", "https://[", ""]
)
def test_other_addresses_give_none(address: str) -> None:
    assert posts(1, base_url=address)[0].visibility is None


def test_an_edit_is_an_update_but_a_new_reaction_is_not() -> None:
    edit, reaction = posts(2, 3)
    assert (edit.op, edit.text, edit.edited_at) == ("update", "ویرایش", NOW.replace(day=23, hour=10, minute=10))
    assert (reaction.op, reaction.edited_at, reaction.counts.views) == ("create", None, 1100)


def test_a_forward_and_an_answer() -> None:
    (found,) = posts(4)
    assert (found.repost_of, found.in_reply_to) == ("telegram:777/55", "telegram:1234567/10")
    assert found.counts == Counts()


def test_an_album_is_one_post_whatever_the_order() -> None:
    for numbers in ((5, 6, 7), (6, 5, 7)):
        album, other = posts(*numbers)
        assert (album.post_id, album.text, album.counts.views) == ("telegram:1234567/12", "آلبوم", 60)
        assert other.post_id == "telegram:1234567/14"


def test_what_is_no_post_of_a_channel_is_ignored() -> None:
    results = parse(8, 9)
    assert [type(result) for result in results] == [Problem, Problem]
    assert all(result.ignored for result in results if isinstance(result, Problem))


def test_deletes() -> None:
    assert [(one.op, one.post_id) for one in posts(10)] == [("delete", f"telegram:1234567/{n}") for n in (10, 11)]


def test_a_list_of_messages_names_its_channels() -> None:
    found, problem = parse(11)
    assert isinstance(found, Post)
    assert (found.post_id, found.url) == ("telegram:888/20", "https://t.me/kanal/20")
    assert found.author
    assert found.author.display_name == "کانال"
    assert isinstance(problem, Problem)


@pytest.mark.parametrize("number", [12, 14])
def test_what_is_no_object(number: int) -> None:
    with pytest.raises(ValueError, match=r"Telethon|malformed|truncated|invalid"):
        parse(number)


def test_a_person_in_a_public_group_is_the_author() -> None:
    line = (
        b'{"_":"Message","id":5,"peer_id":{"_":"PeerChannel","channel_id":9},"post":false,'
        b'"from_id":{"_":"PeerUser","user_id":77},"date":"2026-11-23T10:00:00+00:00","message":"x"}'
    )
    (found,) = TelegramParser("https://t.me/group").parse(line, NOW)
    assert isinstance(found, Post)
    assert found.author is not None
    assert (found.author.id, found.author.handle, found.url) == ("77", None, "https://t.me/group/5")
