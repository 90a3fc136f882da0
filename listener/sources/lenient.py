"""What a message says besides its text: a field that is not as documented costs that field, not the message."""

from typing import TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")

#: Stands for a field that is not there.
ABSENT = Raw()


def optional(raw: Raw, kind: type[T]) -> T | None:
    """The value of a field; None when it is absent, null or not of its kind."""
    if not bytes(raw):
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError):
        return None


def members(raw: Raw, kind: type[T]) -> list[T]:
    """The members of a list that are of their kind; none when it is no list."""
    parts = optional(raw, list[Raw]) or []
    return [found for part in parts if (found := optional(part, kind)) is not None]
