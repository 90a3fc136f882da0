"""KPIs as plain data: what the command line, the API and reports hand out."""

from fractions import Fraction
from typing import Any, Final

from models.kpis.shape import Kpi
from processors.kpis.evaluate import Reading
from processors.kpis.periods import Period
from processors.windows import rfc3339

#: KPIs whose single value is an object by key, however many keys there are.
_BY_KEY: Final = frozenset(("conversion", "keyword"))


def number(value: Fraction | None) -> int | float | None:
    """A JSON number: an integer where it is one."""
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else float(value)


def result(kpi: Kpi, readings: list[Reading], period: Period) -> dict[str, Any]:
    """One KPI as an object: ``value``, ``unit``, ``numerator``, ``denominator``, ``period`` and what explains them.

    A KPI with parts has objects for the first two and the last two. The rank at a single provider is a number, those
    at several an object by provider: they are never put together.
    """
    names = [reading.key or reading.part.name for reading in readings]
    split = any(names) and not (kpi.each == "provider" and len(readings) == 1)
    body: dict[str, Any] = {
        "value": _all(names, [number(one.value) for one in readings], split=split, kpi=kpi, sampled=True),
        "unit": _unit(kpi, readings),
        "numerator": _all(names, [number(one.numerator) for one in readings], split=split, kpi=kpi),
        "denominator": _all(names, [number(one.denominator) for one in readings], split=split, kpi=kpi),
        "period": period.name,
        "from": None if period.span.start is None else rfc3339(period.span.start),
        "to": None if period.span.end is None else rfc3339(period.span.end),
    }
    _explain(body, kpi, readings, names)
    return body


def _all(names: list[str], values: list[Any], *, split: bool, kpi: Kpi, sampled: bool = False) -> Any:
    """An object by name, or the only number; without ``sampled`` null where no name has one."""
    if split or (kpi.each in _BY_KEY and values):
        if all(one is None for one in values) and not sampled:
            return None
        return dict(zip(names, values, strict=True))
    return values[0] if values else None


def _unit(kpi: Kpi, readings: list[Reading]) -> str:
    currency = next((one.currency for one in readings if one.currency), None)
    return currency if kpi.unit == "money" and currency else kpi.unit


def _explain(body: dict[str, Any], kpi: Kpi, readings: list[Reading], names: list[str]) -> None:
    """What is there beside the contract: net amounts, intervals, the base or stage, provider, estimates.

    ``currency``: of numerator and denominator, where those are money and the value is none.
    """
    nets = {name: number(one.net) for name, one in zip(names, readings, strict=True) if one.net is not None}
    if nets:
        body["net"] = nets.get("", nets)
    intervals = {name: one.interval for name, one in zip(names, readings, strict=True) if one.interval is not None}
    if intervals:
        body["interval"] = intervals
    real = {name: number(one.real) for name, one in zip(names, readings, strict=True) if one.real is not None}
    if real:
        body["real"] = real
    moneys = {name: list(one.moneys) for name, one in zip(names, readings, strict=True) if any(one.moneys)}
    if moneys and kpi.unit != "money":
        body["currency"] = moneys.get("", moneys)
    labels = list(dict.fromkeys(one.label for one in readings if one.label))
    if kpi.label and labels:
        body["label"] = labels[0] if len(labels) == 1 else labels
    if kpi.id == "search_ranking":
        body["state"] = _ranking_state(readings)
    if kpi.estimated:
        body["estimated"] = True


def _ranking_state(readings: list[Reading]) -> str:
    """``ranked``, ``not_in_top`` (rows, but none with a position), or ``unknown`` (no rows)."""
    position, share = readings[0], readings[1]
    if position.denominator:
        return "ranked"
    return "not_in_top" if share.denominator else "unknown"
