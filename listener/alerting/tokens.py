"""Signed, expiring permission to answer one incident: what a link in a message carries."""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from listener.errors import UsageProblem

#: A link works for so long: a message is read late, but not for ever.
LIFE_S: Final = 7 * 24 * 3600
_SHORTEST_KEY: Final = 32
_SIGNATURE: Final = 32


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """Which incident may be answered, until when (epoch seconds)."""

    campaign: str
    incident: str
    expires: int


@dataclass(frozen=True)
class Signer:
    """HMAC-SHA256 over a grant. The key never leaves it."""

    key: bytes

    def __repr__(self) -> str:
        return "Signer(key=…)"

    def sign(self, grant: Grant) -> str:
        """For a URL."""
        payload = msgspec.msgpack.encode(grant)
        return base64.urlsafe_b64encode(self._signature(payload) + payload).decode().rstrip("=")

    def verify(self, token: str, now: float) -> Grant:
        """The inverse of ``sign``; ValueError for a token that we did not sign or that has expired."""
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (UnicodeEncodeError, binascii.Error):
            raise ValueError("this link is damaged") from None
        signature, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise ValueError("this link is not ours, or damaged")
        grant = msgspec.msgpack.decode(payload, type=Grant)
        if now >= grant.expires:
            raise ValueError("this link has expired")
        return grant

    def _signature(self, payload: bytes) -> bytes:
        return hmac.new(self.key, b"listener.alert.v1|" + payload, hashlib.sha256).digest()


def read_key(file: Path | None, environment: str = "LISTENER_ALERT_KEY") -> bytes | None:
    """The key from a file or an environment variable; None without either.

    Raises UsageProblem for a file that cannot be read and for a key of under 32 bytes.
    """
    try:
        key = file.read_bytes().strip() if file is not None else os.environ.get(environment, "").encode()
    except OSError as error:
        raise UsageProblem(f"--alert-key-file: {file} cannot be read: {error.strerror}") from error
    if not key and file is None:
        return None
    if len(key) < _SHORTEST_KEY:
        raise UsageProblem(
            f"the key for links in alerts has {len(key)} bytes and needs {_SHORTEST_KEY}: "
            "`openssl rand -hex 32` makes one"
        )
    return key
