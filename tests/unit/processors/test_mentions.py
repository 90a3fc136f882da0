"""Mentions from the fold to the topic: drafted, judged in one batch, written before the entities."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from models import cells
from models.entity import unpack_entity
from models.mention import MAX_TEXT, Mention, counts_key, mention_key, unpack_mention
from models.post import Counts
from processors.authors import author_hash
from processors.enrich import Analysis, Item
from processors.overlay import CompiledSet, FlushPlan
from tests.unit.processors.plane_rig import MINUTE, chunk, compiled, empty_tables, flush, lifetime, plane, record

KEY = b"0123456789abcdef"
AUTHOR = {"id": "42", "handle": "@sara", "followers": 7}


class Hit(NamedTuple):
    """A match with its place."""

    campaign_id: str
    matches: tuple[Any, ...]


class Place(NamedTuple):
    """An occurrence."""

    keyword: str
    start: int
    end: int
    rule: str


def judging(asked: list[list[Item]] | None = None) -> CompiledSet:
    """A set that finds "pepsi", and models that like what has a smile."""

    def match(post: Any) -> list[Hit]:
        at = (post.text or "").lower().find("pepsi")
        return [Hit("pepsi", (Place("Pepsi", at, at + 5, "exact"),))] if at >= 0 else []

    def analyse(items: Sequence[Item]) -> list[Analysis]:
        if asked is not None:
            asked.append(list(items))
        return [
            Analysis(one.text.lower(), "positive" if ":)" in one.text else "negative", {}, ":)" in one.text, 0.5, "s")
            for one in items
        ]

    return compiled()._replace(match=match, analyse=analyse)


def mentions(plan: FlushPlan) -> dict[bytes, Mention | None]:
    """What a flush writes to the topic."""
    return {key: None if value is None else unpack_mention(value) for key, value in plan.mentions}


def one_flush(*values: bytes, **options: Any) -> FlushPlan:
    one = plane(adopt=judging(), author_key=KEY, **options)
    one.count(chunk(values))
    return flush(one)


def test_a_post_that_matches_is_a_mention() -> None:
    (mention,) = mentions(one_flush(record(text="a Pepsi :)", author=AUTHOR, url="https://x.example/1"))).values()
    assert mention is not None
    assert (mention.campaign, mention.entity, mention.kind, mention.op) == ("pepsi", "p", "post", "create")
    assert (mention.origin.topic, mention.origin.partition, mention.origin.stamp) == ("social.posts.v1", 0, 0)
    assert [(one.keyword, one.start, one.end, one.rule) for one in mention.matches] == [("Pepsi", 2, 7, "exact")]
    assert (mention.text, mention.normalized, mention.sentiment) == ("a Pepsi :)", "a pepsi :)", "positive")
    assert (mention.relevant, mention.relevance, mention.story) == (True, 0.5, "s")
    assert mention.author == author_hash(KEY, "twitter", "42")
    assert (mention.followers, mention.url) == (7, "https://x.example/1")
    assert b"sara" not in msgspec.json.encode(mention)


def test_without_a_key_nobody_is_named() -> None:
    one = plane(adopt=judging())
    one.count(chunk([record(author=AUTHOR)]))
    (mention,) = mentions(flush(one)).values()
    assert mention is not None
    assert mention.author is None


def test_the_analysis_is_counted_with_the_mention_once() -> None:
    tables = empty_tables()
    one_flush(
        record(post_id="a", text="Pepsi :)"),
        record(post_id="b", text="Pepsi"),
        record("update", post_id="a", text="Pepsi", after=2 * MINUTE),
        tables=tables,
    )
    found = lifetime(tables)
    assert (found["mentions"], found["mentions_positive"], found["mentions_negative"]) == (2, 1, 1)
    assert found["relevant_mentions"] == 1


def test_all_mentions_of_a_flush_are_judged_in_one_batch() -> None:
    asked: list[list[Item]] = []
    one = plane(adopt=judging(asked))
    one.count(chunk([record(post_id=str(number), text=f"Pepsi {number}") for number in range(5)]))
    one.count(chunk([record("engagement", post_id="1", after=3 * MINUTE, counts={"likes": 3})], begin=5))
    flush(one)
    assert [len(items) for items in asked] == [5], "engagement has nothing to judge"
    assert asked[0][0] == Item("Pepsi 0", "pepsi", ((0, 5),))


def test_engagement_writes_the_counts_that_are_believed() -> None:
    plan = one_flush(
        record(counts={"likes": 10}),
        record("engagement", after=2 * MINUTE, counts={"likes": 25}),
        record("engagement", after=3 * MINUTE, counts={"likes": 0}),
    )
    found = mentions(plan)
    counts = found[counts_key("pepsi", "p")]
    assert counts is not None
    assert (counts.op, counts.counts, counts.text) == ("engagement", Counts(likes=25), "")
    assert counts.origin.stamp == 2
    assert found[mention_key("pepsi", "p")] is not None


def test_a_delete_takes_both_away() -> None:
    plan = one_flush(
        record(), record("engagement", after=2 * MINUTE, counts={"likes": 2}), record("delete", after=3 * MINUTE)
    )
    assert mentions(plan) == {mention_key("pepsi", "p"): None, counts_key("pepsi", "p"): None}


def test_without_mentions_only_the_counts_are_there() -> None:
    asked: list[list[Item]] = []
    tables = empty_tables()
    one = plane(tables, adopt=judging(asked), mentions=False)
    one.count(chunk([record(text="a Pepsi :)"), record("engagement", 2 * MINUTE, counts={"likes": 4})]))
    plan = flush(one)
    assert (plan.mentions, asked) == ([], [])
    assert lifetime(tables) == {"mentions": 1, "mentions_net": 1, "likes": 4, "likes_net": 4}
    assert [unpack_entity(value).campaigns[0].mentioned for _, value in plan.entities] == [True]


def test_without_mentions_a_delete_still_erases_what_was_written() -> None:
    tables = empty_tables()
    before = plane(tables, adopt=judging())
    before.count(chunk([record(text="a Pepsi")]))
    assert list(mentions(flush(before))) == [mention_key("pepsi", "p")]
    after = plane(tables, known={"v1": judging()}, committed=1, mentions=False)
    after.count(chunk([record("delete", 2 * MINUTE)], begin=1))
    assert mentions(flush(after)) == {mention_key("pepsi", "p"): None, counts_key("pepsi", "p"): None}


def test_an_edit_that_names_the_brand_no_more_is_written_without_matches() -> None:
    plan = one_flush(record(), record("update", after=2 * MINUTE, text="nothing"))
    (mention,) = mentions(plan).values()
    assert mention is not None
    assert (mention.op, mention.text, mention.matches) == ("update", "nothing", ())


def test_a_late_find_is_no_mention() -> None:
    assert one_flush(record(after=timedelta(hours=49))).mentions == []


def test_a_long_text_is_cut_with_its_matches() -> None:
    asked: list[list[Item]] = []
    one = plane(adopt=judging(asked))
    one.count(chunk([record(text="x" * MAX_TEXT + "Pepsi")]))
    (mention,) = mentions(flush(one)).values()
    assert mention is not None
    assert (len(mention.text), mention.matches) == (MAX_TEXT, ())
    assert asked[0][0].spans == ()


def test_a_replay_writes_them_again_and_counts_their_analysis_once() -> None:
    """Died after the cells: the replay finds the old entities."""
    tables = empty_tables()
    values = [record(post_id="a", text="Pepsi :)"), record(post_id="b", text="Pepsi")]
    first = plane(tables, adopt=judging())
    first.count(chunk(values))
    plan = first.take_flush()
    for table, records in plan.cells.items():
        tables[table].update(records)
    again = plane(tables, known={"v1": judging()})
    again.count(chunk(values))
    second = flush(again)
    assert second.mentions == plan.mentions
    found = lifetime(tables)
    assert (found["mentions"], found["mentions_positive"], found["mentions_negative"]) == (2, 1, 1)
    assert len(tables[cells.ENTITIES]) == 2
    assert {unpack_entity(value).stamp for value in tables[cells.ENTITIES].values()} == {1}
