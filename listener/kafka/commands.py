"""``listener kafka`` and ``listener topics``."""

import functools
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar

import click
from rich.console import Console

from listener.errors import UsageProblem
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.jars import class_path
from listener.kafka.manifests import manifests as strimzi
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.kafka.topics import (
    DAY_MS,
    POSTS_RETENTION_MS,
    TopicSpec,
    check_topics,
    create_topics,
    declared_topics,
    usual_replication,
)
from listener.steps import Steps
from models.topics import Namespace

#: A cluster that Strimzi runs has three brokers or more, unless it is told otherwise.
STRIMZI_REPLICAS: Final = 3

P = ParamSpec("P")
R = TypeVar("R")


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port on 127.0.0.1 (default: a free one).")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the data here and find it again at the next start (default: a temporary directory, removed at the end).",
)
@click.option(
    "--property", "properties", multiple=True, metavar="NAME=VALUE", help="Extra broker property; can be repeated."
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LISTENER_CACHE_DIR",
    show_envvar=True,
    help="Where Kafka's files are kept between runs (default: the user's cache directory).",
)
@click.option("--fetch-only", is_flag=True, help="Fill the cache, then end: later starts need no network.")
def kafka(
    port: int, data_dir: Path | None, properties: tuple[str, ...], cache_dir: Path | None, *, fetch_only: bool
) -> None:
    """Run a real single-node Kafka broker on this machine until Ctrl-C or SIGTERM."""
    steps = Steps(Console(stderr=True))
    if fetch_only:
        with steps:
            jars = class_path(cache_dir, progress=steps.say)
        click.echo(jars[0].parent)
        return
    extra = parse_properties(properties)
    broker = EmbeddedKafka(port=port, data_dir=data_dir, properties=extra, cache_dir=cache_dir, progress=steps.say)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with steps, broker:
            steps.end()
            _say("ready; Ctrl-C stops it. In another terminal:")
            click.echo(f"export LISTENER_BOOTSTRAP_SERVERS={broker.settings.bootstrap_servers[0]}")
            broker.wait()
            raise broker.failure()
    except KeyboardInterrupt:
        _say("stopped")


@click.group()
def topics() -> None:
    """Create, check or list the topics: every one is declared, none is made by accident."""


def spec_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command the options that decide what the topics must be, as one argument ``declare``.

    ``declare(replication_factor)`` makes the specs; the factor there is for when the user gave none.
    """

    @namespace_options
    @click.option(
        "--partitions",
        envvar="LISTENER_PARTITIONS",
        type=click.IntRange(min=1),
        default=4,
        show_default=True,
        show_envvar=True,
        help="Partitions of the posts and of every changelog: the most workers that can share the counting.",
    )
    @click.option("--replication-factor", type=click.IntRange(min=1), help="Default: 3, or as many as brokers.")
    @click.option("--min-insync-replicas", type=click.IntRange(min=1), help="Default: 2 from three replicas on.")
    @click.option(
        "--posts-retention-days",
        type=click.FloatRange(min=0, min_open=True),
        default=POSTS_RETENTION_MS / DAY_MS,
        show_default=True,
        help="How long the broker keeps the records of the input topics.",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        namespace: Namespace,
        partitions: int,
        replication_factor: int | None,
        min_insync_replicas: int | None,
        posts_retention_days: float,
        **kwargs: Any,
    ) -> R:
        def declare(usual: int) -> tuple[TopicSpec, ...]:
            return declared_topics(
                namespace,
                partitions,
                replication_factor=replication_factor or usual,
                min_insync_replicas=min_insync_replicas,
                posts_retention_ms=round(posts_retention_days * DAY_MS),
            )

        kwargs["declare"] = declare
        return command(*args, **kwargs)

    return wrapper


@topics.command()
@kafka_options
@spec_options
@click.option("--update-config", is_flag=True, help="Also set configs that differ; partitions are never changed.")
def create(kafka: KafkaSettings, declare: Callable[[int], tuple[TopicSpec, ...]], *, update_config: bool) -> None:
    """Make what is missing and say what differs. Exits 1 when something still differs."""
    done = create_topics(kafka, declare(usual_replication(kafka)), update_config=update_config)
    for name in done.created:
        click.echo(f"{name}: created")
    for update in done.updated:
        click.echo(f"{update.topic}: {update.what} set to {update.declared} (was {update.found})")
    for difference in done.differences:
        click.echo(str(difference))
    sys.exit(1 if done.differences else 0)


@topics.command()
@kafka_options
@spec_options
def check(kafka: KafkaSettings, declare: Callable[[int], tuple[TopicSpec, ...]]) -> None:
    """Print each difference between the cluster's topics and the declared ones. Exits 1 when there is any."""
    differences = check_topics(kafka, declare(usual_replication(kafka)))
    for difference in differences:
        click.echo(str(difference))
    sys.exit(1 if differences else 0)


