"""What a worker asks the cluster before it starts: whether the topics are there and their partitions fit together."""

from kafka.errors import NoError, for_code

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from models.streams import STREAMS, Stream
from models.topics import Namespace
from processors.inputs import KINDS


def partitions_of(kafka: KafkaSettings, namespace: Namespace) -> dict[Stream, int]:
    """The number of partitions of every stream; UsageProblem where a topic is missing or a changelog has another.

    Faust needs equal partition counts for a topic and the tables that it writes.
    """
    others = [namespace.campaigns, namespace.dead_letters, namespace.mentions]
    changelogs = {stream: [namespace.changelog(table) for table in stream.tables.values()] for stream in STREAMS}
    wanted = [*map(namespace.input, STREAMS), *others, *(name for names in changelogs.values() for name in names)]
    with admin_client(kafka) as admin:
        found = {
            topic["name"]: len(topic["partitions"])
            for topic in admin.describe_topics(wanted)
            if for_code(topic["error_code"]) is NoError
        }
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UsageProblem(f"there is no topic {missing[0]}: `listener topics create` makes what is missing.")
    partitions = {stream: found[namespace.input(stream)] for stream in STREAMS}
    for stream, names in changelogs.items():
        for name in names:
            _require_equal(name, found[name], namespace.input(stream), partitions[stream])
    most = max((partitions[stream], namespace.input(stream)) for stream in STREAMS if KINDS[stream.topic].say)
    if found[namespace.mentions] < most[0]:
        raise UsageProblem(
            f"{namespace.mentions} has {found[namespace.mentions]} partitions, {most[1]} has {most[0]}: mentions go to "
            "the partition of their source, so it must have as many or more."
        )
    return partitions


def _require_equal(changelog: str, found: int, topic: str, partitions: int) -> None:
    if found != partitions:
        more = (
            f" `listener repartition --partitions {partitions}` moves what is kept to where the records will be; one "
            "that was cut short is run again."
        )
        raise UsageProblem(
            f"{changelog} has {found} partitions, {topic} has {partitions}: they must have as many."
            + (more if found < partitions else "")
        )
