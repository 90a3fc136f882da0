"""Targets of a campaign against its figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.attribution import Target
from models.campaign import Campaign
from models.kpis import BESIDE, KPIS, Kpi
from processors.kpis.evaluate import Evaluator, Reading
from processors.kpis.figures import Figures
from processors.kpis.periods import Period, Span
from processors.kpis.targets import Standing, since_start, standing, warnings, whole_days


@dataclass(frozen=True)
class Aim:
    """A target, where it stands, the days behind it, and what speaks against it."""

    target: Target
    standing: Standing
    daily: tuple[float | None, ...]
    warnings: tuple[str, ...]


def aims(figures: Figures, campaign: Campaign, now: int) -> Iterator[Aim]:
    """Every target of a campaign at ``now`` (epoch ms)."""
    evaluator = Evaluator(figures, campaign)
    for target in campaign.targets:
        kpi = (KPIS | BESIDE)[target.kpi]
        part = next((one for one in kpi.parts if one.name == target.part), kpi.parts[0])
        additive = part.kind in ("A", "S")
        actual = _value(evaluator, kpi, target, since_start(target, now, additive=additive))
        days = whole_days(target, now, campaign.timezone)
        daily = tuple(_value(evaluator, kpi, target, span) for span in days)
        best = max((value for value in daily if value is not None), default=None)
        found = standing(target, kpi, part, actual, daily, now, campaign.timezone)
        yield Aim(target, found, daily, tuple(warnings(target, None if additive or kpi.lower_of(part.name) else best)))


def _value(evaluator: Evaluator, kpi: Kpi, target: Target, span: Span) -> float | None:
    readings = evaluator.readings(kpi, Period("custom", span, None))
    return next((_float(one) for one in readings if target.part in (None, one.key or one.part.name)), None)


def _float(reading: Reading) -> float | None:
    return None if reading.value is None else float(reading.value)
