"""Topics on a real cluster: made as declared, compared as they are, never changed in silence."""

from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.commands import topics
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.ports import free_ports
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import (
    DAY_MS,
    Difference,
    check_topics,
    create_topics,
    declared_topics,
    topic_id,
    usual_replication,
)
from models.streams import ARTICLES, POSTS
from models.topics import Namespace

pytestmark = pytest.mark.broker


def run(broker: EmbeddedKafka, namespace: Namespace, *arguments: str) -> Result:
    env = {
        **broker.settings.environment(),
        "LISTENER_APP": namespace.app,
        "LISTENER_TOPIC_PREFIX": namespace.prefix,
        "LISTENER_PARTITIONS": "2",
    }
    return CliRunner().invoke(topics, arguments, env=env)


def test_what_is_created_is_as_declared(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 2)
    assert check_topics(broker.settings, specs) == [Difference(spec.name, "topic", "present", None) for spec in specs]
    done = create_topics(broker.settings, specs)
    assert done.created == tuple(spec.name for spec in specs)
    assert done.differences == ()
    assert check_topics(broker.settings, specs) == []


def test_creating_twice_changes_nothing(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 2)
    create_topics(broker.settings, specs[:3])
    first = topic_id(broker.settings, namespace.posts)
    again = create_topics(broker.settings, specs)
    assert again.created == tuple(spec.name for spec in specs[3:])
    assert topic_id(broker.settings, namespace.posts) == first


def test_differences_are_told_and_left_alone(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 2)
    create_topics(broker.settings, specs)
    posts = namespace.posts
    wished = [replace(specs[0], partitions=3, retention_ms=DAY_MS)]
    expected = [
        Difference(posts, "partitions", "3", "2"),
        Difference(posts, "retention.ms", str(DAY_MS), str(7 * DAY_MS)),
    ]
    assert check_topics(broker.settings, wished) == expected
    assert create_topics(broker.settings, wished).differences == tuple(expected)
    assert check_topics(broker.settings, wished) == expected, "nothing was changed"


def test_configs_are_updated_on_request_and_partitions_never(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 2)
    create_topics(broker.settings, specs)
    wished = [replace(specs[0], partitions=3, retention_ms=DAY_MS)]
    done = create_topics(broker.settings, wished, update_config=True)
    assert [difference.what for difference in done.updated] == ["retention.ms"]
    assert check_topics(broker.settings, wished) == [Difference(namespace.posts, "partitions", "3", "2")]
    with admin_client(broker.settings) as admin:
        assert len(admin.describe_topics([namespace.posts])[0]["partitions"]) == 2


def test_other_configs_survive_an_update(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 2)
    create_topics(broker.settings, specs)
    create_topics(broker.settings, [replace(specs[0], retention_ms=DAY_MS)], update_config=True)
    assert [d.what for d in check_topics(broker.settings, specs)] == ["retention.ms"]


def test_a_topic_made_anew_has_another_id(broker: EmbeddedKafka, namespace: Namespace) -> None:
    specs = declared_topics(namespace, 1)[:1]
    create_topics(broker.settings, specs)
    first = topic_id(broker.settings, namespace.posts)
    with admin_client(broker.settings) as admin:
        admin.delete_topics([namespace.posts])
    with pytest.raises(UsageProblem, match="topics create"):
        topic_id(broker.settings, namespace.posts)
    create_topics(broker.settings, specs)
    second = topic_id(broker.settings, namespace.posts)
    assert len(second) == len(first) == 22
    assert second != first


def test_one_broker_means_one_replica(broker: EmbeddedKafka, namespace: Namespace) -> None:
    assert usual_replication(broker.settings) == 1
    with pytest.raises(UsageProblem, match="--replication-factor"):
        create_topics(broker.settings, declared_topics(namespace, 1, replication_factor=3))


def test_no_broker_says_how_to_start_one(namespace: Namespace) -> None:
    nobody = KafkaSettings((f"127.0.0.1:{free_ports(0, secure=False).plain}",))
    with pytest.raises(UsageProblem, match="`listener kafka`"):
        check_topics(nobody, declared_topics(namespace, 1))


def test_commands(broker: EmbeddedKafka, namespace: Namespace) -> None:
    missing = run(broker, namespace, "check")
    assert missing.exit_code == 1
    assert f"{namespace.posts}: missing" in missing.stdout.splitlines()

    created = run(broker, namespace, "create")
    assert created.exit_code == 0
    assert f"{namespace.changelog('entities')}: created" in created.stdout.splitlines()
    assert run(broker, namespace, "create").stdout == ""
    checked = run(broker, namespace, "check")
    assert (checked.exit_code, checked.stdout) == (0, "")

    differing = run(broker, namespace, "create", "--posts-retention-days", "1")
    assert differing.exit_code == 1
    inputs = [namespace.input(stream) for stream in (POSTS, ARTICLES)]
    expected = [f"{topic}: retention.ms is 604800000, declared 86400000" for topic in inputs]
    assert differing.stdout.splitlines() == expected
    updated = run(broker, namespace, "create", "--posts-retention-days", "1", "--update-config")
    assert updated.exit_code == 0
    expected = [f"{topic}: retention.ms set to 86400000 (was 604800000)" for topic in inputs]
    assert updated.stdout.splitlines() == expected
