"""What a worker is told about mentions: whether to write them down, and whether to judge them."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click
from click.core import ParameterSource

from listener.options import on_off_option

P = ParamSpec("P")
R = TypeVar("R")

_MENTIONS_HELP = (
    "Write every mention down; off counts only, for a fraction of the CPU. Then there is no sentiment, relevance or "
    "story, and of what is counted meanwhile the board has no posts to show, search or export, and no explanation of "
    "a spike. Deletes still erase what was written before. Off implies --understanding off."
)
_UNDERSTANDING_HELP = (
    "Judge sentiment, relevance and story of every mention; off saves seconds at the start, and CPU per mention."
)


def mention_options(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command ``--mentions`` and ``--understanding``, and arguments ``mentions`` and ``understanding``."""

    @on_off_option("mentions", _MENTIONS_HELP)
    @on_off_option("understanding", _UNDERSTANDING_HELP)
    @functools.wraps(command)
    def wrapper(*args: Any, mentions: str, understanding: str, **kwargs: Any) -> R:
        written, judged = mentions == "on", understanding == "on"
        if judged and not written and _was_asked_for("understanding"):
            raise click.UsageError(
                "--understanding on needs --mentions on: only a mention that is written down is judged. "
                "Leave one of them out."
            )
        return command(*args, mentions=written, understanding=written and judged, **kwargs)  # type: ignore[arg-type]

    return wrapper


def _was_asked_for(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
