"""Which feeds: named in the configuration, from an OPML file, or from the ready list."""

from importlib import resources
from pathlib import Path
from typing import Final

import msgspec
import yaml
from lxml import etree  # type: ignore[import-untyped]
from msgspec import Struct

from listener.errors import UsageProblem

#: Names of ready lists, each a YAML file beside this module.
LISTS: Final = ("persian",)


class FeedSettings(Struct, forbid_unknown_fields=True):
    """One feed. ``zone``: of its dates without offset (IANA). ``interval_s``: seconds between two polls."""

    url: str
    name: str | None = None
    zone: str | None = None
    interval_s: float | None = None


def ready_list(name: str) -> list[FeedSettings]:
    """The feeds of a list that comes with the program."""
    text = (resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text)["feeds"], type=list[FeedSettings])


def from_opml(file: Path) -> list[FeedSettings]:
    """The feeds of an OPML file, whatever folders they are in. Raises UsageProblem when there are none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(file.read_bytes(), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        raise UsageProblem(f"opml: {file} cannot be read: {error}.") from error
    outlines = [] if root is None else root.iter("outline")
    feeds = [
        FeedSettings(url, name=outline.get("title") or outline.get("text"))
        for outline in outlines
        if (url := (outline.get("xmlUrl") or "").strip())
    ]
    if not feeds:
        raise UsageProblem(f"opml: {file} names no feeds: no `outline` has an `xmlUrl`.")
    return feeds