@topics.command("list")
@spec_options
def list_(declare: Callable[[int], tuple[TopicSpec, ...]]) -> None:
    """Print the declared topics, tab-separated: name, key, partitions, configs, purpose. Needs no broker."""
    for spec in declare(1):
        config = ",".join(f"{name}={value}" for name, value in spec.config.items())
        click.echo("\t".join((spec.name, spec.key, str(spec.partitions), config, spec.purpose)))


@topics.command()
@spec_options
@click.option(
    "--cluster", default="listener", show_default=True, help="Name of the Kafka resource that they belong to."
)
@click.pass_context
def manifests(context: click.Context, declare: Callable[[int], tuple[TopicSpec, ...]], *, cluster: str) -> None:
    """Print the topics and their users as resources of Strimzi, in YAML. Needs no broker."""
    namespace = Namespace(context.params["app"], context.params["topic_prefix"])
    click.echo(strimzi(namespace, declare(STRIMZI_REPLICAS), cluster), nl=False)


@topics.command()
@kafka_options(required=False)
@namespace_options
@click.option("--role", "names", multiple=True, help="Only this kind of process; can be repeated.")
@click.option("--tool", is_flag=True, help="Print arguments for Kafka's kafka-acls.sh instead.")
@click.option("--apply", "applied", is_flag=True, help="Allow all of it on the cluster; nothing is ever taken away.")
def acls(
    kafka: KafkaSettings | None, namespace: Namespace, names: tuple[str, ...], *, tool: bool, applied: bool
) -> None:
    """Print who may do what, tab-separated: principal, kind, name, operations. Needs no broker without --apply."""
    # Imports the board's and the letters' names: `listener kafka` starts without them.
    from listener.kafka.acls import apply_rules, principal, rules, tool_line  # noqa: PLC0415

    every = list(rules(namespace))
    known = list(dict.fromkeys(rule.role for rule in every))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageProblem(f"--role {unknown[0]!r} is none of {', '.join(known)}.")
    wanted = [rule for rule in every if not names or rule.role in names]
    if applied:
        if kafka is None:
            raise UsageProblem("--apply: which Kafka? Give --bootstrap-servers or LISTENER_BOOTSTRAP_SERVERS.")
        click.echo(f"{apply_rules(kafka, namespace, wanted)} ACLs are in force for {', '.join(names or known)}")
        return
    for rule in wanted:
        user = principal(namespace, rule.role)
        line = "\t".join((user, rule.kind, rule.name, ",".join(rule.operations)))
        click.echo(tool_line(namespace, rule) if tool else line)


def parse_properties(pairs: tuple[str, ...]) -> dict[str, str]:
    """The broker properties of ``--property`` options; raises UsageProblem for one that is not NAME=VALUE."""
    properties = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageProblem(f"--property {pair!r} is not NAME=VALUE (for example log.cleaner.backoff.ms=500).")
        properties[name.strip()] = value.strip()
    return properties


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that the broker is stopped in good order."""
    raise KeyboardInterrupt


def _say(text: str) -> None:
    click.echo(f"listener: {text}", err=True)
