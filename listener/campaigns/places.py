"""Where a place inside a YAML scalar stands in its file: block, folded, quoted or plain."""

import re
from typing import Final

from yaml.nodes import ScalarNode

_CHUNK: Final = re.compile(r"\S+")
_BLOCK_HEADER: Final = re.compile(r"[|>][^\n]*\n")


def place(file_text: str, node: ScalarNode, line: int, column: int) -> tuple[int, int]:
    """Line and column, from 1, in the file of a line and column in the scalar's value.

    YAML changes nothing but blanks on the way from file to value (escapes in quotes aside), so the n-th stretch
    without blanks is the same in both.
    """
    value: str = node.value
    lines = value.split("\n")
    at = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
    number, offset = _chunk_of(value, at)
    start = node.start_mark.index
    written = file_text[start : node.end_mark.index]
    skipped = header.end() if (header := _BLOCK_HEADER.match(written)) else int(written[:1] in ("'", '"'))
    chunks = list(_CHUNK.finditer(written, skipped))
    if not chunks:
        return node.start_mark.line + 1, node.start_mark.column + 1
    chunk = chunks[min(number, len(chunks) - 1)]
    found = start + min(chunk.start() + offset, chunk.end())
    return file_text.count("\n", 0, found) + 1, found - file_text.rfind("\n", 0, found)


def _chunk_of(value: str, at: int) -> tuple[int, int]:
    """Which stretch without blanks a position lies in, and how far."""
    number, offset = 0, 0
    for index, chunk in enumerate(_CHUNK.finditer(value)):
        if chunk.start() > at:
            break
        number, offset = index, min(at, chunk.end()) - chunk.start()
    return number, offset
