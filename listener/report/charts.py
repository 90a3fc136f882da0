"""Charts as inline SVG: nothing is loaded from elsewhere. Time runs from left to right in both languages."""

from collections.abc import Sequence
from html import escape
from typing import Final

from listener.report.words import Words

_WIDTH: Final = 720
_HEIGHT: Final = 200
_LEFT: Final = 56
_BOTTOM: Final = 26
_TOP: Final = 12
_LABELS: Final = 8
_STEPS: Final = 4
#: Up to here a quarter of a round number need not be whole.
_FEW: Final = 10
#: Half of the widest label: the last one would be cut off at the edge.
_HALF_LABEL: Final = 24


def spark(values: Sequence[float | None], *, width: int = 110, height: int = 28) -> str:
    """A small line without axes; gaps where there is no sample. Empty with fewer than two points."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low, high = min(known), max(known)
    scale = (height - 4) / (high - low) if high > low else 0
    step = width / (len(values) - 1)
    lines: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            lines[-1].append(f"{index * step:.1f},{height - 2 - (value - low) * scale:.1f}")
    drawn = "".join(f'<polyline points="{" ".join(points)}"/>' for points in lines if len(points) > 1)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg class="spark" {size} aria-hidden="true">{drawn}</svg>'


def bars(title: str, labels: Sequence[str], values: Sequence[float | None], words: Words) -> str:
    """Columns over days with an axis; ``title`` is read by screen readers, as are the values."""
    top = round_up(max((value or 0 for value in values), default=0))
    height = _HEIGHT - _TOP - _BOTTOM
    step = (_WIDTH - _LEFT) / max(1, len(values))
    drawn = [_axis(top, height, words)]
    every = -(-len(labels) // _LABELS)
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        x = _LEFT + index * step
        if value:
            tall = value / top * height
            shown = escape(f"{label}: {words.number(value)}")
            drawn.append(
                f'<rect x="{x + step * 0.15:.1f}" y="{_TOP + height - tall:.1f}" width="{step * 0.7:.1f}" '
                f'height="{tall:.1f}" rx="2"><title>{shown}</title></rect>'
            )
        if index % every == 0:
            middle = min(x + step / 2, _WIDTH - _HALF_LABEL)
            drawn.append(f'<text x="{middle:.1f}" y="{_HEIGHT - 8}" class="label">{escape(label)}</text>')
    body = "".join(drawn)
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title, quote=True)}" '
        f'direction="ltr">{body}</svg>'
    )


def progress(share: float, expected: float | None) -> str:
    """A bar of how far a target is reached, with a mark where it should be by now."""
    done = min(1.0, max(0.0, share))
    mark = (
        ""
        if expected is None
        else f'<span class="mark" style="inset-inline-start:{min(1.0, max(0.0, expected)) * 100:.1f}%"></span>'
    )
    return f'<div class="bar"><span class="done" style="width:{done * 100:.1f}%"></span>{mark}</div>'


def _axis(top: float, height: int, words: Words) -> str:
    lines = []
    for step in range(_STEPS + 1):
        y = _TOP + height - height * step / _STEPS
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        lines.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" class="value">{escape(words.number(top * step / _STEPS))}</text>'
        )
    return "".join(lines)


def round_up(value: float) -> float:
    """A round number at or above a value, so that the axis has round numbers; whole ones for a count."""
    if value <= 0:
        return 4.0
    if value == int(value) and value <= _FEW:
        return float(-(-int(value) // _STEPS) * _STEPS)
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(size * one for one in (1, 2, 4, 6, 8, 10) if size * one >= value)
