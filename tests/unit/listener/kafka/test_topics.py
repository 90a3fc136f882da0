import pytest

from listener.kafka.topics import DAY_MS, HOUR_MS, Difference, TopicSpec, declared_topics
from models.streams import ALL_TABLES, STREAMS
from models.topics import Namespace


def by_name(**options: int) -> dict[str, TopicSpec]:
    return {spec.name: spec for spec in declared_topics(Namespace("app", "p."), 6, **options)}


def test_every_table_is_co_partitioned_with_the_posts() -> None:
    specs = by_name()
    assert specs["p.social.posts.v1"].partitions == 6
    assert specs["p.press.articles.v1"].partitions == 6
    for stream in STREAMS:
        partitions = specs[f"p.{stream.topic}"].partitions
        assert partitions == (stream.partitions or 6)
        assert {specs[f"app-{table}-changelog"].partitions for table in stream.tables.values()} == {partitions}
    assert specs["p.listener.campaigns.v1"].partitions == 1
    assert len(specs) == len(STREAMS) + len(ALL_TABLES) + 7


def test_posts_take_a_value_of_one_mebibyte() -> None:
    config = by_name()["p.social.posts.v1"].config
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(7 * DAY_MS)
    assert int(config["max.message.bytes"]) == 1_048_576 + 65_536


def test_changelogs_are_compacted_but_not_within_an_hour() -> None:
    config = by_name()["app-minute-changelog"].config
    assert config == {
        "cleanup.policy": "compact",
        "segment.bytes": str(64 * 1024 * 1024),
        "segment.ms": str(HOUR_MS),
        "min.cleanable.dirty.ratio": "0.1",
        "min.compaction.lag.ms": str(HOUR_MS),
        "delete.retention.ms": str(DAY_MS),
        "min.insync.replicas": "1",
    }


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_two_in_sync_from_three_replicas_on(replicas: int, in_sync: str) -> None:
    for spec in by_name(replication_factor=replicas).values():
        assert spec.replication_factor == replicas
        assert spec.config["min.insync.replicas"] == in_sync


def test_settings_reach_the_specs() -> None:
    assert by_name(posts_retention_ms=DAY_MS)["p.social.posts.v1"].config["retention.ms"] == str(DAY_MS)
    wished = by_name(replication_factor=3, min_insync_replicas=1)
    assert {spec.config["min.insync.replicas"] for spec in wished.values()} == {"1"}


def test_differences_read_as_sentences() -> None:
    assert str(Difference("posts", "topic", "present", None)) == "posts: missing"
    assert str(Difference("posts", "partitions", "4", "2")) == "posts: partitions is 2, declared 4"
