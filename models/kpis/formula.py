"""Formulas as data: expression trees over the cells' metrics. processors/kpis/evaluate.py gives them numbers.

``stream`` is the short name of a stream, ``dimension`` the beginning of a cell's dimension (empty: all of them).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True)
class Sum:
    """The sum of metrics over the window."""

    stream: str
    metrics: tuple[str, ...]
    dimension: str = ""


@dataclass(frozen=True)
class Level:
    """What stands at the end of the window: the sum of all net changes up to then."""

    stream: str
    metric: str
    dimension: str = ""


@dataclass(frozen=True)
class Money:
    """A sum of money over the window; the dimension ends in the currency. Sums of several currencies are no number."""

    stream: str
    metric: str
    dimension: str = ""


@dataclass(frozen=True)
class Plus:
    """The sum of two expressions."""

    left: "Expr"
    right: "Expr"


@dataclass(frozen=True)
class Minus:
    """The difference of two expressions."""

    left: "Expr"
    right: "Expr"


@dataclass(frozen=True)
class Scaled:
    """An expression divided by a constant: milliseconds to seconds."""

    of: "Expr"
    by: int


@dataclass(frozen=True)
class Choice:
    """The expression that a setting of the campaign names; without the setting, the first that has something."""

    setting: str
    options: Mapping[str, "Expr"] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversions:
    """Conversion events of one type, or of all types that the campaign counts."""

    kind: str | None = None


@dataclass(frozen=True)
class Counted:
    """The size of a set, which is no sum.

    ``stories`` of the press mentions and ``authors`` of the mentions of the window; ``potential_reach``: followers of
    those authors. Exact while they are few, else an estimate of a known error (processors/kpis/distinct.py).
    ``visitors`` with a session in it: an estimate from cells (processors/kpis/visitors.py).
    """

    what: Literal["stories", "authors", "potential_reach", "visitors"]


@dataclass(frozen=True)
class Group:
    """A sum over all campaigns of the campaign's group."""

    of: Sum


Expr = Sum | Level | Money | Plus | Minus | Scaled | Choice | Conversions | Counted | Group


_SETS: Final = {
    "stories": "distinct stories",
    "authors": "distinct authors",
    "visitors": "distinct visitors",
    "potential_reach": "Σ followers of distinct authors",
}


def text(expr: Expr) -> str:
    """An expression as documentation writes it."""
    match expr:
        case Sum(stream, metrics, dimension):
            where = f"[{dimension}…]" if dimension else ""
            return " + ".join(f"Σ {stream}.{metric}{where}" for metric in metrics)
        case Level(stream, metric, dimension) | Money(stream, metric, dimension):
            where = f"[{dimension}…]" if dimension else ""
            return f"{'level of' if isinstance(expr, Level) else 'Σ'} {stream}.{metric}{where}"
        case Plus(left, right) | Minus(left, right):
            sign = "+" if isinstance(expr, Plus) else "−"
            return f"({text(left)} {sign} {text(right)})"
        case Scaled(of, by):
            return f"{text(of)} / {by}"
        case Choice(setting, options):
            return f"by `{setting}`: " + "; ".join(f"{name}: {text(one)}" for name, one in options.items())
        case Conversions(kind):
            return "conversions" if kind is None else f"conversions of type {kind}"
        case Counted(what):
            return _SETS[what]
        case Group(of):
            return f"{text(of)} over the group"
