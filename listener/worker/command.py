"""``listener worker``: one process of the counting plane."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from listener.authors import author_key_option
from listener.errors import Halt
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.loop import Loop
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
@click.option(
    "--retention",
    type=click.Choice(["on", "off"]),
    default="on",
    envvar="LISTENER_RETENTION",
    show_default=True,
    help="Drop old state, and refuse as late what is more than 48 h behind (by the records' own time).",
)
@click.option(
    "--dlq-cap",
    type=click.Choice(["on", "off"]),
    default="on",
    envvar="LISTENER_DLQ_CAP",
    show_default=True,
    help="Stop when most records are invalid (half of 10,000, or 1,000 in a row), as after a bad deploy.",
)
@click.option(
    "--http-host",
    default="127.0.0.1",
    envvar="LISTENER_WORKER_HTTP_HOST",
    show_default=True,
    help="Address to listen on; 0.0.0.0 is every one of the machine.",
)
@click.option(
    "--http-port",
    default=8081,
    envvar="LISTENER_WORKER_HTTP_PORT",
    show_default=True,
    type=int,
    help="Port of health and metrics; 0 takes a free one.",
)
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
@click.option(
    "--log-level", default="INFO", envvar="LISTENER_LOG_LEVEL", show_default=True, help="DEBUG, INFO, WARNING or ERROR."
)
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
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for library in ("kafka", "faust", "mode", "gensim", "smart_open", "listener.engine"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # While a broker is away it logs ten errors a second; what matters ends the process, with its reason.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
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
