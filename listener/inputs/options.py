"""The options that ``listener demo`` and ``listener recount`` share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from listener.errors import UsageProblem
from listener.inputs.fieldmap import FieldMap

DEFAULT_PARTITIONS: Final = 4

R = TypeVar("R")


@dataclass(frozen=True)
class Replay:
    """What is replayed and how it is counted; ``speed`` is a multiple of the real rate, None for as fast as can be."""

    inputs: tuple[Path, ...]
    field_map: FieldMap
    campaigns: Path
    partitions: int = DEFAULT_PARTITIONS
    retention: bool = False
    speed: float | None = None
    workers: int = 1


class Speed(click.ParamType):
    """``max`` (None) or a positive multiple of the real rate."""

    name = "max|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """The multiple; click's own error for anything else."""
        if value == "max":
            return None
        speed: float = click.FloatRange(min=0, min_open=True).convert(value, param, ctx)
        return speed


class ManyInputs(click.Command):
    """A command whose ``--input`` takes every word up to the next option, as shells expand ``--input *.jsonl``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further file."""
        expanded: list[str] = []
        option, words = "", 0
        for word in args:
            if word.startswith("-"):
                option, words = word, int(word.startswith("--input="))
            else:
                if words and option.startswith("--input"):
                    expanded.append("--input")
                words += 1
            expanded.append(word)
        return super().parse_args(ctx, expanded)


_EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_EXISTING_DIRECTORY: Final = click.Path(exists=True, file_okay=False, path_type=Path)

_OPTIONS: Final = (
    click.option("--once", is_flag=True, help="Count the input, print the result and end."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output instead of a table."),
    click.option("--input", "inputs", multiple=True, type=_EXISTING_FILE, metavar="FILE…", help="NDJSON files."),
    click.option(
        "--map",
        "field_map",
        multiple=True,
        metavar="TARGET=SOURCE,…",
        help="Where the files have our fields (for example post_id=id,created_at=ts,counts.likes=likes).",
    ),
    click.option("--campaigns", type=_EXISTING_DIRECTORY, metavar="DIR", help="Directory of campaign files."),
    click.option("--speed", type=Speed(), default="max", show_default=True, help="As fast as can be, or N × real."),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Worker processes (recount needs none).",
    ),
    click.option(
        "--partitions",
        type=click.IntRange(min=1),
        default=DEFAULT_PARTITIONS,
        show_default=True,
        help="Partitions of the input topics.",
    ),
    click.option(
        "--retention",
        type=click.Choice(["on", "off"]),
        default="off",
        show_default=True,
        help="Drop old state, and refuse as late what is more than 48 h behind (by the records' own time).",
    ),
)

NEEDED: Final = (
    "give both --input FILE… and --campaigns DIR, or neither for the sample stream; "
    "--map, --speed, --workers, --partitions, --retention and --json as you like (--help explains them)."
)


def replay_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command (of class ``ManyInputs``) these options and the arguments ``replay``, ``once`` and ``as_json``.

    ``replay`` is a ``Replay``, the others are flags; without inputs and campaigns the sample stream is meant. Raises
    UsageProblem when only one of them is given, or the map is wrong.
    """

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        names = ("inputs", "field_map", "campaigns", "speed", "workers", "partitions", "retention")
        kwargs["replay"] = _replay({name: kwargs.pop(name) for name in names}, has_source=bool(kwargs.get("source")))
        return command(*args, **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _replay(options: dict[str, Any], *, has_source: bool) -> Replay:
    if options["inputs"] and has_source:
        raise UsageProblem("give either --input or --source.")
    if bool(options["inputs"]) != bool(options["campaigns"]) and not has_source:
        raise UsageProblem(NEEDED)
    options["campaigns"] = options["campaigns"] or Path()
    field_map = FieldMap.parse(options.pop("field_map"))
    return Replay(**(options | {"field_map": field_map, "retention": options["retention"] == "on"}))
