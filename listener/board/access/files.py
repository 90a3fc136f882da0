"""The files that say who may: tokens (hashes only) and teams. Read again when they change."""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import yaml

from listener.board.access.identity import ALL_TEAMS, SCOPES
from listener.errors import UsageProblem

_log = logging.getLogger("listener.board.access")

TOKEN_PREFIX: Final = "listener_"  # noqa: S105 - what every token begins with, for scanners that look for leaks
_TOKEN_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_FIELDS: Final = 4
#: A file is looked at again after so many seconds.
_LOOK_S: Final = 2.0

T = TypeVar("T")


@dataclass(frozen=True)
class Token:
    """What the file knows of a token: never the token itself."""

    name: str
    digest: str
    scopes: frozenset[str]
    teams: frozenset[str]

    @property
    def line(self) -> str:
        """Its line of the file."""
        scopes = ",".join(scope for scope in SCOPES if scope in self.scopes)
        return f"{self.name}:{self.digest}:{scopes}:{','.join(sorted(self.teams))}"


def new_token(name: str, scopes: Iterable[str], teams: Iterable[str]) -> tuple[str, Token]:
    """A fresh token, and what is kept of it. UsageProblem for a name, scope or team that the file cannot hold."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    token = Token(name, _digest(secret), frozenset(scopes), frozenset(teams))
    try:
        same = len(token.line.splitlines()) == 1 and _parse_line(token.line) == token
    except ValueError as error:
        raise UsageProblem(f"{name}: {error}.") from error
    if not same:
        raise UsageProblem(f"{name}: team names must have no comma, no line break and no space around them.")
    return secret, token


def read_tokens(file: Path) -> tuple[Token, ...]:
    """All tokens of a file; empty lines and those that begin with # are left out. UsageProblem names file and line."""
    tokens: dict[str, Token] = {}
    for number, line in enumerate(_text(file).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            token = _parse_line(line.strip())
        except ValueError as error:
            raise UsageProblem(f"{file}:{number}: {error}. `listener token new` prints sound lines.") from error
        if token.name in tokens:
            raise UsageProblem(f"{file}:{number}: the name {token.name} is there twice: remove the older line.")
        tokens[token.name] = token
    return tuple(tokens.values())


def token_of(tokens: Iterable[Token], secret: str) -> Token | None:
    """The token with this secret; as long for a wrong one as for a right one."""
    digest = _digest(secret)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def read_teams(file: Path) -> dict[str, frozenset[str]]:
    """User → teams, of a YAML file. UsageProblem names the file and the user."""
    try:
        found = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        raise UsageProblem(f"{file}: is no YAML ({error}).") from error
    if not isinstance(found, Mapping):
        raise UsageProblem(f"{file}: must be a mapping of users to teams, such as `leila: [online, retail]`.")
    teams: dict[str, frozenset[str]] = {}
    for user, names in found.items():
        listed = [names] if isinstance(names, str) else names
        sound = isinstance(user, str) and isinstance(listed, list) and all(isinstance(one, str) for one in listed)
        if not sound:
            raise UsageProblem(f"{file}: {user}: must be a list of team names in quotes or plain text.")
        teams[user] = frozenset(listed)
    return teams


class Watched(Generic[T]):
    """What a file says now: read at the start, and again when it has changed. A broken change keeps what was."""

    def __init__(self, file: Path, read: Callable[[Path], T], now: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._read = read
        self._now = now
        self._seen = self._mark()
        self._value = read(file)
        self._looked = now()

    def __call__(self) -> T:
        """The present value."""
        if self._now() - self._looked >= _LOOK_S:
            self._looked = self._now()
            seen = self._mark()
            if seen != self._seen:
                self._seen = seen
                self._again()
        return self._value

    def _again(self) -> None:
        try:
            self._value = self._read(self._file)
            _log.info("%s: read again", self._file)
        except UsageProblem as problem:
            _log.error("what was there before stays in force: %s", problem)

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size


def _parse_line(line: str) -> Token:
    fields = line.split(":", _FIELDS - 1)
    if len(fields) != _FIELDS:
        raise ValueError("must be name:sha256(token):scopes:teams")
    name, digest, scopes, teams = fields
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name {name!r} must be letters, digits, '.', '_' or '-', 64 at most")
    if not _DIGEST.fullmatch(digest):
        raise ValueError("the second field must be the SHA-256 of the token in hexadecimal, never the token")
    given = frozenset(filter(None, scopes.split(",")))
    if not given or not given <= set(SCOPES):
        raise ValueError(f"scopes are {scopes!r}, but must be some of {', '.join(SCOPES)}")
    named = frozenset(team for one in teams.split(",") if (team := one.strip()))
    if not named:
        raise ValueError(f"no teams are named; {ALL_TEAMS} stands for all")
    return Token(name, digest, given, named)


def _digest(secret: str) -> str:
    # A token has 256 random bits: a slow hash would protect nothing more.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} cannot be read: {error}.") from error
