"""The report in formats for machines and sheets."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from listener.report.data import Line, Report
from listener.report.words import Words
from processors.windows import rfc3339

COLUMNS: Final = (
    *("kpi", "title", "part", "value", "unit", "before", "change", "numerator", "denominator"),
    *("target", "from", "to"),
)
#: A cell that begins so is a formula to a spreadsheet; text of others must not be.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDEST: Final = 40


def as_json(report: Report) -> str:
    """Everything in the report."""
    body = {
        "campaign": report.campaign,
        "title": report.title,
        "from": rfc3339(report.start),
        "to": rfc3339(report.end),
        "before": [rfc3339(one) for one in report.before] if report.before else None,
        "kpis": [dict(zip(COLUMNS, _row(report, line, "en"), strict=True)) for line in report.lines],
        "beside": report.beside,
        "targets": report.targets,
        "days": [
            {"day": day.isoformat(), "kpis": {name: one["value"] for name, one in values.items()}}
            for day, values in zip(report.days, report.daily, strict=True)
        ],
        "top": [
            {"text": one.text, "url": one.url, "platform": one.platform, "time": rfc3339(one.moment), **one.counts}
            for one in report.top.mentions
        ],
        "sources": [{"name": name, "mentions": count} for name, count in report.top.sources],
        "outcomes": report.completeness.outcomes,
        "completeness": {name: getattr(report.completeness, name) for name in ("mean", "least", "minutes")},
        "incidents": msgspec.to_builtins(report.incidents),
        "target_history": msgspec.to_builtins(report.target_changes),
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def as_csv(report: Report, words: Words) -> str:
    """The KPIs as a table, with a byte order mark, as Excel wants it for Persian."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in _row(report, line, words.lang)] for line in report.lines)
    return "\ufeff" + out.getvalue()


def as_xlsx(report: Report, words: Words) -> bytes:
    """Sheets: KPIs, days, targets, what was said."""
    book = Workbook()
    book.remove(book.active)
    _sheet(book, words.say("شاخص‌ها", "KPIs"), COLUMNS, (_row(report, one, words.lang) for one in report.lines), words)
    _sheet(book, words.say("روزها", "Days"), *_days(report), words)
    names = (
        "kpi",
        "part",
        "target",
        "owner",
        "deadline",
        "actual",
        "expected",
        "attainment",
        "pace",
        "forecast",
        "verdict",
    )
    _sheet(book, words.say("هدف‌ها", "Targets"), names, ([one[name] for name in names] for one in report.targets), words)
    head = ("text", "platform", "url", "likes", "comments", "shares", "views")
    top = (
        [one.text, one.platform, one.url, *(one.counts.get(name) for name in head[3:])] for one in report.top.mentions
    )
    _sheet(book, words.say("گفت‌وگوها", "Mentions"), head, top, words)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _row(report: Report, line: Line, lang: Any) -> list[Any]:
    unit = line.currency or line.unit
    target = line.target["target"] if line.target else None
    title = line.kpi.title.of(lang)
    span = (rfc3339(report.start), rfc3339(report.end))
    numbers = (line.before, line.change, line.numerator, line.denominator, target)
    return [line.kpi.id, title, line.part, line.value, unit, *numbers, *span]


def _days(report: Report) -> tuple[tuple[str, ...], Iterator[list[Any]]]:
    single = (
        [name for name, body in report.daily[0].items() if not isinstance(body["value"], dict)] if report.daily else []
    )
    rows = (
        [day.isoformat(), *(values[name]["value"] for name in single)]
        for day, values in zip(report.days, report.daily, strict=True)
    )
    return ("day", *single), rows


def _sheet(book: Any, title: str, columns: tuple[str, ...], rows: Any, words: Words) -> None:
    sheet = book.create_sheet(title)
    sheet.sheet_view.rightToLeft = words.lang == "fa"
    sheet.append(list(columns))
    for row in rows:
        sheet.append([_safe(cell) for cell in row])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column in sheet.columns:
        widest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(_WIDEST, widest + 2)
    sheet.freeze_panes = "A2"


def _safe(cell: Any) -> Any:
    """Text that a spreadsheet would run as a formula is kept as text; objects are written as JSON."""
    if isinstance(cell, dict):
        return json.dumps(cell, ensure_ascii=False)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
