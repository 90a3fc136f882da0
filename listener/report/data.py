"""What a report says, before anybody has laid it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from listener.report.source import Completeness, ReportSource, Top
from models.feedback import TargetSet
from models.incident import Incident
from models.kpis import KPIS, Kpi
from processors.kpis.periods import custom, day_start, local_day

#: More days than this are drawn as weeks.
_MOST_DAYS: Final = 62
_WEEK: Final = 7
_TOP: Final = 8


@dataclass(frozen=True)
class Line:
    """One number of one KPI: now, before, its days, and how it is to be read."""

    kpi: Kpi
    part: str
    value: float | None
    before: float | None
    numerator: float | None
    denominator: float | None
    currency: str | None
    unit: str
    days: tuple[float | None, ...]
    target: dict[str, Any] | None
    label: str | None = None
    interval: tuple[float, float] | None = None
    #: Currencies of numerator and denominator, where those are money.
    moneys: tuple[str | None, str | None] = (None, None)

    @property
    def change(self) -> float | None:
        """Against the like period before, as a share; None without one."""
        if self.value is None or not self.before:
            return None
        return (self.value - self.before) / abs(self.before)

    @property
    def better(self) -> bool | None:
        """Whether the change is for the better; None where nothing changed or nobody can say."""
        if not self.change:
            return None
        return (self.change < 0) is self.kpi.lower_of(self.part)


@dataclass(frozen=True)
class Report:
    """A campaign over a period (epoch ms, end exclusive)."""

    campaign: str
    title: str
    zone: str
    start: int
    end: int
    before: tuple[int, int] | None
    now: int
    lines: tuple[Line, ...]
    beside: dict[str, dict[str, Any]]
    beside_before: dict[str, dict[str, Any]]
    days: tuple[date, ...]
    daily: tuple[dict[str, Any], ...]
    targets: tuple[dict[str, Any], ...]
    top: Top
    completeness: Completeness
    incidents: tuple[Incident, ...] | None = None
    target_changes: tuple[TargetSet, ...] = ()

    def of(self, name: str) -> tuple[Line, ...]:
        """The lines of a KPI."""
        return tuple(line for line in self.lines if line.kpi.id == name)


def make_report(source: ReportSource, start: int, end: int) -> Report:
    """Ask the source for everything over a span and the like one before."""
    zone = source.campaign.timezone
    before = custom(start, end, zone).before
    now = source.kpis(start, end)
    past = source.kpis(*_bounds(before)) if before else {}
    days = _days(start, min(end, source.now + 1), zone)
    daily = tuple(source.kpis(*_span(days, index, end, zone)) for index in range(len(days)))
    targets = tuple(source.targets())
    incidents = source.incidents(start, end)
    return Report(
        campaign=source.campaign.id,
        title=source.campaign.name or source.campaign.id,
        zone=zone,
        start=start,
        end=end,
        before=_bounds(before) if before else None,
        now=source.now,
        lines=tuple(line for kpi in KPIS.values() for line in lines_of(kpi, now, past, daily, targets)),
        beside={name: body for name, body in now.items() if name not in KPIS},
        beside_before={name: body for name, body in past.items() if name not in KPIS},
        days=tuple(days),
        daily=daily,
        targets=targets,
        top=source.top(start, end, _TOP),
        completeness=source.completeness(start, end),
        incidents=None if incidents is None else tuple(incidents),
        target_changes=tuple(source.target_changes()),
    )


def part_of(body: Any, part: str) -> Any:
    """A part's number of a field of a KPI; the field itself where a KPI is one number."""
    return body.get(part) if isinstance(body, dict) else body


def _moneys(body: dict[str, Any], name: str, currency: str | None) -> tuple[str | None, str | None]:
    """Currencies of numerator and denominator; ``currency``: that of the value, whose denominator then is a count."""
    top, bottom = part_of(body.get("currency"), name) or (currency, None)
    return top, bottom


def _bounds(span: Any) -> tuple[int, int]:
    return int(span.start or 0), int(span.end or 0)


def _days(start: int, end: int, zone: str) -> list[date]:
    """The first day of each bucket: days, or weeks where there are too many."""
    first, last = local_day(start, zone), local_day(max(start, end - 1), zone)
    count = (last - first).days + 1
    step = 1 if count <= _MOST_DAYS else _WEEK
    return [first + timedelta(days=number) for number in range(0, count, step)]


def _span(days: Sequence[date], index: int, end: int, zone: str) -> tuple[int, int]:
    after = day_start(days[index + 1], zone) if index + 1 < len(days) else None
    if after is None:
        step = days[1] - days[0] if len(days) > 1 else timedelta(days=1)
        after = min(end, day_start(days[index] + step, zone))
    return day_start(days[index], zone), max(after, day_start(days[index], zone) + 60_000)


def lines_of(
    kpi: Kpi,
    now: dict[str, Any],
    past: dict[str, Any],
    daily: Sequence[dict[str, Any]],
    targets: Sequence[dict[str, Any]],
) -> list[Line]:
    """The lines of one KPI. ``now``, ``past``, ``daily``: KPI id → its object, over the period, before, by day."""
    body, old = now[kpi.id], past.get(kpi.id, {})
    names = list(body["value"]) if isinstance(body["value"], dict) else [""]
    units = {part.name: part.unit for part in kpi.parts}
    lines = []
    for name in names:
        unit = units.get(name, kpi.parts[0].unit)
        interval = part_of(body.get("interval"), name) if body.get("interval") else None
        currency = body["unit"] if unit == "money" and body["unit"] != "money" else None
        lines.append(
            Line(
                kpi=kpi,
                part=name,
                value=part_of(body["value"], name),
                before=part_of(old.get("value"), name),
                numerator=part_of(body["numerator"], name),
                denominator=part_of(body["denominator"], name),
                currency=currency,
                unit=unit,
                days=tuple(part_of(day[kpi.id]["value"], name) for day in daily),
                target=next((one for one in targets if one["kpi"] == kpi.id and (one["part"] or "") == name), None),
                label=body.get("label") if isinstance(body.get("label"), str) else None,
                interval=None if interval is None else (interval[0], interval[1]),
                moneys=_moneys(body, name, currency),
            )
        )
    return lines
