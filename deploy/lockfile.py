"""What can be told of the lock files without a network: ``python -m deploy.lockfile`` (``make audit-deps``).

Every package is pinned to one version with hashes, comes from the index that pip is told (no URL, no other index), is
what ``pyproject.toml`` asks for, and is what is installed. Whether a version is known to be vulnerable or was yanked
only an advisory database knows: docs/operations/secure.md has the command.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.lock"
#: Locks of parts: what they pin is pinned in the whole lock, to the same version.
PARTS: Final = (ROOT / "deploy" / "docker" / "requirements.lock",)
#: Locks on their own.
OTHERS: Final = (ROOT / "deploy" / "docker" / "build.lock",)

_PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[a-z,_-]+\])?==(?P<version>[^\s;\\]+)(?P<rest>.*)")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(text: str) -> tuple[dict[str, str], list[str]]:
    """(version by name, what is wrong) of a lock file: one pin an entry, each with sha256 hashes, and nothing else."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for entry in _entries(text):
        pin = _PIN.fullmatch(entry.partition(" --hash")[0].strip())
        if pin is None:
            wrong.append(f"{entry.split()[0]}: no pin to one version (NAME==VERSION)")
            continue
        name = canonicalize_name(pin["name"])
        if name in found:
            wrong.append(f"{name}: pinned twice")
        hashes = [word for word in entry.split() if word.startswith("--hash")]
        if not hashes or not all(map(_HASH.fullmatch, hashes)):
            wrong.append(f"{name}: has no hash, or one that is no sha256")
        found[name] = pin["version"]
    return found, wrong


def _entries(text: str) -> Iterator[str]:
    """Logical lines: continued ones in one, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for entry in "\n".join(lines).replace("\\\n", " ").splitlines():
        if entry.strip():
            yield " ".join(entry.split())


def asked(project: Mapping[str, Any], groups: Iterable[str] = ()) -> list[str]:
    """The requirements of a ``pyproject.toml``: those of the project, and of these dependency groups."""
    return [
        *project["project"].get("dependencies", ()),
        *(one for group in groups for one in project["dependency-groups"][group] if isinstance(one, str)),
    ]


def unmet(requirements: Iterable[str], locked: Mapping[str, str]) -> Iterator[str]:
    """What is asked for and not locked, or locked to a version that is not asked for."""
    for text in requirements:
        try:
            one = Requirement(text)
        except InvalidRequirement as error:
            yield f"{text}: {error}"
            continue
        if one.url:
            yield f"{one.name}: comes from {one.url}, not from the index"
        if one.marker is not None and not one.marker.evaluate():
            continue
        pinned = locked.get(canonicalize_name(one.name))
        if pinned is None:
            yield f"{one.name}: is asked for, but not in the lock: make lock"
        elif not one.specifier.contains(pinned, prereleases=True):
            yield f"{one.name}: {one.specifier} is asked for, the lock has {pinned}: make lock"


def differing(part: Mapping[str, str], whole: Mapping[str, str]) -> Iterator[str]:
    """Pins of a part that the whole does not have."""
    for name, pinned in part.items():
        if whole.get(name) != pinned:
            yield f"{name}: pinned to {pinned} here, to {whole.get(name, 'nothing')} in the whole lock"


def installed(locked: Mapping[str, str]) -> Iterator[str]:
    """Packages of this environment whose version is another."""
    for name, pinned in locked.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        if Version(found) != Version(pinned):
            yield f"{name}: {found} is installed, the lock has {pinned}: make install"


def problems() -> Iterator[str]:
    """All that is wrong in this repository."""
    whole, wrong = pins(LOCK.read_text(encoding="utf-8"))
    yield from (f"{LOCK.name}: {one}" for one in wrong)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    yield from (f"pyproject.toml: {one}" for one in unmet(asked(project, project["dependency-groups"]), whole))
    for path in (*PARTS, *OTHERS):
        found, wrong = pins(path.read_text(encoding="utf-8"))
        also = differing(found, whole) if path in PARTS else ()
        yield from (f"{path.relative_to(ROOT)}: {one}" for one in (*wrong, *also))
    yield from installed(whole)


def main() -> int:
    """Print what is wrong; 1 where anything is."""
    found = list(problems())
    for one in found:
        print(one)  # noqa: T201 - that is what it is for
    if not found:
        print(f"{LOCK.name}: every package pinned with hashes, as asked for and as installed")  # noqa: T201
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
