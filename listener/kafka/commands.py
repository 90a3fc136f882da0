"""``listener kafka``."""

import signal
from pathlib import Path
from types import FrameType

import click

from listener.errors import UsageProblem
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.jars import class_path


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
    if fetch_only:
        click.echo(class_path(cache_dir, progress=_say)[0].parent)
        return
    broker = EmbeddedKafka(
        port=port, data_dir=data_dir, properties=parse_properties(properties), cache_dir=cache_dir, progress=_say
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with broker:
            _say("ready; Ctrl-C stops it. In another terminal:")
            click.echo(f"export LISTENER_BOOTSTRAP_SERVERS={broker.settings.bootstrap_servers[0]}")
            broker.wait()
            raise broker.failure()
    except KeyboardInterrupt:
        _say("stopped")


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
