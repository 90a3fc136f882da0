"""Who may do what: least privilege by kind of process, worked out from the declared topics."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from listener.board.leader import leader_group
from listener.dlq.topic import transactional_id
from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from models.cells import CELL_TABLES, PROGRESS
from models.streams import ALL_TABLES, ARTICLES, BUSINESS, POSTS, STREAMS
from models.topics import Namespace

#: As Kafka's own tools name them.
Operations = tuple[str, ...]
_READ: Final[Operations] = ("Describe", "Read")
_WRITE: Final[Operations] = ("Describe", "Write")
_BOTH: Final[Operations] = ("Describe", "Read", "Write")
_MAKE: Final[Operations] = ("AlterConfigs", "Create", "Describe", "DescribeConfigs")

_KINDS: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS: Final = {
    "AlterConfigs": ACLOperation.ALTER_CONFIGS,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
}


@dataclass(frozen=True)
class Role:
    """What one kind of process may do: operations by topic name, by consumer group, and by transactional id."""

    name: str
    topics: dict[str, Operations]
    groups: dict[str, Operations]
    transactions: dict[str, Operations] = field(default_factory=dict)


class Rule(NamedTuple):
    """One line of the list: ``kind`` is topic, group or transactional-id, ``name`` is literal."""

    role: str
    kind: str
    name: str
    operations: Operations


def roles(namespace: Namespace) -> tuple[Role, ...]:
    """Every kind of process with no more than it needs.

    ``operator`` is for people: rebase, backfill, forget, dlq, topics check. ``auditor`` counts again and writes
    nothing. ``admin`` makes the topics. ``autoscaler`` only sees how far the group is.
    """
    inputs = [namespace.input(stream) for stream in STREAMS]
    changelogs = [namespace.changelog(table) for table in ALL_TABLES]
    # A board needs no entities: what a post is known by stays with the workers.
    counts = [namespace.changelog(stream.table(table)) for stream in STREAMS for table in (*CELL_TABLES, PROGRESS)]
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
    board = dict.fromkeys([*counts, namespace.campaigns, namespace.mentions], _READ) | dict.fromkeys(said, _BOTH)
    # The engagement source looks again at what was mentioned.
    source = dict.fromkeys(posts, _WRITE) | {namespace.source_cursors: _BOTH, namespace.mentions: _READ}
    auditor = dict.fromkeys([*inputs, *counts, namespace.campaigns], _READ)
    operator = dict.fromkeys(every, (*_BOTH, "DescribeConfigs"))
    return (
        Role("worker", worker, {namespace.app: _READ}),
        Role("board", board, {leader_group(namespace): _READ}),
        Role("source", source, {}),
        Role("auditor", auditor, {}),
        Role("importer", dict.fromkeys(business, _WRITE), {}),
        Role("operator", operator, {namespace.app: _READ}, {transactional_id(namespace): _WRITE}),
        Role("admin", dict.fromkeys(every, _MAKE), {}),
        Role("autoscaler", dict.fromkeys(inputs, ("Describe",)), {namespace.app: ("Describe",)}),
    )


def rules(namespace: Namespace) -> Iterator[Rule]:
    """All that is allowed, role by role; whatever is not here is not."""
    for role in roles(namespace):
        kinds = {"topic": role.topics, "group": role.groups, "transactional-id": role.transactions}
        for kind, allowed in kinds.items():
            for name, operations in sorted(allowed.items()):
                yield Rule(role.name, kind, name, operations)


def principal(namespace: Namespace, role: str) -> str:
    """The user of a role, as Kafka's authorizer knows it: ``User:<app>-<role>``."""
    return f"User:{namespace.app}-{role}"


def tool_line(namespace: Namespace, rule: Rule) -> str:
    """The arguments for Kafka's own ``kafka-acls.sh``; names of topics have nothing that a shell would read."""
    operations = " ".join(f"--operation {operation}" for operation in rule.operations)
    return f"--add --allow-principal {principal(namespace, rule.role)} {operations} --{rule.kind} {rule.name}"


def apply_rules(kafka: KafkaSettings, namespace: Namespace, wanted: Iterable[Rule]) -> int:
    """Allow what the rules say, on the cluster; how many entries there are. What is allowed already stays."""
    entries = [
        ACL(
            principal(namespace, rule.role),
            "*",
            _OPERATIONS[operation],
            ACLPermissionType.ALLOW,
            ResourcePattern(_KINDS[rule.kind], rule.name),
        )
        for rule in wanted
        for operation in rule.operations
    ]
    with admin_client(kafka) as admin:
        failed = admin.create_acls(entries)["failed"]
    if failed:
        raise UsageProblem(f"the cluster refuses {len(failed)} of {len(entries)} ACLs: {failed[0]}.")
    return len(entries)
