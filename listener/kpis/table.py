"""KPIs as a table for people."""

from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from models.campaign import CampaignSet

_WIDTH: Final = 110
_FRACTION: Final = ("numerator", "denominator")


def table(campaigns: CampaignSet, results: Mapping[str, Mapping[str, Any]]) -> str:
    """One table per campaign: KPI, value, unit, numerator and denominator."""
    out = StringIO()
    console = Console(file=out, width=_WIDTH)
    for campaign in campaigns.campaigns:
        shown = Table("KPI", "value", "unit", "numerator", "denominator", title=f"{campaign.id} ({campaign.name})")
        for column in (1, 3, 4):
            shown.columns[column].justify = "right"
        for name, body in results[campaign.id].items():
            for row in _rows(name, body):
                shown.add_row(*row)
        console.print(shown)
    return out.getvalue()


def _rows(name: str, body: Mapping[str, Any]) -> list[tuple[str, ...]]:
    value = body["value"]
    if not isinstance(value, dict):
        return [(name, _text(value), body["unit"], _text(body["numerator"]), _text(body["denominator"]))]
    return [
        (f"{name}.{part}", _text(one), body["unit"], *(_text(_part(body[field], part)) for field in _FRACTION))
        for part, one in value.items()
    ]


def _part(numbers: Any, part: str) -> Any:
    return numbers.get(part) if isinstance(numbers, dict) else numbers


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
