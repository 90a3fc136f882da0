"""``listener board``: one process of the reading plane."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from listener.alerting.settings import AlertingSettings, alerting_options
from listener.board.access import AccessSettings
from listener.board.access.options import access_options
from listener.board.closing_options import closing_options
from listener.board.settings import BoardSettings
from listener.errors import Halt
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.loop import Loop
from listener.options import http_options, log_level_option, set_up_logging
from models.topics import Namespace
from processors.closing import Rules

_log = logging.getLogger("listener.board.command")


@click.command(help="Serve the counts: HTTP API and Prometheus metrics. Run two; they need not know each other.")
@kafka_options
@namespace_options
@http_options("BOARD", 8080, "API and metrics")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="LISTENER_BOARD_STATE_DIR",
    show_envvar=True,
    help="Directory of its own for what a restart need not read again [default: a temporary one].",
)
@click.option(
    "--snapshot-every",
    default=300.0,
    envvar="LISTENER_BOARD_SNAPSHOT_EVERY",
    show_default=True,
    type=click.FloatRange(min=1.0),
    help="Seconds between two snapshots of the counts in --state-dir; there is one more when the board stops.",
)
@closing_options
@click.option(
    "--max-series",
    default=50_000,
    envvar="LISTENER_BOARD_MAX_SERIES",
    show_default=True,
    type=click.IntRange(min=0),
    help="Most series of campaigns on /metrics; the least active campaigns are left out, and counted.",
)
@access_options
@alerting_options
@log_level_option
def board(
    kafka: KafkaSettings,
    namespace: Namespace,
    http_host: str,
    http_port: int,
    state_dir: Path | None,
    snapshot_every: float,
    rules: Rules,
    max_series: int,
    access: AccessSettings,
    alerting: AlertingSettings,
    log_level: str,
) -> None:
    """Run a board until SIGTERM or SIGINT."""
    set_up_logging(log_level, ["kafka"])
    settings = BoardSettings(
        kafka, namespace, http_host, http_port, state_dir, access, alerting, rules, snapshot_every, max_series
    )
    from listener.board.service import run  # noqa: PLC0415 - aiohttp and aiokafka take a moment to import

    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(run(settings, (signal.SIGTERM, signal.SIGINT)))
    except Halt as halt:
        _log.critical("%s", halt)
        sys.exit(halt.exit_code)
