"""Bearer tokens: kept as hashes only, one line each, so that a file that leaks opens nothing."""

import secrets
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from listener.errors import UsageProblem

#: 256 bits: no salt or slow hash is needed for what nobody can guess.
_BYTES: Final = 32
_PREFIX: Final = "sha256:"
_HEX_DIGITS: Final = 64


class Tokens:
    """Tokens by their hashes: ``sha256:HEX NAME``, and lines that begin with # for people."""

    def __init__(self, hashes: dict[str, str]) -> None:
        self._hashes = hashes

    @classmethod
    def read(cls, file: Path) -> "Tokens":
        """Raises UsageProblem that names file and line."""
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageProblem(
                f"tokens: {file} cannot be read: {error}. `listener source token NAME` makes a line for it."
            ) from error
        hashes: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            digest, _, name = line.strip().partition(" ")
            if not digest.startswith(_PREFIX) or len(digest) != len(_PREFIX) + _HEX_DIGITS or not name.strip():
                raise UsageProblem(
                    f"{file}:{number}: not `sha256:HEX NAME`. `listener source token NAME` makes a line."
                )
            hashes[name.strip()] = digest
        if not hashes:
            raise UsageProblem(f"{file} holds no token. `listener source token NAME` makes a line for it.")
        return cls(hashes)

    def holder(self, authorization: str | None) -> str | None:
        """Who the ``Authorization`` header is of; None for nobody. Takes the same time for every wrong token."""
        scheme, _, token = (authorization or "").partition(" ")
        digest = hashed(token.strip()) if scheme.lower() == "bearer" else ""
        found = [name for name, known in self._hashes.items() if compare_digest(known, digest)]
        return found[0] if found else None


def new_token() -> str:
    """A token that nobody has."""
    return secrets.token_urlsafe(_BYTES)


def hashed(token: str) -> str:
    """What is kept of a token."""
    return _PREFIX + sha256(token.encode(errors="replace")).hexdigest()
