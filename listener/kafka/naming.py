"""The options that say whose topics a command works on."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click

from listener.errors import UsageProblem
from models.topics import Namespace

P = ParamSpec("P")
R = TypeVar("R")


def namespace_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command ``--app`` and ``--topic-prefix``, and one argument ``namespace: Namespace`` for both."""

    @click.option(
        "--app",
        envvar="LISTENER_APP",
        default="listener",
        show_default=True,
        show_envvar=True,
        help="Name of the application: its consumer group and the start of its changelogs' names.",
    )
    @click.option(
        "--topic-prefix",
        envvar="LISTENER_TOPIC_PREFIX",
        default="",
        show_envvar=True,
        help="Put before every topic name but the changelogs'.",
    )
    @functools.wraps(command)
    def wrapper(*args: Any, app: str, topic_prefix: str, **kwargs: Any) -> R:
        try:
            kwargs["namespace"] = Namespace(app, topic_prefix)
        except ValueError as error:
            raise UsageProblem(f"--app, --topic-prefix: {error}.") from error
        return command(*args, **kwargs)

    return wrapper


def namespace_environment(namespace: Namespace) -> dict[str, str]:
    """The ``LISTENER_*`` variables that hand the same namespace to a subprocess."""
    return {"LISTENER_APP": namespace.app, "LISTENER_TOPIC_PREFIX": namespace.prefix}
