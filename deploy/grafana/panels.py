"""What a dashboard shows, as data: rows of panels, each with its queries, unit and a sentence on what it means."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["timeseries", "stat", "table"]
#: Panels with a text that is a moment, as Grafana shows them.
AGO: Final = "dateTimeFromNow"


@dataclass(frozen=True)
class Query:
    """PromQL, and the legend of its series."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """``unit`` as Grafana names it; ``width`` of 24, ``height`` in grid units; ``above``: a line that warns."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    above: float | None = None


@dataclass(frozen=True)
class Row:
    """A heading with its panels."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """A dashboard. ``variables``: of ``campaign`` and ``window``; ``spikes``: incidents as annotations."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[str, ...] = ()
    spikes: bool = False
    range: str = "now-6h"
    tags: tuple[str, ...] = field(default=("listener",))


def line(title: str, description: str, *queries: tuple[str, str], unit: str = "short", **more: float) -> Panel:
    """A time series; ``width``, ``height`` and ``above`` by name."""
    return _panel("timeseries", title, description, queries, unit, more)


def stat(title: str, description: str, *queries: tuple[str, str], unit: str = "short", **more: float) -> Panel:
    """One number, small."""
    return _panel("stat", title, description, queries, unit, {"width": 4, "height": 4} | more)


def table(title: str, description: str, *queries: tuple[str, str], unit: str = "short", **more: float) -> Panel:
    """The present values, a row each."""
    return _panel("table", title, description, queries, unit, more)


def _panel(
    kind: Kind,
    title: str,
    description: str,
    queries: Iterable[tuple[str, str]],
    unit: str,
    more: dict[str, float],
) -> Panel:
    asked = tuple(Query(*query) for query in queries)
    width, height = int(more.get("width", 8)), int(more.get("height", 8))
    return Panel(title, description, asked, unit, kind, width, height, more.get("above"))
