"""Every KPI of a campaign as plain data."""

from collections.abc import Sequence
from typing import Any

from listener.kpis.spans import Wanted
from models.campaign import Campaign
from models.kpis import BESIDE, KPIS
from processors.kpis.evaluate import Evaluator
from processors.kpis.figures import Figures
from processors.kpis.results import result


def evaluated(
    figures: Figures,
    campaign: Campaign,
    wanted: Wanted,
    now: int,
    *,
    explicit_now: bool,
    beside: bool = False,
    group: Sequence[Campaign] = (),
) -> dict[str, Any]:
    """KPI id → its object, in the order of the catalogue; ``group``: all campaigns of its group."""
    period = wanted(campaign, now, explicit_now)
    evaluator = Evaluator(figures, campaign, group)
    catalogue = KPIS | BESIDE if beside else KPIS
    return {name: result(kpi, evaluator.readings(kpi, period), period) for name, kpi in catalogue.items()}
