"""The reference of campaign files, from the guide that ``listener campaign init`` is made from, too."""

from listener.campaigns.guide import FIELDS, FieldGuide


def campaign_page(note: str) -> str:
    """Every field: type, default, meaning in both languages, example."""
    lines = [
        "# Campaign file",
        "",
        note,
        "YAML, UTF-8, one campaign in a file or a list of them under `campaigns:`. `listener campaign init NAME`",
        "writes one with all of this as comments. How matching works: [campaign files](../howto/campaign-files.md).",
        "",
        "| Field | Type | Default | Meaning | معنی |",
        "|---|---|---|---|---|",
        *map(_row, FIELDS),
        "",
        "## Examples",
        "",
        "```yaml",
        *(f"{field.name}: {field.example}" for field in FIELDS),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _row(field: FieldGuide) -> str:
    default = "**required**" if field.default is None else field.default
    cells = (f"`{field.name}`", field.kind, default, field.meaning, field.meaning_fa)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
