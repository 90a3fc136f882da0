"""Cold windows, packed: the cells of a campaign in a span of windows as one value, with their totals beside them.

A year of 200 campaigns in 12 partitions has 17 million cells. As Python objects each takes some 270 bytes, packed less
than 10 (docs/decisions/020). Nothing is lost: a block holds every cell as it is on the wire, stamp included, so a cell
that comes late is judged as ever. It is packed again when it has been left alone for a while.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from models.cells import WINDOWS, parse_window_key, window_key

#: Immutable, in the order of the stream's metrics: a shallow copy of what holds them is a snapshot.
Counters = tuple[int, ...]
#: Window start → platform → counters.
Windows = dict[int, dict[str, Counters]]

#: Seconds of windows in one block, per table: some 30 to 60 windows.
SPAN_S: Final = {"minute": 3600, "hour": 2 * 86_400, "day": 32 * 86_400}
#: A block is cold when its span has ended so long before the newest window of its table (seconds).
COLD_S: Final = {"minute": 3600, "hour": 86_400, "day": 2 * 86_400}
#: Level 1: five times as fast as the usual level, and a fifth larger.
_LEVEL: Final = 1
#: Before a key instead of a cell's name; no name begins like this.
_WHOLE: Final = "="

#: First window start, cell names, and per cell: number of its name, windows since the first, value.
_Packed = tuple[int, list[str], list[tuple[int, int, bytes]]]
_encode = msgspec.msgpack.Encoder().encode
_cells = msgspec.msgpack.Decoder(_Packed).decode
_totals = msgspec.msgpack.Decoder(dict[int, dict[str, Counters]]).decode


class Block(NamedTuple):
    """``size`` cells and the totals of their windows, packed."""

    size: int
    cells: bytes
    totals: bytes


def pack(short: str, cells: Iterable[tuple[bytes, bytes]], totals: Mapping[int, Mapping[str, Counters]]) -> Block:
    """Pack the cells of a table and the totals of their windows."""
    size = WINDOWS[short]
    rows: list[tuple[str, int, bytes]] = []
    for key, value in cells:
        name, start = parse_window_key(key)
        text = name.text()
        # A key that another program would write differently could not be made again: it is kept whole.
        rows.append((text if window_key(text, start, size) == key else _WHOLE + key.decode(), start, value))
    rows.sort()
    index = {text: number for number, text in enumerate(dict.fromkeys(row[0] for row in rows))}
    first = rows[0][1] if rows else 0
    packed = first, list(index), [(index[text], (start - first) // size, value) for text, start, value in rows]
    return Block(len(rows), zlib.compress(_encode(packed), _LEVEL), zlib.compress(_encode(totals), _LEVEL))


def unpack_cells(short: str, block: Block) -> list[tuple[bytes, bytes]]:
    """(changelog key, value) of every cell."""
    first, names, rows = _cells(zlib.decompress(block.cells))
    size = WINDOWS[short]
    keys = [(name[1:].encode() if name.startswith(_WHOLE) else None, name) for name in names]
    return [(keys[at][0] or window_key(keys[at][1], first + number * size, size), value) for at, number, value in rows]


def unpack_totals(block: Block) -> Windows:
    """The totals of the block's windows."""
    return _totals(zlib.decompress(block.totals))


def span_of(short: str, start: int) -> int:
    """The start of the span that a window is in."""
    return start // SPAN_S[short] * SPAN_S[short]
