"""What the filters on standard input have in common: a line in, its id passed on, a malformed line answered too."""

from typing import Final, TypeVar

import msgspec

_ID_BEGINNINGS: Final = b'"-0123456789'


class Line(msgspec.Struct):
    """One input line; the id is passed on as it is written."""

    id: msgspec.Raw
    text: str


class Failed(msgspec.Struct):
    """The answer to a malformed line."""

    id: None
    error: str


L = TypeVar("L", bound=Line)


def parse(decoder: "msgspec.json.Decoder[L]", raw: bytes) -> L:
    """The line; raises ValueError that names the field."""
    try:
        line = decoder.decode(raw)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if bytes(line.id)[:1] not in _ID_BEGINNINGS:
        raise ValueError("Expected a string or a number - at `$.id`")
    return line


def malformed_lines(count: int) -> str:
    """What is said at the end when ``count`` lines were malformed."""
    return f'{count} malformed lines (named above); each must be {{"id": ..., "text": "..."}}'
