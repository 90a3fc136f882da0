"""Every option of every command, with its environment variable, default and meaning."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import click

#: An option of so many commands, the same in all, is listed once.
_SHARED_BY: Final = 3
#: Variables that belong to no option, with what they mean.
OTHER_VARIABLES: Final = {
    "LISTENER_SASL_PASSWORD": "The password, where no `--sasl-password-file` is given. It is never an option.",
    "XDG_CACHE_HOME": "Where user caches are: Kafka's files are in `listener/` under it, if no `--cache-dir` is given.",
    "TMPDIR": "Where a demo and a temporary broker keep their data while they run.",
}

_HEADER: Final = ("| Option | Variable | Default | Meaning |", "|---|---|---|---|")


@dataclass(frozen=True)
class Setting:
    """One option as the page shows it."""

    names: str
    variable: str
    default: str
    meaning: str

    @classmethod
    def of(cls, option: click.Option) -> "Setting":
        """From click's declaration; ValueError when it does not say what it is for."""
        names = "/".join((*option.opts, *option.secondary_opts))
        if not option.help:
            raise ValueError(f"{names} has no help text")
        return cls(f"{names}{_value(option)}", str(option.envvar or ""), _default(option), option.help)

    @property
    def row(self) -> str:
        """A line of a Markdown table."""
        cells = (_code(self.names), _code(self.variable), _code(self.default), _escaped(self.meaning))
        return f"| {' | '.join(cells)} |"


@dataclass
class Commands:
    """The settings of all commands by path (``listener worker``), in the order of the help page."""

    by_path: dict[str, list[Setting]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: click.Command) -> "Commands":
        """All below a root command; hidden options are for tests and left out."""
        return cls({path: list(_settings(command)) for path, command in _leaves(root, "listener", None)})

    def shared(self) -> dict[Setting, list[str]]:
        """Settings that several commands have in the same words, with their paths."""
        users: dict[Setting, list[str]] = defaultdict(list)
        for path, settings in self.by_path.items():
            for setting in settings:
                users[setting].append(path)
        return {setting: paths for setting, paths in users.items() if len(paths) >= _SHARED_BY}


def settings_page(root: click.Command, note: str) -> str:
    """The page: shared settings, those of each command, and variables without an option."""
    commands = Commands.of(root)
    shared = commands.shared()
    lines = ["# Settings", "", note, "An option on the command line wins over its environment variable.", ""]
    lines += ["## Shared by several commands", "", *_HEADER]
    lines += [
        f"{setting.row[:-2]} *({', '.join(path.removeprefix('listener ') for path in paths)})* |"
        for setting, paths in shared.items()
    ]
    for path, settings in commands.by_path.items():
        if own := [setting.row for setting in settings if setting not in shared]:
            lines += ["", f"## `{path}`", "", *_HEADER, *own]
    lines += ["", "## Variables without an option", "", "| Variable | Meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in OTHER_VARIABLES.items()]
    return "\n".join(lines) + "\n"


def _leaves(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        if sub is not None and not sub.hidden:
            yield from _leaves(sub, f"{path} {name}", context)


def _settings(command: click.Command) -> Iterator[Setting]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield Setting.of(parameter)


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    metavar = option.metavar
    if not metavar:
        kind = option.type
        metavar = "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else _kind(kind)
    return f" {metavar}"


def _kind(kind: click.ParamType) -> str:
    name = kind.name.upper() if kind.name.isalpha() else kind.name
    known = {click.types.IntParamType: "N", click.types.FloatParamType: "N", click.types.Path: "PATH"}
    return next((text for type_, text in known.items() if isinstance(kind, type_)), name)


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    if option.is_flag:
        return "on" if option.default is True else "off"
    default = option.to_info_dict()["default"]
    # click has a sentinel of its own for "nothing".
    known = default is not None and type(default).__name__ != "Sentinel"
    return str(default) if known and not option.multiple else ""


def _code(text: str) -> str:
    return f"`{_escaped(text)}`" if text else ""


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
