"""What the alerting is told, and the options that tell it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click

from listener.alerting.tokens import Signer, read_key
from listener.errors import UsageProblem

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class AlertingSettings:
    """Without an Alertmanager incidents are kept and shown, and nobody is told.

    ``base``: address of the board as people reach it, for links; without ``signer`` links answer nothing.
    """

    alertmanagers: tuple[str, ...] = ()
    base: str = ""
    signer: Signer | None = field(default=None, repr=False)


#: Nobody is told.
NOBODY: Final = AlertingSettings()


def alerting_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command the options of the alerting, and one argument ``alerting: AlertingSettings`` for all of them."""

    @click.option(
        "--alertmanager",
        "alertmanagers",
        multiple=True,
        envvar="LISTENER_ALERTMANAGERS",
        show_envvar=True,
        help="Address of an Alertmanager, such as http://localhost:9093; every one of a cluster, once each.",
    )
    @click.option(
        "--public-url",
        default="",
        envvar="LISTENER_PUBLIC_URL",
        show_envvar=True,
        help="Address at which people reach the board: links in alerts lead there.",
    )
    @click.option(
        "--alert-key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="LISTENER_ALERT_KEY_FILE",
        show_envvar=True,
        help="File with the secret that signs the links in alerts; or the secret itself in LISTENER_ALERT_KEY.",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any, alertmanagers: tuple[str, ...], public_url: str, alert_key_file: Path | None, **kwargs: Any
    ) -> R:
        for option, url in (*(("--alertmanager", one) for one in alertmanagers), ("--public-url", public_url)):
            if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
                raise UsageProblem(f"{option}: {url!r} is no http address, such as http://localhost:9093")
        key = read_key(alert_key_file)
        kwargs["alerting"] = AlertingSettings(alertmanagers, public_url, None if key is None else Signer(key))
        return command(*args, **kwargs)

    return wrapper
