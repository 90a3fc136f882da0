"""The key under which authors are hashed: from the environment or a file, never from the command line."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from listener.errors import UsageProblem
from processors.authors import MIN_KEY_BYTES

AUTHOR_KEY_VARIABLE = "LISTENER_AUTHOR_KEY"

P = ParamSpec("P")
R = TypeVar("R")


def author_key_option(command: Callable[P, R]) -> Callable[..., R]:
    """Give a command ``--author-key-file`` and one argument ``author_key: bytes | None``."""

    @click.option(
        "--author-key-file",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="LISTENER_AUTHOR_KEY_FILE",
        show_envvar=True,
        help=f"File with the key for hashing authors (or the key itself in ${AUTHOR_KEY_VARIABLE}); "
        "without one, mentions name no author.",
    )
    @functools.wraps(command)
    def wrapper(*args: Any, author_key_file: Path | None, **kwargs: Any) -> R:
        kwargs["author_key"] = author_key(author_key_file, os.environ.get(AUTHOR_KEY_VARIABLE))
        return command(*args, **kwargs)

    return wrapper


def author_key(file: Path | None, text: str | None) -> bytes | None:
    """The key, a file before the environment; UsageProblem for one that cannot be read or is too short."""
    if file is not None:
        try:
            key = file.read_bytes().strip()
        except OSError as error:
            raise UsageProblem(f"--author-key-file: {file} cannot be read: {error.strerror or error}.") from error
    elif text:
        key = text.strip().encode()
    else:
        return None
    if len(key) < MIN_KEY_BYTES:
        raise UsageProblem(
            f"the key for authors has {len(key)} bytes and needs {MIN_KEY_BYTES} or more: "
            "`openssl rand -hex 32` makes one."
        )
    return key
