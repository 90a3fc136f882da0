"""Exclusion packs: phrases that come with the program and keep a kind of post out, by name and version."""

import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import yaml

_FILE: Final = re.compile(r"(?P<name>[a-z-]+)@(?P<version>\d+)\.yaml")


class Pack(NamedTuple):
    """One version of a pack; a version never changes once it was released."""

    name: str
    version: int
    #: Words and phrases, as keywords are written.
    none_of: tuple[str, ...]

    @property
    def label(self) -> str:
        """How a campaign names exactly this version."""
        return f"{self.name}@{self.version}"


@cache
def packs() -> dict[str, tuple[Pack, ...]]:
    """Every pack by name, its versions in order."""
    found: dict[str, list[Pack]] = {}
    for file in files("listener.campaigns").joinpath("packs").iterdir():
        if parts := _FILE.fullmatch(file.name):
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            pack = Pack(parts["name"], int(parts["version"]), tuple(content["none_of"]))
            found.setdefault(pack.name, []).append(pack)
    ordered = {name: sorted(versions, key=lambda pack: pack.version) for name, versions in sorted(found.items())}
    return {name: tuple(versions) for name, versions in ordered.items()}


def pack_of(asked: str) -> Pack:
    """The pack of ``job-ads`` (the newest version) or ``job-ads@1``; raises ValueError that names the others."""
    name, _, version = asked.partition("@")
    versions = packs().get(name)
    if versions is None:
        raise ValueError(f"no such pack; there are {', '.join(packs())}")
    if not version:
        return versions[-1]
    for pack in versions:
        if str(pack.version) == version:
            return pack
    raise ValueError(f"no such version; there are {', '.join(pack.label for pack in versions)}")
