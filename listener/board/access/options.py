"""The options of a command that serves: who may ask."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from listener.board.access.settings import AUTHS, IDENTITY_HEADER, TRUSTED_PROXIES, AccessSettings

P = ParamSpec("P")
R = TypeVar("R")

_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = (
    click.option(
        "--auth",
        type=click.Choice(AUTHS),
        default="local",
        envvar="LISTENER_AUTH",
        show_default=True,
        show_envvar=True,
        help="Who may ask: local (this machine), proxy (whom a trusted reverse proxy names), token (only tokens), "
        "anyone (whoever reaches the address).",
    ),
    click.option(
        "--identity-header",
        default=IDENTITY_HEADER,
        envvar="LISTENER_IDENTITY_HEADER",
        show_default=True,
        show_envvar=True,
        help="Header in which the proxy names the user.",
    ),
    click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        default=TRUSTED_PROXIES,
        envvar="LISTENER_TRUSTED_PROXIES",
        show_default=True,
        show_envvar=True,
        metavar="ADDRESS|NETWORK",
        help="Where the proxy's requests come from; from elsewhere its headers are ignored.",
    ),
    click.option(
        "--teams-header",
        envvar="LISTENER_TEAMS_HEADER",
        show_envvar=True,
        help="Header in which the proxy lists the user's teams, with commas between them.",
    ),
    click.option(
        "--teams-file",
        type=_FILE,
        envvar="LISTENER_TEAMS_FILE",
        show_envvar=True,
        help="YAML file of users and their teams; * is every team.",
    ),
    click.option(
        "--admin-team",
        envvar="LISTENER_ADMIN_TEAM",
        show_envvar=True,
        help="Who is in this team sees every campaign.",
    ),
    click.option(
        "--tokens-file",
        type=_FILE,
        envvar="LISTENER_TOKENS_FILE",
        show_envvar=True,
        help="File of API tokens; `listener token new` prints its lines.",
    ),
)


def access_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command the options, and one argument ``access: AccessSettings`` for them all."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        names = ("auth", "identity_header", "trusted_proxies", "teams_header", "teams_file", "admin_team")
        kwargs["access"] = AccessSettings(**{name: kwargs.pop(name) for name in (*names, "tokens_file")})
        return command(*args, **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
