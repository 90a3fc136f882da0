"""Records of ``listener.source_cursors.v1``: how far each connector has read its source.

Compacted; the key is the source's name, or ``name|part`` where a source has several lists (feeds, channels, files).
"""

from typing import Any, Final

from msgspec import Struct

CURSORS_TOPIC: Final = "listener.source_cursors.v1"
#: Between the name of a source and its part in a key; a name has none.
SEPARATOR: Final = "|"


class SourceCursor(Struct):
    """The place that was reached: all before it is acknowledged. What ``cursor`` holds is the source's business."""

    source: str
    part: str
    cursor: Any
    schema_version: int = 1


def cursor_key(source: str, part: str) -> bytes:
    """Key of one part of a source; a source may have just the part ''."""
    return f"{source}{SEPARATOR}{part}".encode() if part else source.encode()
