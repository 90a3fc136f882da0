"""Every topic, declared once: its key, partitions, retention and compaction. Nothing is auto-created."""

import base64
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.settings import KafkaSettings
from models.article import ARTICLES_TOPIC
from models.audience import AUDIENCE_TOPIC
from models.backlinks import BACKLINKS_TOPIC
from models.cells import ENTITIES, LIFETIME, PROGRESS, TABLES
from models.people import PEOPLE_TOPIC
from models.post import MAX_RECORD_BYTES, POSTS_TOPIC
from models.search import SEARCH_TOPIC
from models.site_rank import RANK_TOPIC
from models.spend import SPEND_TOPIC
from models.streams import BUSINESS, STREAMS, Stream
from models.topics import Namespace
from models.web import WEB_TOPIC

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
POSTS_RETENTION_MS = 7 * DAY_MS
DEAD_LETTERS_RETENTION_MS = 30 * DAY_MS
MENTIONS_RETENTION_MS = 30 * DAY_MS
#: Boards that were away for less still see that something was taken back.
MENTIONS_TOMBSTONES_MS = 7 * DAY_MS
SERIES_RETENTION_MS = 400 * DAY_MS

#: Fewest replicas with which a write can wait for two of them and still survive the loss of one.
_REPLICAS_FOR_TWO_IN_SYNC = 3
#: Room for a record's key, headers and batch overhead above its value.
_OVERHEAD_BYTES = 65_536
_APPLY_TRIES = 100
_APPLY_PAUSE_S = 0.1

_CHANGELOG = {
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(HOUR_MS),
    "min.cleanable.dirty.ratio": "0.1",
    # A zombie's late write must not be all that is left of a key before its owner has looked again.
    "min.compaction.lag.ms": str(HOUR_MS),
    "delete.retention.ms": str(DAY_MS),
}

#: Logical topic → (key, what is on it).
_INPUTS = {
    POSTS_TOPIC: ("post_id", "posts: created, updated, engaged with, deleted"),
    ARTICLES_TOPIC: ("article_id", "press articles: created, updated, deleted"),
    WEB_TOPIC: ("session_id", "web sessions: events named as in GA4"),
    PEOPLE_TOPIC: ("person_id (hashed)", "people: stages, activities, orders"),
    SPEND_TOPIC: ("platform|account|campaign|date", "what ads and the rest cost, by day; restatements replace"),
    SEARCH_TOPIC: ("site|date|query|country|device", "how sites stand in search results, by day"),
    RANK_TOPIC: ("provider|domain|date", "ranks of sites, by day"),
    BACKLINKS_TOPIC: ("target|source_url", "links to sites"),
    AUDIENCE_TOPIC: ("account_id", "audiences of own accounts, by day"),
}
#: Business records are kept long enough to count them again with another campaign file.
BUSINESS_RETENTION_MS = 400 * DAY_MS
_TABLE_KEYS = {ENTITIES: "entity id", PROGRESS: "source topic|partition", LIFETIME: "campaign|topic|partition|platform"}
_WINDOWED_KEY = '["campaign|topic|partition|platform", [start, end]]'


@dataclass(frozen=True)
class TopicSpec:
    """What a topic must be. ``key`` says in words what records are keyed by; ``retention_ms`` None: kept for ever."""

    name: str
    key: str
    partitions: int
    replication_factor: int
    retention_ms: int | None
    cleanup_policy: str
    purpose: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, str]:
        """Every topic config that is declared, as Kafka spells it."""
        retention = {} if self.retention_ms is None else {"retention.ms": str(self.retention_ms)}
        return {"cleanup.policy": self.cleanup_policy, **retention, **self.extra}


@dataclass(frozen=True)
class Difference:
    """One way in which a cluster's topic is not as declared; ``found`` None: the topic is missing."""

    topic: str
    what: str
    declared: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.what} is {self.found}, declared {self.declared}"


@dataclass(frozen=True)
class Creation:
    """What ``create_topics`` did: topics made, configs set, and what still differs."""

    created: tuple[str, ...]
    updated: tuple[Difference, ...]
    differences: tuple[Difference, ...]


