"""The KPIs in the live view of a demo: of the campaign of which most is known."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any, Final

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from listener.report.words import Words
from models.kpis import KPIS

#: Of the last 24 hours; all others are of the campaign to date.
GROWTH: Final = "sales_growth"
#: Columns that one KPI takes with its value.
_WIDTH: Final = 50
_TITLE: Final = 27
_VALUE: Final = 20
#: Numbers of one KPI that are shown: the parts of inbound links, not a hundred keywords.
_MOST: Final = 4
_WORDS: Final = Words("en", "gregorian", "UTC")


class KpisNow(Struct, frozen=True):
    """A campaign and the numbers of its KPIs as texts, by KPI; without those that have no sample."""

    campaign: str
    values: dict[str, str]


def known(campaign: str, kpis: Mapping[str, Mapping[str, Any]]) -> KpisNow:
    """From the answer of ``/api/campaigns/{id}/kpis``."""
    told = {name: _text(name, kpis[name]) for name in KPIS if name in kpis}
    return KpisNow(campaign, {name: text for name, text in told.items() if text})


def most_known(found: Iterable[KpisNow]) -> KpisNow | None:
    """The one with most KPIs that say anything but zero; the first of equals."""
    return max(
        found, key=lambda one: sum(text not in ("0", "0 sessions") for text in one.values.values()), default=None
    )


def kpi_rows(width: int) -> int:
    """How many lines ``kpi_table`` takes at this width, its title included."""
    return ceil(len(KPIS) / _columns(width)) + 2


def kpi_table(now: KpisNow, before: KpisNow | None, width: int) -> Table:
    """All 24, column by column; what has changed since ``before`` is bold."""
    columns = _columns(width)
    rows = ceil(len(KPIS) / columns)
    title = f"KPIs of {now.campaign}, campaign to date (growth: of 24 hours)"
    table = Table(
        box=None,
        padding=(0, 1),
        pad_edge=False,
        show_header=False,
        title=title,
        title_justify="left",
        title_style="bold",
    )
    for _ in range(columns):
        table.add_column(no_wrap=True, style="dim", max_width=_TITLE)
        table.add_column(no_wrap=True, justify="right", max_width=_VALUE)
    names = list(KPIS)
    for row in range(rows):
        table.add_row(*(cell for name in names[row::rows] for cell in _cells(name, now, before)))
    return table


def kpi_line(now: KpisNow) -> str:
    """On one line, for where there is no terminal."""
    told = ", ".join(f"{name} {text}" for name, text in now.values.items())
    return f"listener: KPIs of {now.campaign}, {len(now.values)} of {len(KPIS)} with a value: {told}"


def _columns(width: int) -> int:
    return max(1, width // _WIDTH)


def _cells(name: str, now: KpisNow, before: KpisNow | None) -> tuple[str, Text]:
    text = now.values.get(name)
    moved = before is not None and before.campaign == now.campaign and before.values.get(name) != text
    return KPIS[name].title.en, Text(text or "no sample", "dim" if text is None else "bold green" if moved else "")


def _text(name: str, body: Mapping[str, Any]) -> str:
    """The numbers of a KPI; empty where none has a sample."""
    kpi, value = KPIS[name], body["value"]
    currency = body["unit"] if kpi.unit == "money" else None
    if not isinstance(value, dict):
        return "" if value is None else _WORDS.value(value, kpi.unit, currency)
    if kpi.each == "conversion":
        return _WORDS.number(sum(value.values()))
    units = {part.name: part.unit for part in kpi.parts}
    if all(one is None for one in value.values()):
        return ""
    parts = [_brief(number, units.get(part, kpi.parts[0].unit)) for part, number in list(value.items())[:_MOST]]
    return " / ".join(parts)


def _brief(number: float | None, unit: str) -> str:
    if number is None:
        return "–"
    if unit == "money":
        return _WORDS.brief(number, unit)
    return _WORDS.percent(number) if unit == "ratio" else _WORDS.number(number)
