"""Topics and users as Strimzi's resources."""

import re

import yaml

from listener.kafka.acls import roles
from listener.kafka.manifests import manifests, resource_name
from listener.kafka.topics import declared_topics
from models.topics import Namespace

NAMESPACE = Namespace("brand", "eu.")
SPECS = declared_topics(NAMESPACE, 6, replication_factor=3)
RESOURCES = list(yaml.safe_load_all(manifests(NAMESPACE, SPECS, "events")))
TOPICS = [one for one in RESOURCES if one["kind"] == "KafkaTopic"]
BY_ROLE = {role.name: role for role in roles(NAMESPACE)}


def test_every_topic_is_there_as_it_is_declared() -> None:
    made = {
        one["spec"]["topicName"]: (
            one["spec"]["partitions"],
            one["spec"]["replicas"],
            {name: str(value) for name, value in one["spec"]["config"].items()},
        )
        for one in TOPICS
    }
    assert made == {spec.name: (spec.partitions, 3, spec.config) for spec in SPECS}
    assert {one["metadata"]["labels"]["strimzi.io/cluster"] for one in RESOURCES} == {"events"}


def test_names_are_what_kubernetes_allows_and_differ() -> None:
    names = [one["metadata"]["name"] for one in TOPICS]
    assert len(set(names)) == len(SPECS)
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name) for name in names)
    assert resource_name("eu.listener.dead_letters.v1") == "eu.listener.dead-letters.v1"


def test_nobody_may_do_what_is_not_theirs() -> None:
    worker, board = BY_ROLE["worker"].topics, BY_ROLE["board"].topics
    assert worker["eu.social.posts.v1"] == ("Describe", "Read")
    assert worker["brand-minute-changelog"] == ("Describe", "Read", "Write")
    assert worker["eu.listener.mentions.v1"] == ("Describe", "Write")
    assert "eu.listener.feedback.v1" not in worker
    assert board["brand-minute-changelog"] == ("Describe", "Read")
    assert "eu.social.posts.v1" not in board
    assert "brand-entities-changelog" not in board
    assert set(BY_ROLE["source"].topics) == {
        "eu.social.posts.v1",
        "eu.press.articles.v1",
        "eu.listener.source_cursors.v1",
        "eu.listener.mentions.v1",
    }
    assert {name for role in BY_ROLE.values() for name in role.topics} == {spec.name for spec in SPECS}
    assert BY_ROLE["worker"].groups == {"brand": ("Describe", "Read")}
    assert BY_ROLE["board"].groups == {"brand-boards": ("Describe", "Read")}


def test_a_user_logs_in_by_scram_and_has_its_roles_rights() -> None:
    user = next(one for one in RESOURCES if one["metadata"]["name"] == "brand-autoscaler")
    assert user["spec"]["authentication"] == {"type": "scram-sha-512"}
    acls = user["spec"]["authorization"]["acls"]
    assert {operation for acl in acls for operation in acl["operations"]} == {"Describe"}
    assert {(acl["resource"]["type"], acl["resource"]["name"]) for acl in acls} >= {("group", "brand")}