def declared_topics(
    namespace: Namespace,
    partitions: int,
    *,
    replication_factor: int = 1,
    min_insync_replicas: int | None = None,
    posts_retention_ms: int = POSTS_RETENTION_MS,
) -> tuple[TopicSpec, ...]:
    """All topics of one namespace. A stream's changelogs have as many partitions as it has, as Faust asks.

    ``min_insync_replicas`` defaults to 2 from three replicas on, else 1.
    """
    if min_insync_replicas is None:
        min_insync_replicas = 2 if replication_factor >= _REPLICAS_FOR_TWO_IN_SYNC else 1
    make = _Maker(namespace, partitions, replication_factor, min_insync_replicas)
    return (
        *(make.input(stream, posts_retention_ms) for stream in STREAMS),
        make.mentions(),
        make.topic(
            namespace.dead_letters,
            "key of the original record",
            "records that could not be counted, with the reason",
            DEAD_LETTERS_RETENTION_MS,
        ),
        make.kept(namespace.campaigns, "version", "versions of the campaign set"),
        make.topic(namespace.series, "campaign|minute", "closed campaign minutes", SERIES_RETENTION_MS, partitions=1),
        make.kept(namespace.incidents, "campaign|incident, or campaign|detector", "incidents, and detector snapshots"),
        # Marks of relevance hold texts, which can be taken back.
        make.kept(
            namespace.feedback,
            "subject",
            "what people say back: marks, answers, target history, erasure",
            {"max.compaction.lag.ms": str(DAY_MS)},
        ),
        make.kept(namespace.source_cursors, "source", "how far each connector has read its source"),
        *(make.changelog(stream, table) for stream in STREAMS for table in TABLES),
    )


class _Maker:
    """Specs with the settings that all topics of a namespace share."""

    def __init__(self, namespace: Namespace, partitions: int, replicas: int, min_insync_replicas: int) -> None:
        self._namespace = namespace
        self._partitions = partitions
        self._replicas = replicas
        self._durable = {"min.insync.replicas": str(min_insync_replicas)}

    def topic(
        self,
        name: str,
        key: str,
        purpose: str,
        retention_ms: int | None,
        *,
        policy: str = "delete",
        partitions: int | None = None,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> TopicSpec:
        count = self._partitions if partitions is None else partitions
        return TopicSpec(name, key, count, self._replicas, retention_ms, policy, purpose, {**extra, **self._durable})

    def kept(self, name: str, key: str, purpose: str, extra: Mapping[str, str] = MappingProxyType({})) -> TopicSpec:
        """Compacted, one partition: small, and read as a whole."""
        return self.topic(name, key, purpose, None, policy="compact", partitions=1, extra=extra)

    def input(self, stream: Stream, retention_ms: int) -> TopicSpec:
        key, purpose = _INPUTS[stream.topic]
        size = {"max.message.bytes": str(MAX_RECORD_BYTES + _OVERHEAD_BYTES)}
        kept = BUSINESS_RETENTION_MS if stream in BUSINESS else retention_ms
        return self.topic(self._namespace.input(stream), key, purpose, kept, partitions=stream.partitions, extra=size)

    def mentions(self) -> TopicSpec:
        """A mention has its text twice, as it is and normalised. What was taken back is gone from disk within a day."""
        extra = {
            "max.message.bytes": str(3 * MAX_RECORD_BYTES),
            "delete.retention.ms": str(MENTIONS_TOMBSTONES_MS),
            "max.compaction.lag.ms": str(DAY_MS),
        }
        return self.topic(
            self._namespace.mentions,
            "campaign|entity, campaign|entity|counts",
            "every matched, enriched mention",
            MENTIONS_RETENTION_MS,
            policy="compact,delete",
            extra=extra,
        )

    def changelog(self, stream: Stream, table: str) -> TopicSpec:
        return self.topic(
            self._namespace.changelog(stream.table(table)),
            _TABLE_KEYS.get(table, _WINDOWED_KEY),
            f"state of the table {stream.table(table)}",
            None,
            policy="compact",
            partitions=stream.partitions,
            extra=_CHANGELOG,
        )


def usual_replication(settings: KafkaSettings) -> int:
    """Three replicas, or as many as the cluster has brokers. Raises UsageProblem when none answers."""
    with admin_client(settings) as admin:
        return min(_REPLICAS_FOR_TWO_IN_SYNC, len(admin.describe_cluster()["brokers"]))


def create_topics(settings: KafkaSettings, specs: Sequence[TopicSpec], *, update_config: bool = False) -> Creation:
    """Make the topics that are missing; change an existing one's configs only with ``update_config``.

    Partition counts and replication are never changed: keys would move, and the counts with them. Safe to repeat and to
    run twice at once. Raises UsageProblem when no broker answers or the cluster refuses a topic.
    """
    with admin_client(settings) as admin:
        created = _create_missing(admin, specs)
        differences = _differences(admin, specs)
        updated = _update(admin, differences) if update_config else ()
        left = tuple(difference for difference in differences if difference not in updated)
    return Creation(created, updated, left)


def check_topics(settings: KafkaSettings, specs: Sequence[TopicSpec]) -> list[Difference]:
    """How the cluster's topics differ from the declared ones; empty when all is well."""
    with admin_client(settings) as admin:
        return _differences(admin, specs)


def topic_id(settings: KafkaSettings, topic: str) -> str:
    """Kafka's own id of a topic, as its tools print it (22 characters): a topic made anew has another.

    Raises UsageProblem when there is no such topic.
    """
    with admin_client(settings) as admin:
        found = _describe(admin, [topic]).get(topic)
    if found is None:
        raise UsageProblem(f"there is no topic {topic}: `listener topics create` makes what is missing.")
    return kafka_topic_id(found)


def kafka_topic_id(described: Mapping[str, Any]) -> str:
    """The id in an answer of ``describe_topics``, as Kafka's tools print it."""
    return base64.urlsafe_b64encode(uuid.UUID(described["topic_id"]).bytes).decode().rstrip("=")


def _create_missing(admin: Any, specs: Sequence[TopicSpec]) -> tuple[str, ...]:
    existing = _describe(admin, [spec.name for spec in specs])
    missing = [spec for spec in specs if spec.name not in existing]
    if not missing:
        return ()
    request = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication_factor,
            "configs": spec.config,
        }
        for spec in missing
    }
    made = [topic["name"] for topic in admin.create_topics(request, raise_errors=False)["topics"] if _was_made(topic)]
    admin.wait_for_topics([spec.name for spec in missing])
    return tuple(made)


