"""A mention's text with what matched in it set apart."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from listener.board.mentions_json import Reason

#: Longest text that is shown, in characters, and how much of it may stand before the first match.
SHOWN: Final = 420
_BEFORE: Final = 120


class Piece(NamedTuple):
    """A stretch of text; ``found``: it is what matched."""

    text: str
    found: bool


def pieces(text: str, reasons: Iterable[Reason]) -> list[Piece]:
    """The text, or the part of it that begins shortly before the first match; cut ends have an ellipsis."""
    spans = _merged([(one.start, one.end) for one in reasons if 0 <= one.start < one.end <= len(text)])
    low = 0
    if len(text) > SHOWN and spans and spans[0][0] > _BEFORE:
        low = text.rfind(" ", 0, spans[0][0] - _BEFORE // 2) + 1
    high = min(len(text), low + SHOWN)
    cut = [Piece("…", found=False)] if low else []
    at = low
    for start, end in spans:
        if start >= high:
            break
        cut += [Piece(text[at:start], found=False), Piece(text[start : min(end, high)], found=True)]
        at = min(end, high)
    cut += [Piece(text[at:high] + ("…" if high < len(text) else ""), found=False)]
    return [piece for piece in cut if piece.text]


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
