"""The declared topics, and who may do what on them, as resources of Strimzi (``kafka.strimzi.io/v1``)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from listener.board.leader import leader_group
from listener.kafka.topics import TopicSpec
from models.streams import ALL_TABLES, ARTICLES, BUSINESS, POSTS, STREAMS
from models.topics import Namespace

API_VERSION: Final = "kafka.strimzi.io/v1"
Operations = tuple[str, ...]
_READ: Final[Operations] = ("Describe", "Read")
_WRITE: Final[Operations] = ("Describe", "Write")
_BOTH: Final[Operations] = ("Describe", "Read", "Write")


@dataclass(frozen=True)
class Role:
    """What one kind of process may do: operations by topic name, and by consumer group."""

    name: str
    topics: dict[str, Operations]
    groups: dict[str, Operations]


def roles(namespace: Namespace) -> tuple[Role, ...]:
    """Every kind of process with no more than it needs.

    ``operator`` is for people: rebase, backfill, forget, topics check. ``autoscaler`` only sees how far the group is.
    """
    inputs = [namespace.input(stream) for stream in STREAMS]
    changelogs = [namespace.changelog(table) for table in ALL_TABLES]
    posts = [namespace.input(stream) for stream in (POSTS, ARTICLES)]
    business = [namespace.input(stream) for stream in BUSINESS]
    said = [namespace.series, namespace.incidents, namespace.feedback]
    ours = [namespace.campaigns, namespace.mentions, namespace.dead_letters, namespace.source_cursors]
    every = [*inputs, *changelogs, *said, *ours]
    worker = (
        dict.fromkeys(inputs, _READ)
        | dict.fromkeys([*changelogs, namespace.campaigns], _BOTH)
        | dict.fromkeys([namespace.mentions, namespace.dead_letters], _WRITE)
    )
    board = dict.fromkeys([*changelogs, namespace.campaigns, namespace.mentions], _READ) | dict.fromkeys(said, _BOTH)
    source = dict.fromkeys(posts, _WRITE) | {namespace.source_cursors: _BOTH}
    return (
        Role("worker", worker, {namespace.app: _READ}),
        Role("board", board, {leader_group(namespace): _READ}),
        Role("source", source, {}),
        Role("importer", dict.fromkeys(business, _WRITE), {}),
        Role("operator", dict.fromkeys(every, (*_BOTH, "DescribeConfigs")), {namespace.app: _READ}),
        Role("autoscaler", dict.fromkeys(inputs, ("Describe",)), {namespace.app: ("Describe",)}),
    )


def topic_resources(specs: Sequence[TopicSpec], cluster: str) -> Iterator[dict[str, Any]]:
    """A KafkaTopic for every spec."""
    for spec in specs:
        body = {
            "topicName": spec.name,
            "partitions": spec.partitions,
            "replicas": spec.replication_factor,
            "config": {name: _plain(value) for name, value in sorted(spec.config.items())},
        }
        yield _resource("KafkaTopic", resource_name(spec.name), cluster, body)


def user_resources(namespace: Namespace, cluster: str) -> Iterator[dict[str, Any]]:
    """A KafkaUser with SCRAM-SHA-512 for every role; Strimzi puts its password into a Secret of the same name."""
    for role in roles(namespace):
        body = {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": [*_acls("topic", role.topics), *_acls("group", role.groups)]},
        }
        yield _resource("KafkaUser", resource_name(f"{namespace.app}-{role.name}"), cluster, body)


def manifests(namespace: Namespace, specs: Sequence[TopicSpec], cluster: str) -> str:
    """All of it as YAML documents."""
    resources = [*topic_resources(specs, cluster), *user_resources(namespace, cluster)]
    return str(yaml.safe_dump_all(resources, sort_keys=False, explicit_start=True))


def resource_name(name: str) -> str:
    """A topic's name as Kubernetes allows it: ``listener.dead_letters.v1`` → ``listener.dead-letters.v1``."""
    return name.lower().replace("_", "-").strip("-.")


def _resource(kind: str, name: str, cluster: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": cluster}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _acls(kind: str, allowed: dict[str, Operations]) -> Iterable[dict[str, Any]]:
    for name, operations in sorted(allowed.items()):
        resource = {"type": kind, "name": name, "patternType": "literal"}
        yield {"resource": resource, "operations": list(operations), "host": "*"}


def _plain(value: str) -> int | float | str:
    """Strimzi wants numbers as numbers."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
