"""What every panel asks, and what an answer of Prometheus comes to: the pure part of ``make observe``."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from deploy.grafana.panels import AGO, Board

#: What a panel's variables stand for where nobody has chosen: every campaign, and the first window of the list.
RATE_INTERVAL: Final = "1m"
SHOWN: Final = 4
_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Asked:
    """A query of a panel, ready for Prometheus."""

    board: str
    panel: str
    expr: str
    legend: str
    unit: str


@dataclass(frozen=True)
class Answer:
    """What came: labels and value of every series that has one."""

    asked: Asked
    series: tuple[tuple[Mapping[str, str], float], ...]

    @classmethod
    def of(cls, asked: Asked, result: Sequence[Mapping[str, Any]]) -> "Answer":
        """From the result of an instant query; a value that is no number is none."""
        values = ((one["metric"], float(one["value"][1])) for one in result)
        return cls(asked, tuple((labels, value) for labels, value in values if not math.isnan(value)))


def asked(boards: Iterable[Board], windows: Mapping[str, str]) -> Iterator[Asked]:
    """Every query of every panel; ``windows``: uid of a dashboard → its window."""
    for board in boards:
        for row in board.rows:
            for panel in row.panels:
                for query in panel.queries:
                    expr = query.expr.replace("$__rate_interval", RATE_INTERVAL).replace("$campaign", ".*")
                    expr = expr.replace("$window", windows.get(board.uid, ""))
                    yield Asked(board.uid, panel.title, expr, query.legend, panel.unit)


def legend(template: str, labels: Mapping[str, str]) -> str:
    """As Grafana writes it: a label that a series lacks is nothing."""
    return " ".join(_LABEL.sub(lambda found: labels.get(found[1], ""), template).split())


def amount(value: float, unit: str) -> str:
    """A value as a person reads it in the panel's unit."""
    if unit == AGO:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(sep=" ", timespec="seconds")
    if unit == "percentunit":
        return f"{value * 100:.4g} %"
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    suffix = {"s": " s", "ops": "/s"}.get(unit, "")
    return f"{value:,.0f}{suffix}" if value.is_integer() else f"{value:,.4g}{suffix}"


def row(answer: Answer) -> tuple[str, str, str, str]:
    """(dashboard, panel, series, values) of the table; the largest values first, the rest counted."""
    ordered = sorted(answer.series, key=lambda one: -one[1])
    found = [
        f"{legend(answer.asked.legend, labels)} = {amount(value, answer.asked.unit)}"
        for labels, value in ordered[:SHOWN]
    ]
    rest = len(ordered) - SHOWN
    told = "; ".join(found) + (f"; and {rest} more" if rest > 0 else "") if found else f"NOTHING  {answer.asked.expr}"
    return answer.asked.board, answer.asked.panel, str(len(ordered)), told


@dataclass(frozen=True)
class Verdict:
    """``empty``: without data and without a reason; ``excused``: with one; ``needless``: reasons of what has data."""

    empty: tuple[Asked, ...]
    excused: tuple[tuple[Asked, str], ...]
    needless: tuple[str, ...]


def verdict(answers: Sequence[Answer], reasons: Mapping[tuple[str, str], str]) -> Verdict:
    """``reasons``: (uid, panel) → why it may be empty here. One that is not needed is reported, so none stays."""
    empty = [one.asked for one in answers if not one.series]
    excused = [(one, reasons[one.board, one.panel]) for one in empty if (one.board, one.panel) in reasons]
    used = {(one.board, one.panel) for one, _ in excused}
    return Verdict(
        tuple(one for one in empty if (one.board, one.panel) not in reasons),
        tuple(excused),
        tuple(f"{board}, {panel}" for board, panel in reasons if (board, panel) not in used),
    )
