"""The press of the sample day."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from itertools import combinations, pairwise
from pathlib import Path

import msgspec
import pytest

from listener.sample.day import DEFAULT_DAY, Day, Timed
from listener.sample.grammar import grammar
from listener.sample.newsroom import BEATS, BREAKING, LATE_ARTICLES, sites, summary
from listener.sample.press import press
from listener.sample.records import Record
from listener.sample.stream import sample_records, timed_records, write
from models.article import ARTICLES_TOPIC, Article
from models.post import POSTS_TOPIC

ARTICLES = 500


@pytest.fixture(scope="module")
def stream() -> list[Timed]:
    return sorted(press(Day(articles=ARTICLES)), key=lambda one: one.moment)


@pytest.fixture(scope="module")
def records(stream: list[Timed]) -> list[Record]:
    return [one.record for one in stream if isinstance(one.record, dict)]


@pytest.fixture(scope="module")
def creates(records: list[Record]) -> dict[str, Record]:
    return {record["article_id"]: record for record in records if record["op"] == "create"}


def text(record: Record) -> str:
    return "\n".join(filter(None, (record["title"], record["summary"], record.get("body"))))


def test_every_record_is_an_article_and_every_poison_is_none(stream: list[Timed]) -> None:
    poison = 0
    for one in stream:
        assert one.topic == ARTICLES_TOPIC
        if isinstance(one.record, dict):
            assert msgspec.convert(one.record, Article).source == "sample"
        else:
            poison += 1
            of_the_future = b'"2126-' in one.record
            with nullcontext() if of_the_future else pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(one.record, type=Article)
    assert poison == 8


def test_the_same_arguments_give_the_same_press_and_posts_stay_as_they_are(stream: list[Timed]) -> None:
    assert sorted(press(Day(articles=ARTICLES)), key=lambda one: one.moment) == stream
    both = timed_records(Day(posts=100, articles=50))
    assert [one.record for one in both if one.topic == POSTS_TOPIC] == list(sample_records(posts=100))
    assert {one.topic for one in both} == {POSTS_TOPIC, ARTICLES_TOPIC}


def test_a_day_without_articles_has_none() -> None:
    assert list(press(Day(articles=0))) == []


def test_in_files_only_posts_stand_alone(tmp_path: Path) -> None:
    write(tmp_path / "day", posts=50, articles=50)
    routed = [line for line in (tmp_path / "day").read_bytes().splitlines() if line.startswith(b'{"topic":"press')]
    assert len(routed) > 50
    assert all(set(msgspec.json.decode(line)) == {"topic", "record"} for line in routed)


def test_an_article_is_named_by_its_address(creates: dict[str, Record]) -> None:
    for name, record in creates.items():
        assert name == hashlib.sha256(record["canonical_url"].encode()).hexdigest()
        assert record["publisher"]["domain"].endswith(".example")
    # What is published in the last minutes is found only after midnight.
    assert 0.97 * ARTICLES < len(creates) <= ARTICLES + LATE_ARTICLES


def test_agency_texts_stand_on_several_sites_with_small_changes_and_headlines_of_their_own(
    creates: dict[str, Record],
) -> None:
    flash = [one for one in creates.values() if "از ساعت ۱۸ امروز" in one.get("body", "")]
    assert len(flash) >= 6
    assert len({one["publisher"]["domain"] for one in flash}) == len(flash)
    assert len({one["title"] for one in flash}) >= 3
    assert len({one["body"] for one in flash}) >= 5
    alike = [
        SequenceMatcher(None, one["body"], other["body"], autojunk=False).ratio()
        for one, other in combinations(flash[:6], 2)
    ]
    assert min(alike) > 0.6


def test_articles_are_updated_withdrawn_and_deleted(records: list[Record], matches: Callable[[str], set[str]]) -> None:
    histories: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda one: one["observed_at"]):
        histories[record["article_id"]].append(record)
    ops = Counter(record["op"] for record in records)
    assert ops["update"] > 20
    assert ops["delete"] > 3
    added = sum("به‌روزرسانی" in text(last[-1]) or "به روزرسانی" in text(last[-1]) for last in histories.values())
    assert added > 5
    withdrawn = [one for one in histories.values() if matches(text(one[0])) and not matches(text(one[-1]))]
    assert withdrawn


def test_some_come_twice_late_or_out_of_order(stream: list[Timed], records: list[Record]) -> None:
    events = Counter(record["event_id"] for record in records)
    assert sum(count > 1 for count in events.values()) >= 4
    ages = [
        datetime.fromisoformat(record["observed_at"]) - datetime.fromisoformat(record["published_at"])
        for record in records
        if record["op"] == "create"
    ]
    assert sum(age > timedelta(days=3) for age in ages) >= LATE_ARTICLES
    assert sum(bool(record.get("published_at_estimated")) for record in records) > 3
    back = sum(earlier["observed_at"] > later["observed_at"] for earlier, later in pairwise(records))
    assert back > 5
    assert all(one.moment >= DEFAULT_DAY for one in stream)


def test_most_of_the_press_is_about_nothing_watched_and_every_brand_is_in_it(
    creates: dict[str, Record], matches: Callable[[str], set[str]]
) -> None:
    found = Counter(name for record in creates.values() for name in matches(text(record)))
    assert len(found) == 7
    assert min(found.values()) >= 8
    assert sum(not matches(text(record)) for record in creates.values()) > 0.45 * len(creates)


def test_the_outage_is_a_spike_in_the_press_too(creates: dict[str, Record], matches: Callable[[str], set[str]]) -> None:
    hours = Counter(
        datetime.fromisoformat(record["published_at"]).astimezone(DEFAULT_DAY.tzinfo).hour
        for record in creates.values()
        if "berimo" in matches(text(record))
    )
    assert max(hours, key=lambda hour: hours[hour]) in (18, 19, 20)


def test_traps_do_not_match(creates: dict[str, Record], matches: Callable[[str], set[str]]) -> None:
    for word in ("کولاک", "پرستوها", "تسبیح‌های آبنوس"):
        about = [one for one in creates.values() if word in text(one) and "مرتبط" not in text(one)]
        about = [one for one in about if "بیشتر بخوانید" not in text(one) and "خبر را هم ببینید" not in text(one)]
        assert about
        assert not any(matches(text(one)) for one in about)


def test_every_site_has_a_domain_of_its_own_and_its_spelling() -> None:
    assert len({site.domain for site in sites()}) == len(sites()) == 18
    assert {site.habits.half_space for site in sites()} == {"kept", "space"}
    assert any(site.habits.arabic_keyboard for site in sites())


@pytest.mark.parametrize("name", sorted({one.name for one in BEATS} | {one.beat for one in BREAKING}))
def test_every_kind_of_story_has_headlines_to_choose_from(name: str) -> None:
    words = grammar(name)
    kinds = [rule.removesuffix(".text") for rule in words.rules if rule.endswith(".text")]
    assert kinds
    assert all(len(words.alternatives(f"{kind}.headline")) >= 3 for kind in kinds)
    assert all(one.kind in kinds for one in BREAKING if one.beat == name)


def test_a_summary_is_the_beginning_cut_after_a_word() -> None:
    assert summary("one\n\ntwo") == "one"
    assert summary("word " * 60) == "word " * 35 + "word …"