def _was_made(topic: Mapping[str, Any]) -> bool:
    error = for_code(topic["error_code"])
    if error is TopicAlreadyExistsError:
        return False
    if error is not NoError:
        raise UsageProblem(
            f"Kafka refuses the topic {topic['name']}: {topic.get('error_message') or error.__name__}. "
            "Check --partitions and --replication-factor against the cluster."
        )
    return True


def _describe(admin: Any, names: Sequence[str]) -> dict[str, Any]:
    """The metadata of those of the topics that exist."""
    found = {}
    for topic in admin.describe_topics(list(names)):
        error = for_code(topic["error_code"])
        if error is NoError:
            found[topic["name"]] = topic
        elif error is not UnknownTopicOrPartitionError:
            raise error(topic["name"])
    return found


def _differences(admin: Any, specs: Sequence[TopicSpec]) -> list[Difference]:
    topics = _describe(admin, [spec.name for spec in specs])
    configs = _configs(admin, [spec for spec in specs if spec.name in topics])
    differences: list[Difference] = []
    for spec in specs:
        if spec.name in topics:
            differences += _compare(spec, topics[spec.name], configs[spec.name])
        else:
            differences.append(Difference(spec.name, "topic", "present", None))
    return differences


def _configs(admin: Any, specs: Sequence[TopicSpec]) -> dict[str, dict[str, Any]]:
    if not specs:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, spec.name, list(spec.config)) for spec in specs]
    described: dict[str, dict[str, Any]] = admin.describe_configs(wanted, config_filter="all")["topic"]
    return described


def _compare(spec: TopicSpec, topic: Mapping[str, Any], config: Mapping[str, Any]) -> Iterable[Difference]:
    partitions = topic["partitions"]
    counts = {
        "partitions": (spec.partitions, len(partitions)),
        "replication factor": (spec.replication_factor, min(len(p["replica_nodes"]) for p in partitions)),
    }
    for what, (declared, found) in counts.items():
        if declared != found:
            yield Difference(spec.name, what, str(declared), str(found))
    for name, declared_value in spec.config.items():
        value = config[name]["value"]
        if value != declared_value:
            yield Difference(spec.name, name, declared_value, str(value))


def _update(admin: Any, differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Set the configs that differ; what cannot be set by a config (partitions, replication, absence) stays."""
    settable = [d for d in differences if d.found is not None and "." in d.what]
    by_topic: dict[str, dict[str, str]] = {}
    for difference in settable:
        by_topic.setdefault(difference.topic, {})[difference.what] = difference.declared
    if by_topic:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, new) for name, new in by_topic.items()])
        _wait_until_applied(admin, by_topic)
    return tuple(settable)


def _wait_until_applied(admin: Any, by_topic: Mapping[str, Mapping[str, str]]) -> None:
    """Wait until the broker shows the new values: it answers an alteration before it applies it."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, list(new)) for name, new in by_topic.items()]
    for _ in range(_APPLY_TRIES):
        shown = admin.describe_configs(wanted, config_filter="all")["topic"]
        if all(
            shown[topic][name]["value"] == new for topic, config in by_topic.items() for name, new in config.items()
        ):
            return
        time.sleep(_APPLY_PAUSE_S)
    raise UsageProblem("Kafka took the new configs but does not show them yet: run `listener topics check` again.")
