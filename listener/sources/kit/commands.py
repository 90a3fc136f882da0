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
@click.option(
    "--http-host",
    default="127.0.0.1",
    envvar="LISTENER_SOURCE_HTTP_HOST",
    show_default=True,
    help="Where to answer probes and scrapes.",
)
@click.option(
    "--http-port",
    default=8082,
    envvar="LISTENER_SOURCE_HTTP_PORT",
    show_default=True,
    type=int,
    help="0 takes a free port.",
)
@click.option(
    "--log-level", default="INFO", envvar="LISTENER_LOG_LEVEL", show_default=True, help="DEBUG, INFO, WARNING or ERROR."
)
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
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for library in ("kafka", "telethon", "trafilatura", "htmldate"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # While a broker is away it logs ten errors a second; what matters ends the process, with its reason.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
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
