"""What a board asks the cluster before it starts: which topics it reads, and how many partitions they have."""

from collections.abc import Mapping

from aiokafka import TopicPartition
from kafka.errors import NoError, for_code

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import kafka_topic_id
from models.cells import CELL_TABLES, PROGRESS
from models.streams import STREAMS
from models.topics import Namespace


def read_topics(namespace: Namespace) -> list[str]:
    """The changelogs of the counts of every stream, the campaign sets, and the closed minutes."""
    tables = [stream.table(short) for stream in STREAMS for short in (*CELL_TABLES, PROGRESS)]
    return [*map(namespace.changelog, tables), namespace.campaigns, namespace.series]


class Cluster:
    """The topics that a board reads, as the cluster has them: partition counts and Kafka's own ids."""

    def __init__(self, partitions: Mapping[str, int], ids: Mapping[str, str]) -> None:
        self.partitions = dict(partitions)
        self.ids = dict(ids)

    @classmethod
    def ask(cls, kafka: KafkaSettings, namespace: Namespace) -> "Cluster":
        """Ask the cluster; UsageProblem where it does not answer or a topic is missing."""
        wanted = read_topics(namespace)
        with admin_client(kafka) as admin:
            found = {
                topic["name"]: topic
                for topic in admin.describe_topics(wanted)
                if for_code(topic["error_code"]) is NoError
            }
        for name in wanted:
            if name not in found:
                raise UsageProblem(
                    f"there is no topic {name}: `listener topics create` makes what is missing (after an update that "
                    "counts a new kind of input, too)."
                )
        return cls(
            {name: len(found[name]["partitions"]) for name in wanted},
            {name: kafka_topic_id(found[name]) for name in wanted},
        )

    def assignment(self) -> list[TopicPartition]:
        """Every partition of every topic."""
        return [TopicPartition(topic, number) for topic, count in self.partitions.items() for number in range(count)]
