"""Formulas as data: expression trees over the cells' metrics. processors/kpis/evaluate.py gives them numbers.

``stream`` is the short name of a stream, ``dimension`` the beginning of a cell's dimension (empty: all of them).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
class Stories:
    """Distinct stories among the press mentions of the window: no sum, but a count of a set."""


Expr = Sum | Level | Money | Plus | Minus | Scaled | Choice | Conversions | Stories


def text(expr: Expr) -> str:
    """An expression as documentation writes it."""
    match expr:
        case Sum(stream, metrics, dimension):
            where = f"[{dimension}…]" if dimension else ""
            return " + ".join(f"Σ {stream}.{metric}{where}" for metric in metrics)
        case Level(stream, metric, dimension) | Money(stream, metric, dimension):
            where = f"[{dimension}…]" if dimension else ""
            return f"{'level of' if isinstance(expr, Level) else 'Σ'} {stream}.{metric}{where}"
        case Plus(left, right):
            return f"{text(left)} + {text(right)}"
        case Minus(left, right):
            return f"({text(left)} − {text(right)})"
        case Scaled(of, by):
            return f"{text(of)} / {by}"
        case Choice(setting, options):
            return f"by `{setting}`: " + "; ".join(f"{name}: {text(one)}" for name, one in options.items())
        case Conversions(kind):
            return "conversions" if kind is None else f"conversions of type {kind}"
        case Stories():
            return "distinct stories"
