"""Targets of a campaign against its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.attribution import Target
from models.campaign import Campaign
from models.kpis import BESIDE, KPIS, Kpi, Part
from processors.kpis.evaluate import Evaluator, Reading
from processors.kpis.figures import Figures
from processors.kpis.periods import Period, Span, custom
from processors.kpis.targets import (
    Caution,
    Standing,
    cautions,
    since_start,
    standing,
    warnings,
    way,
    whole_days,
)
from processors.windows import DAY_MS


@dataclass(frozen=True)
class Aim:
    """A target, where it stands, the days behind it, and what speaks against it.

    ``course``: (end of a whole local day, epoch ms, value) of the days behind it: of a count the sum since the start,
    of anything else the value of that day. ``way``: where it should be, see ``targets.way``.
    """

    target: Target
    standing: Standing
    daily: tuple[float | None, ...]
    warnings: tuple[str, ...]
    cautions: tuple[Caution, ...] = ()
    course: tuple[tuple[int, float | None], ...] = ()
    way: tuple[tuple[int, float], ...] = ()


def aims(figures: Figures, campaign: Campaign, now: int) -> Iterator[Aim]:
    """Every target of a campaign at ``now`` (epoch ms)."""
    evaluator = Evaluator(figures, campaign)
    for target in campaign.targets:
        kpi = (KPIS | BESIDE)[target.kpi]
        part = next((one for one in kpi.parts if one.name == target.part), kpi.parts[0])
        additive = part.kind in ("A", "S")
        actual = _value(evaluator, kpi, target, since_start(target, now, campaign.timezone))
        days = whole_days(target, now, campaign.timezone)
        daily = tuple(_value(evaluator, kpi, target, _day(span, campaign.timezone)) for span in days)
        best = _best(kpi, part, target, daily)
        yield Aim(
            target,
            standing(target, kpi, part, actual, daily, now, campaign.timezone),
            daily,
            warnings=tuple(warnings(target, best)),
            cautions=tuple(cautions(target, best)),
            course=tuple(_course(evaluator, kpi, part, target, days, daily)),
            way=tuple(way(target, campaign.timezone, additive=additive)),
        )


def _best(kpi: Kpi, part: Part, target: Target, daily: Sequence[float | None]) -> float | None:
    """The best that the past shows: of a count as much as if every day until the deadline were its best day."""
    best = max((value for value in daily if value is not None), default=None)
    if best is None or part.kind == "S" or kpi.lower_of(part.name):
        return None
    if part.kind != "A":
        return best
    return None if target.start_ms is None else best * (target.deadline_ms - target.start_ms) / DAY_MS


def _course(
    evaluator: Evaluator, kpi: Kpi, part: Part, target: Target, days: Sequence[Span], daily: Sequence[float | None]
) -> Iterator[tuple[int, float | None]]:
    """Sizes of sets have none: the days do not add up."""
    if part.kind == "S" or not days:
        return
    total = 0.0
    first = days[0].start or 0
    if part.kind == "A" and first > (target.start_ms or 0):
        total = _value(evaluator, kpi, target, Period("custom", Span(target.start_ms, first), None)) or 0.0
    for span, value in zip(days, daily, strict=True):
        total += value or 0.0
        yield span.end or 0, total if part.kind == "A" else value


def _day(span: Span, zone: str) -> Period:
    """A whole local day, which a growth compares with the day before."""
    return custom(span.start or 0, span.end or 0, zone)


def _value(evaluator: Evaluator, kpi: Kpi, target: Target, period: Period) -> float | None:
    readings = evaluator.readings(kpi, period)
    return next((_float(one) for one in readings if target.part in (None, one.key or one.part.name)), None)


def _float(reading: Reading) -> float | None:
    return None if reading.value is None else float(reading.value)
