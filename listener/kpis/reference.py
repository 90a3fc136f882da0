"""The reference page of the KPIs, made from the catalogue."""

from collections.abc import Iterator

from listener.kpis.rules import expression, panel_query, record_name
from models.kpis import BESIDE, KPIS, Kpi, Part
from models.kpis.formula import text
from models.kpis.shape import KIND_NAMES

_QUESTIONS = ("What does it measure?", "What is it for?", "Where does its data come from?", "Over which period?")
_FA = ("چه چیزی را می‌سنجد؟", "به چه کار می‌آید؟", "داده‌اش از کجاست؟", "در چه بازه‌ای؟")


def kpis_page(note: str) -> str:
    """All KPIs: a table of them, then each with formula, questions, pitfall, rule and panel query."""
    lines = [
        "# KPIs",
        "",
        note,
        "A ratio is a ratio of sums over the period; a zero denominator gives no sample. Kinds: "
        + ", ".join(f"**{kind}** {name}" for kind, name in KIND_NAMES.items())
        + ". How they are worked out from records: [KPIs, from records to numbers](../explanation/kpis.md).",
        "",
        "| # | KPI | فارسی | Unit | Kind | Parts |",
        "|---|---|---|---|---|---|",
        *(_row(str(number), kpi) for number, kpi in enumerate(KPIS.values(), 1)),
        *(_row("", kpi) for kpi in BESIDE.values()),
        "",
    ]
    for kpi in (KPIS | BESIDE).values():
        lines += _section(kpi)
    return "\n".join(lines) + "\n"


def _row(number: str, kpi: Kpi) -> str:
    parts = ", ".join(f"`{_part_name(kpi, part)}`" for part in kpi.parts if _part_name(kpi, part))
    return f"| {number} | [`{kpi.id}`](#{kpi.id}) | {kpi.title.fa} | {kpi.unit} | {kpi.kind} | {parts} |"


def _part_name(kpi: Kpi, part: Part) -> str:
    return f"<{kpi.each}>" if kpi.each else part.name


def _section(kpi: Kpi) -> Iterator[str]:
    yield from (f"## {kpi.id}", "", f"{kpi.title.en} · {kpi.title.fa}{' · estimated' if kpi.estimated else ''}", "")
    for part in kpi.parts:
        name = _part_name(kpi, part)
        yield f"- {f'`{name}`: ' if name else ''}{_formula(part)} ({part.unit}, {KIND_NAMES[part.kind]})"
    yield ""
    for question, answer in zip(_QUESTIONS, kpi.questions, strict=True):
        yield f"- **{question}** {answer.en}."
    yield f"- **Pitfall:** {kpi.pitfall.en}."
    yield ""
    for question, answer in zip(_FA, kpi.questions, strict=True):
        yield f"- **{question}** {answer.fa}"
    yield f"- **نکته:** {kpi.pitfall.fa}"
    yield from (
        "",
        "```text",
        f"rule   {record_name(kpi)} = {expression(kpi)}",
        f"panel  {panel_query(kpi)}",
        "```",
        "",
    )


def _formula(part: Part) -> str:
    if part.kind == "G":
        return f"(S − S before) / S before, S = {text(part.numerator)}"
    if part.denominator is None:
        return text(part.numerator)
    return f"{text(part.numerator)} / {text(part.denominator)}"
