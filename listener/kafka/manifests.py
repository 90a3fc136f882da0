"""The declared topics, and who may do what on them, as resources of Strimzi (``kafka.strimzi.io/v1``)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import yaml

from listener.kafka.acls import Operations, roles
from listener.kafka.topics import TopicSpec
from models.topics import Namespace

API_VERSION: Final = "kafka.strimzi.io/v1"


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
        kinds = {"topic": role.topics, "group": role.groups, "transactionalId": role.transactions}
        acls = [acl for kind, allowed in kinds.items() for acl in _acls(kind, allowed)]
        body = {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": acls},
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
