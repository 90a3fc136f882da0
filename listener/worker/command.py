"""``listener worker``: one process of the counting plane."""

import asyncio
import signal
from pathlib import Path

import click

from listener.authors import author_key_option
from listener.errors import Halt
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.loop import Loop
from listener.options import http_options, log_level_option, on_off_option, set_up_logging
from listener.worker.guard import end_process
from listener.worker.mentions import mention_options
from listener.worker.settings import TAIL_FIRST_S, WorkerSettings
from models.topics import Namespace


@click.command(help="Count posts: one worker of the counting plane. Run as many as there are partitions, at most.")
@kafka_options
@namespace_options
@click.option(
    "--campaigns",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="LISTENER_CAMPAIGNS",
    help="Directory of campaign files to put in force; without it the latest set on the topic holds.",
)
@on_off_option(
    "retention", "Drop old state, and refuse as late what is more than 48 h behind (by the records' own time)."
)
@on_off_option(
    "dlq-cap", "Stop when most records are invalid (half of 10,000, or 1,000 in a row), as after a bad deploy."
)
@http_options("WORKER", 8081)
@click.option(
    "--session-timeout",
    default=10.0,
    envvar="LISTENER_SESSION_TIMEOUT",
    show_default=True,
    type=click.FloatRange(min=1.0),
    help="Seconds after which another worker takes over from one that died.",
)
@click.option("--instance-id", envvar="LISTENER_INSTANCE_ID", help="Static group membership, e.g. the pod's name.")
@click.option(
    "--tail-check-after",
    default=TAIL_FIRST_S,
    envvar="LISTENER_TAIL_CHECK_AFTER",
    type=click.FloatRange(min=0.0),
    hidden=True,
    help="Seconds from an assignment to the first look for records that a former owner wrote late.",
)
@mention_options
@author_key_option
@log_level_option
def worker(
    kafka: KafkaSettings,
    namespace: Namespace,
    campaigns: Path | None,
    retention: str,
    dlq_cap: str,
    http_host: str,
    http_port: int,
    session_timeout: float,
    instance_id: str | None,
    tail_check_after: float,
    author_key: bytes | None,
    log_level: str,
    *,
    mentions: bool,
    understanding: bool,
) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    set_up_logging(log_level, ("kafka", "faust", "mode", "gensim", "smart_open", "listener.engine"))
    settings = WorkerSettings(
        kafka=kafka,
        namespace=namespace,
        campaigns=campaigns,
        retention=retention == "on",
        capped=dlq_cap == "on",
        http_host=http_host,
        http_port=http_port,
        session_timeout=session_timeout,
        instance_id=instance_id,
        tail_check_after=tail_check_after,
        mentions=mentions,
        understanding=understanding,
        author_key=author_key,
    )
    from listener.worker.service import run  # noqa: PLC0415 - Faust takes a second to import

    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(run(settings, stop_signals=(signal.SIGTERM, signal.SIGINT)))
    except Halt as halt:
        end_process(halt)
