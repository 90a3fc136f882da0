"""The configuration of sources: one YAML file, ``sources:`` by name, each with its ``kind``."""

import importlib
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from listener.errors import UsageProblem
from listener.sources.kit.connector import Configured

#: kind → "module:class" of its settings; imported only when used.
KINDS: Final[dict[str, str]] = {
    "feeds": "listener.sources.feeds.poller:FeedsConfig",
    "bluesky": "listener.sources.networks.jetstream:BlueskyConfig",
    "mastodon": "listener.sources.networks.mastodon_stream:MastodonConfig",
    "telegram": "listener.sources.networks.telegram_channels:TelegramConfig",
    "youtube": "listener.sources.apis.youtube:YoutubeConfig",
    "aparat": "listener.sources.apis.aparat:AparatConfig",
    "gdelt": "listener.sources.apis.gdelt:GdeltConfig",
    "webhook": "listener.sources.push.webhook:WebhookConfig",
    "files": "listener.sources.push.files:FilesConfig",
    "engagement": "listener.sources.engagement.poller:EngagementConfig",
}

#: A name is part of keys, metric labels and logs.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


def load_source(name: str, file: Path | None) -> Configured:
    """The settings of the source ``name``; without a file, the kind of that name with its defaults.

    Raises UsageProblem that names file, line and field.
    """
    if file is None:
        if name not in KINDS:
            raise UsageProblem(f"no --config FILE, and {name!r} is no kind of source ({', '.join(KINDS)}).")
        return _settings(name, {}, f"{name} without --config", None)
    tree, sources = _sources(file)
    if name not in sources:
        raise UsageProblem(f"{file}: there is no source {name!r}; there are: {', '.join(sources) or 'none'}.")
    if not _NAME.fullmatch(name):
        raise UsageProblem(f"{file}: {name!r}: a source's name is lower-case letters, digits, '-' and '_'.")
    settings = sources[name]
    if not isinstance(settings, dict):
        raise UsageProblem(f"{file}: sources.{name}: give `kind: …` and its settings.")
    kind = settings.pop("kind", name)
    if kind not in KINDS:
        raise UsageProblem(f"{file}: sources.{name}.kind: {kind!r} is none of {', '.join(KINDS)}.")
    return _settings(str(kind), settings, str(file), _child(_child(tree, "sources"), name))


def _sources(file: Path) -> tuple[Node | None, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        tree, document = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageProblem(f"{file} cannot be read: {' '.join(str(error).split())}.") from error
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, dict):
        raise UsageProblem(f"{file}: `sources:` with one entry for each source is missing.")
    return tree, {str(name): settings for name, settings in sources.items()}


def _settings(kind: str, values: dict[str, Any], where: str, node: Node | None) -> Configured:
    module, _, name = KINDS[kind].partition(":")
    config = getattr(importlib.import_module(module), name)
    try:
        settings: Configured = msgspec.convert(values, type=config)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        line = _line(node, path.rstrip("`"))
        raise UsageProblem(
            f"{where}{f':{line}' if line else ''}: {path.rstrip('`').lstrip('.') or kind}: {message}."
        ) from error
    return settings


def _line(node: Node | None, path: str) -> int | None:
    """The line of what ``path`` names, as far as it is there."""
    line = None if node is None else node.start_mark.line + 1
    for key, index in _STEP.findall(path):
        node = _child(node, key or int(index))
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: Node = node.value[step]
        return child
    return None
