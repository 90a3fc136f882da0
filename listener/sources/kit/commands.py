"""``listener source run``, and what a source may need before it: a token, a login."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from listener.errors import Halt, UsageProblem
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.loop import Loop
from listener.options import http_options, log_level_option, set_up_logging
from models.topics import Namespace


@click.command()
@click.argument("name")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LISTENER_SOURCES",
    show_envvar=True,
    help="YAML file with `sources:`; without it NAME is a kind, with its defaults.",
)
@click.option("--stdout", "to_stdout", is_flag=True, help="Write the records to standard output; no Kafka, no cursor.")
@kafka_options(required=False)
@namespace_options
@http_options("SOURCE", 8082)
@log_level_option
def run(
    name: str,
    config: Path | None,
    *,
    to_stdout: bool,
    kafka: KafkaSettings | None,
    namespace: Namespace,
    http_host: str,
    http_port: int,
    log_level: str,
) -> None:
    """Read the source NAME into its topics until SIGTERM or SIGINT.

    Kinds: feeds, bluesky, mastodon, telegram, youtube, aparat, gdelt, webhook, files, engagement. Each has a guide in
    docs/howto/sources.
    """
    if kafka is None and not to_stdout:
        raise UsageProblem(
            "where to? Give --bootstrap-servers (`listener kafka` starts a broker on this machine and prints its "
            "address), or --stdout for a look at the records."
        )
    set_up_logging(log_level, ("kafka", "telethon", "trafilatura", "htmldate"))
    from listener.sources.kit import service  # noqa: PLC0415 - aiohttp and aiokafka take a moment to import
    from listener.sources.kit.config import load_source  # noqa: PLC0415
    from listener.sources.kit.connector import Context  # noqa: PLC0415

    base = config.parent if config else Path()
    context = Context(base=base, kafka=None if to_stdout else kafka, namespace=namespace)
    connector = load_source(name, config).connector(context)
    endpoint = None if to_stdout else service.Endpoint(http_host, http_port)
    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(service.run(name, connector, context, endpoint, (signal.SIGTERM, signal.SIGINT)))
    except Halt as halt:
        logging.getLogger("listener.sources").critical("%s", halt)
        sys.exit(halt.exit_code)


@click.command()
@click.argument("name")
def token(name: str) -> None:
    """Make a bearer token for the webhook, for the sender NAME.

    The token goes to standard output, once; the line for the file of `tokens:` to standard error. It holds a hash only.
    """
    from listener.sources.push.tokens import hashed, new_token  # noqa: PLC0415

    secret = new_token()
    click.echo(secret)
    click.echo(f"{hashed(secret)} {name}", err=True)


@click.command()
@click.argument("name")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="YAML file with `sources:`.",
)
def login(name: str, config: Path) -> None:
    """Log the Telegram source NAME in: asks for the phone number and the code, and makes its session file."""
    from listener.sources.kit.config import load_source  # noqa: PLC0415
    from listener.sources.kit.connector import Context  # noqa: PLC0415
    from listener.sources.networks.telegram_channels import TelegramConfig  # noqa: PLC0415

    settings = load_source(name, config)
    if not isinstance(settings, TelegramConfig):
        raise UsageProblem(f"{name!r} needs no login: only Telegram does.")
    with settings.client(Context(base=config.parent)):
        click.echo(f"logged in; keep {config.parent / settings.session}.session as secret as a password", err=True)
