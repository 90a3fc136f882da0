"""What a worker asks the cluster before it starts: whether the topics are there and their partitions fit together."""

from kafka.errors import NoError, for_code

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from models.cells import TABLES
from models.topics import Namespace


def partitions_of(kafka: KafkaSettings, namespace: Namespace) -> int:
    """The number of partitions of the posts topic; UsageProblem where a topic is missing or a changelog has another.

    Faust needs equal partition counts for a topic and the tables that it writes.
    """
    changelogs = [namespace.changelog(table) for table in TABLES]
    wanted = [namespace.posts, namespace.campaigns, namespace.dead_letters, *changelogs]
    with admin_client(kafka) as admin:
        found = {
            topic["name"]: len(topic["partitions"])
            for topic in admin.describe_topics(wanted)
            if for_code(topic["error_code"]) is NoError
        }
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UsageProblem(f"there is no topic {missing[0]}: `listener topics create` makes what is missing.")
    partitions = found[namespace.posts]
    for name in changelogs:
        if found[name] != partitions:
            raise UsageProblem(
                f"{name} has {found[name]} partitions, {namespace.posts} has {partitions}: they must have as many."
            )
    return partitions
