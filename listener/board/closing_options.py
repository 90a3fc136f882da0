"""The options that say when a minute closes."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click

from processors.closing import USUAL, Rules

P = ParamSpec("P")
R = TypeVar("R")

_HELP = {
    "close_delay": (USUAL.delay_s, "Seconds from the end of a minute to its closing: slow sources need them."),
    "dead_after": (USUAL.dead_after_s, "Seconds after which a partition without a word holds no minute open any more."),
    "silent_after": (USUAL.silent_after_s, "Seconds without a record after which a topic's minutes are not complete."),
    "replay_after": (USUAL.replay_after_s, "Record times so many seconds behind the wall clock are a replay."),
}


def closing_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command the options, and one argument ``rules: Rules`` for them all."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        delay, dead, silent, replay = (kwargs.pop(name) for name in _HELP)
        kwargs["rules"] = Rules(delay_s=delay, dead_after_s=dead, silent_after_s=silent, replay_after_s=replay)
        return command(*args, **kwargs)

    decorated: Any = wrapper
    for name, (default, text) in reversed(_HELP.items()):
        decorated = click.option(
            f"--{name.replace('_', '-')}",
            default=default,
            envvar=f"LISTENER_BOARD_{name.upper()}",
            show_default=True,
            type=click.FloatRange(min=0.0),
            help=text,
        )(decorated)
    return decorated  # type: ignore[no-any-return]
