"""``listener explain``: which rule decided, token by token, for what counts and for what only looks like it."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from listener.campaigns.files import load_campaigns
from listener.filters import PostLine, answer_lines
from processors.match.explaining import Explainer, Explanation, Occurrence

_DECODER: Final = msgspec.json.Decoder(PostLine)
_NOTHING: Final = (
    "No campaign matches, and nothing in the text looks like a keyword.\n"
    "هیچ کمپینی نمی‌خواند و چیزی شبیه کلیدواژه هم در متن نیست."
)


class _Explained(msgspec.Struct):
    id: msgspec.Raw
    campaigns: list[Explanation]


@click.command()
@click.option(
    "--campaigns",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory of campaign files.",
)
@click.option("--text", help="Explain this one text for people, in English and Persian.")
def explain(campaigns: Path, text: str | None) -> None:
    """Why each text matches a campaign or not: {"id", "text"} lines in, {"id", "campaigns"} lines out.

    Of each campaign that matches or comes near: "found" (what counts, by which rule, token by token), "missed" (what
    looks like a keyword, and which rule it breaks) and "because" (what kept the campaign from matching).
    """
    explainer = Explainer(load_campaigns(campaigns))
    if text is not None:
        click.echo(shown(text, explainer.explain(text)))
        return
    answer_lines(
        _DECODER,
        lambda line: _Explained(line.id, explainer.explain(line.text, line.facts())),
        sys.stdin.buffer,
        sys.stdout.buffer,
    )


def shown(text: str, explanations: list[Explanation]) -> str:
    """The explanations as a page of text."""
    if not explanations:
        return _NOTHING
    return "\n\n".join("\n".join(_campaign(text, one)) for one in explanations)


def _campaign(text: str, one: Explanation) -> list[str]:
    verdict = "matches · می‌خواند" if one.matched else "does not match · نمی‌خواند"
    lines = [f"{one.id}: {verdict}"]
    for sign, occurrences in (("+", one.found), ("-", one.missed), ("!", one.because)):
        lines += [line for occurrence in occurrences for line in _lines(text, sign, occurrence)]
    return lines


def _lines(text: str, sign: str, occurrence: Occurrence) -> list[str]:
    where = f" at {occurrence.start}:{occurrence.end}" if occurrence.end else ""
    quoted = f" «{text[occurrence.start : occurrence.end]}»{where}" if occurrence.end else ""
    lines = [
        f"  {sign} {occurrence.keyword or 'query'}{quoted}: {occurrence.rule or occurrence.reason}",
        f"      {occurrence.en}",
        f"      {occurrence.fa}",
    ]
    if occurrence.tokens:
        tokens = (f"[{token.text}]→{token.reads.strip() or '␣'} ({token.role})" for token in occurrence.tokens)
        lines.append("      " + "  ".join(tokens))
    return lines
