"""Options and logging that several commands have alike."""

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

log_level_option = click.option(
    "--log-level", default="INFO", envvar="LISTENER_LOG_LEVEL", show_default=True, help="DEBUG, INFO, WARNING or ERROR."
)

#: For commands that work on a group without workers.
wait_option = click.option(
    "--wait",
    default=15.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for the group to notice that workers are gone: one that refused to count did not sign off.",
)


def on_off_option(name: str, text: str) -> Callable[[Command], Command]:
    """An option that is on by default, its value "on" or "off", with a help text."""
    return click.option(
        f"--{name}",
        type=click.Choice(["on", "off"]),
        default="on",
        envvar=f"LISTENER_{name.upper().replace('-', '_')}",
        show_default=True,
        help=text,
    )


#: For commands beside the workers.
retention_option = on_off_option("retention", "As the workers have it.")


def http_options(service: str, port: int, what: str = "health and metrics") -> Callable[[Command], Command]:
    """``--http-host`` and ``--http-port`` of a service, and arguments ``http_host`` and ``http_port``."""

    def decorate(command: Command) -> Command:
        numbered = click.option(
            "--http-port",
            default=port,
            envvar=f"LISTENER_{service}_HTTP_PORT",
            show_default=True,
            type=int,
            help=f"Port of {what}; 0 takes a free one.",
        )(command)
        return click.option(
            "--http-host",
            default="127.0.0.1",
            envvar=f"LISTENER_{service}_HTTP_HOST",
            show_default=True,
            help="Address to listen on; 0.0.0.0 is every one of the machine.",
        )(numbered)

    return decorate


def set_up_logging(level: str, libraries: Iterable[str]) -> None:
    """Log to standard error; of ``libraries`` only warnings."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for library in libraries:
        logging.getLogger(library).setLevel(logging.WARNING)
    # While a broker is away it logs ten errors a second; what matters is said once by who notices.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
