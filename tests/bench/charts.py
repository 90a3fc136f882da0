"""Charts of the benchmarks as SVG: bars, and curves over a logarithmic axis."""

from collections.abc import Mapping, Sequence
from typing import Final

OURS: Final = "#0a7d5a"
OTHER: Final = "#8a8f98"
_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" '
    'font-size="13"><title>{title}</title><rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{text}</text>'


def bars(title: str, values: Mapping[str, float], ours: Sequence[str]) -> str:
    """Bars, the smallest on top; those of ``ours`` in green."""
    row, label, width = 30, 270, 420
    top, parts = max(values.values()), [_text(8, 22, title, ' font-weight="bold"')]
    for number, (name, value) in enumerate(sorted(values.items(), key=lambda one: one[1])):
        y, size = 40 + number * row, max(1.0, value / top * width)
        colour = OURS if name in ours else OTHER
        parts += (
            _text(label - 8, y + 14, name, ' text-anchor="end"'),
            f'<rect x="{label}" y="{y}" width="{size:.1f}" height="20" fill="{colour}"/>',
            _text(label + size + 6, y + 14, f"{value:.1f}"),
        )
    return _SVG.format(width=label + width + 60, height=50 + len(values) * row, title=title, body="".join(parts))


def panels(title: str, curves: Mapping[str, Sequence[tuple[str, float]]], unit: str) -> str:
    """Small charts side by side, three in a row: one curve each, points evenly spaced, from zero."""
    width, height, across = 250, 190, 3
    parts = [_text(8, 22, title, ' font-weight="bold"')]
    for number, (name, points) in enumerate(curves.items()):
        left, top = 8 + number % across * width, 34 + number // across * height
        parts.append(_panel(left, top, name, points, unit))
    rows = -(-len(curves) // across)
    return _SVG.format(width=across * width + 16, height=44 + rows * height, title=title, body="".join(parts))


def _panel(left: float, top: float, name: str, points: Sequence[tuple[str, float]], unit: str) -> str:
    high, floor, wide = max(value for _, value in points) or 1.0, top + 145, 190
    step = wide / max(1, len(points) - 1)
    at = [(left + 20 + number * step, floor - value / high * 95) for number, (_, value) in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    small = ' text-anchor="middle" font-size="11"'
    parts = [
        _text(left, top + 14, f"{name}, {unit}"),
        f'<line x1="{left}" y1="{floor}" x2="{left + wide + 40}" y2="{floor}" stroke="{OTHER}"/>',
        f'<polyline points="{line}" fill="none" stroke="{OURS}" stroke-width="2"/>',
    ]
    for (x, y), (label, value) in zip(at, points, strict=True):
        parts += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{OURS}"/>',
            _text(x, y - 8, f"{value:.3g}", small),
            _text(x, floor + 15, label, small),
        )
    return "".join(parts)
